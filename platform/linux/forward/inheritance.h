// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::program {

// What the process of a child sees to first.

/// Sees to it that this process gets the signal when its parent ends. It ends if that is so
/// already.
///
/// @param parent  Which process that is.
void EndWithParent(int signal, int parent);

/// Closes all descriptors but the standard ones and the one that is to stay.
void CloseAllBut(int descriptor);

}  // namespace connect_auth::program
