// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Resets processor and peripherals. The eSRAM keeps its contents.
[[noreturn]] void Reset();

/// The end of an image that has one, as tests do: says `EXIT status` on the console, then resets.
[[noreturn]] void Exit(int status);

}  // namespace connect_auth::smartfusion2
