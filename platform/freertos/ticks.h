// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "FreeRTOS.h"
#include "port/clock.h"

namespace connect_auth::freertos {

/// The kernel's ticks in a second, at least 1.
inline constexpr std::int64_t kTicksPerSecond{configTICK_RATE_HZ};

/// The longest a task is sent to sleep for. One less than what means "for ever" to the kernel, so
/// that who waits for a moment far away looks at the clock again.
inline constexpr TickType_t kLongestSleep = portMAX_DELAY - 1;

/// How many ticks to wait so that `span` has passed for sure: the first tick may be due already.
///
/// @return 0                 `span` is not positive.
/// @return 1..kLongestSleep  The last of these also for all that is longer.
constexpr TickType_t TicksFor(Millis span) {
  if (span <= Millis{0}) {
    return 0;
  }
  constexpr std::int64_t kMost{kLongestSleep};
  if (span.count / 1000 >= kMost / kTicksPerSecond) {
    return kLongestSleep;
  }
  const std::int64_t ticks = (span.count * kTicksPerSecond + 999) / 1000 + 1;
  return static_cast<TickType_t>(ticks < kMost ? ticks : kMost);
}

}  // namespace connect_auth::freertos
