// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "port/clock.h"

namespace connect_auth::freertos {

/// The kernel's tick count, in 64 bits.
///
/// A 32-bit count of milliseconds wraps after 49 days. The kernel counts how often it did, for its
/// own time-outs, and tells both numbers in one critical section (`vTaskSetTimeOutState`). So
/// nothing is kept here that would have to be brought up to date: the clock may be left alone for
/// years, and any number of tasks may read it.
///
/// Sleep counts as far as the kernel is told of it. Tickless idle does so by itself
/// (`vTaskStepTick`); who stops the tick by other means gives it back with `xTaskCatchUpTicks`.
/// Both go through the kernel's own counting of wraps.
///
/// To be called from tasks and before the scheduler runs, not from interrupts.
class TickClock final : public Clock {
 public:
  /// @param boot_id  As of `boot_id()`, for example 64 bits of the board's `Entropy`; or 0.
  constexpr explicit TickClock(std::uint64_t boot_id = 0) : boot_id_(boot_id) {}
  TickClock(const TickClock&) = delete;
  TickClock& operator=(const TickClock&) = delete;

  Instant Now() const override;
  Result<UnixSeconds> WallTime() const override;
  std::uint64_t boot_id() const override { return boot_id_; }

  /// Says what time it is: for SNTP, a battery-backed clock, a person. From any task, as often as
  /// it is known anew; in between the ticks go on from there.
  void SetWallTime(UnixSeconds now);

 private:
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

  std::uint64_t boot_id_;
  std::int64_t wall_offset_ = kUnknown;  // Milliseconds of the wall clock when Now() was 0.
};

}  // namespace connect_auth::freertos
