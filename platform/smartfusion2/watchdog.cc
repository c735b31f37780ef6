// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/watchdog.h"

#include <cstdint>

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {

void KickWatchdog() {
  constexpr std::uint32_t kRefresh = 0x0C;
  constexpr std::uint32_t kRefreshKey = 0xAC15DE42;
  Register(kWatchdog, kRefresh) = kRefreshKey;
}

}  // namespace connect_auth::smartfusion2
