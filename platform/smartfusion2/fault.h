// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Sends each kind of fault to a handler of its own priority, division by zero included, so that
/// one in a handler is still reported.
void EnableFaults();

/// Reports a fault, or an interrupt that nobody handles, on the console, and resets: what the
/// processor was doing, where and why, and never a word of memory, which may hold secrets.
void HandleFault();

}  // namespace connect_auth::smartfusion2
