// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "port/clock.h"

namespace connect_auth::fake {

/// A clock that moves only when a test says so.
class FakeClock final : public Clock {
 public:
  constexpr FakeClock() = default;
  constexpr explicit FakeClock(Instant now) : now_(now.millis) {}

  Instant Now() const override {
    now_ += reading_takes_.count;
    return Instant{now_};
  }
  Result<UnixSeconds> WallTime() const override {
    if (!wall_known_) {
      return Status::kUnavailable;
    }
    return UnixSeconds{(wall_at_start_ + now_) / 1000};
  }
  std::uint64_t boot_id() const override { return boot_id_; }

  /// Lets time pass on both clocks. Never backwards.
  void Advance(Millis span) { now_ += span.count; }

  /// From now on time passes with each look at the monotonic clock, as on a slow device.
  void SetReadingTakes(Millis span) { reading_takes_ = span; }

  /// From now on the wall clock is known, and keeps step with `Advance()`.
  void SetWallTime(UnixSeconds time) {
    wall_at_start_ = time.count * 1000 - now_;
    wall_known_ = true;
  }
  void ForgetWallTime() { wall_known_ = false; }

  /// Starts another boot: the monotonic clock begins anew, the wall clock is not known.
  ///
  /// @param boot_id  0 for a platform that does not know its boots apart.
  void Reboot(std::uint64_t boot_id) {
    now_ = 0;
    wall_known_ = false;
    boot_id_ = boot_id;
  }

 private:
  mutable std::int64_t now_ = 0;
  Millis reading_takes_{0};
  std::int64_t wall_at_start_ = 0;  // Milliseconds since 1970 at which now_ was 0.
  std::uint64_t boot_id_ = 1;
  bool wall_known_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeClock>);

}  // namespace connect_auth::fake
