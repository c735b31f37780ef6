// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/clock.h"

namespace connect_auth::smartfusion2 {

/// The monotonic clock: SysTick interrupts a thousand times in a second, also while the processor
/// sleeps (WFI).
///
/// The board has no battery for a clock, so the time of day is unknown unless somebody says it.
class SystickClock final : public Clock {
 public:
  /// Of the processor: the resolution of `Ticks()`.
  static constexpr std::uint32_t kTicksPerSecond = 142'000'000;

  /// Starts SysTick. One object at a time.
  void Start();

  /// Says what time of day it was at `Start()`.
  void SetStartTime(UnixSeconds start) { start_ = start; }

  Instant Now() const override;
  Result<UnixSeconds> WallTime() const override;
  /// Nothing tells boots apart.
  std::uint64_t boot_id() const override { return 0; }

  /// Ticks of the processor's clock since `Start()`. Never runs backwards, also while interrupts
  /// are masked, if for less than a millisecond.
  std::uint64_t Ticks() const;

 private:
  UnixSeconds start_;  // 0: unknown
};

/// Counts a millisecond.
void HandleSystick();

}  // namespace connect_auth::smartfusion2
