// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <zephyr/kernel.h>

#include "port/clock.h"

namespace connect_auth::zephyr {

/// The kernel's uptime, 64 bits of milliseconds; it counts what the system timer counts while the
/// processor sleeps. Not thread-safe: `SetWallTime()` is for the thread that polls the agent.
class UptimeClock final : public Clock {
 public:
  /// @param boot_id  As of `boot_id()`, for example 64 bits of `CsrandEntropy`; or 0.
  constexpr explicit UptimeClock(std::uint64_t boot_id = 0) : boot_id_(boot_id) {}
  UptimeClock(const UptimeClock&) = delete;
  UptimeClock& operator=(const UptimeClock&) = delete;

  Instant Now() const override { return Instant{::k_uptime_get()}; }

  Result<UnixSeconds> WallTime() const override {
    return is_set_ ? Result<UnixSeconds>(UnixSeconds{start_.count + Now().millis / 1000})
                   : Result<UnixSeconds>(Status::kUnavailable);
  }

  std::uint64_t boot_id() const override { return boot_id_; }

  /// Says what time it is: for SNTP, a battery-backed clock. `known` false: nobody knows any more.
  void SetWallTime(bool known, UnixSeconds now) {
    start_ = UnixSeconds{now.count - Now().millis / 1000};
    is_set_ = known;
  }

 private:
  std::uint64_t boot_id_;
  UnixSeconds start_;  // What time it was when the uptime was 0.
  bool is_set_ = false;
};

}  // namespace connect_auth::zephyr
