// SPDX-License-Identifier: Apache-2.0
#include "agent/session/wall_clock.h"

namespace connect_auth {

void WallClock::Learn(UnixSeconds date) {
  if (date.count > 0 && date >= least_) {
    date_ = date;
    start_ = platform_.Now();
    boot_ = platform_.boot_id();
    learned_ = true;
  }
}

Result<UnixSeconds> WallClock::WallTime() const {
  const Result<UnixSeconds> platform = PlatformTime();
  if (platform.ok() || !learned_ || boot_ != platform_.boot_id()) {
    return platform;
  }
  return UnixSeconds{date_.count + (platform_.Now() - start_).count / 1000};
}

Result<UnixSeconds> WallClock::PlatformTime() const {
  const Result<UnixSeconds> platform = platform_.WallTime();
  return platform.ok() && platform.value() < least_ ? Result<UnixSeconds>(Status::kUnavailable)
                                                    : platform;
}

}  // namespace connect_auth
