// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::program {

/// Makes the process a safe place for secrets: no core dump, no debugger of the same user, no
/// file that takes the place of a closed standard stream, no death by a closed pipe.
void ProtectProcess();

/// Keeps the thread that looks names up from getting a heap of its own.
void ShareHeap();

}  // namespace connect_auth::program
