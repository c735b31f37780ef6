// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/tick_clock.h"

#include "FreeRTOS.h"
#include "platform/freertos/ticks.h"
#include "task.h"

namespace connect_auth::freertos {
namespace {

constexpr unsigned kTickBits = sizeof(TickType_t) * 8;

// Ticks of 16 bits need a count of wraps that is wider: 24 bits in all are over after 5 hours.
static_assert(sizeof(TickType_t) + sizeof(BaseType_t) >= 6, "the wraps of the tick count wrap");

std::uint64_t Ticks() {
  TimeOut_t state;
  vTaskSetTimeOutState(&state);
  std::uint64_t ticks = state.xTimeOnEntering;
  if constexpr (kTickBits < 64) {
    ticks |= std::uint64_t{static_cast<UBaseType_t>(state.xOverflowCount)} << kTickBits;
  }
  return ticks;
}

/// Without a division where the tick is a whole number of milliseconds.
std::int64_t MillisOf(std::uint64_t ticks) {
  constexpr std::uint64_t kRate{kTicksPerSecond};
  if constexpr (1000 % kRate == 0) {
    return static_cast<std::int64_t>(ticks * (1000 / kRate));
  } else {
    return static_cast<std::int64_t>(ticks / kRate * 1000 + ticks % kRate * 1000 / kRate);
  }
}

}  // namespace

Instant TickClock::Now() const {
  return Instant{MillisOf(Ticks())};
}

Result<UnixSeconds> TickClock::WallTime() const {
  taskENTER_CRITICAL();
  const std::int64_t offset = wall_offset_;
  taskEXIT_CRITICAL();
  if (offset == kUnknown) {
    return Status::kUnavailable;
  }
  return UnixSeconds{(offset + Now().millis) / 1000};
}

void TickClock::SetWallTime(UnixSeconds now) {
  const std::int64_t offset = now.count * 1000 - Now().millis;
  taskENTER_CRITICAL();
  wall_offset_ = offset;
  taskEXIT_CRITICAL();
}

}  // namespace connect_auth::freertos
