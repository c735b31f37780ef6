// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Resets processor and peripherals. The eSRAM keeps its contents.
[[noreturn]] void Reset();

}  // namespace connect_auth::smartfusion2
