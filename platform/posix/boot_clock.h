// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "port/clock.h"

namespace connect_auth::posix {

/// The clocks of the kernel. Where it has none that counts sleep (other than Linux), the plain
/// monotonic clock stands in, and a token seems younger by the time spent asleep.
class BootClock final : public Clock {
 public:
  constexpr BootClock() = default;

  Instant Now() const override;
  Result<UnixSeconds> WallTime() const override;

  /// Read from /proc/sys/kernel/random/boot_id once in a process, which does not outlive its boot;
  /// 0 where that does not exist.
  std::uint64_t boot_id() const override;
};

/// Tells a clock that was set from one that started anywhere: a device without a battery-backed
/// clock wakes in 1970, or on the day its file system was made.
///
/// @return value         `seconds`, when in 2024 or later.
/// @return kUnavailable  Earlier than this code was written: never set.
Result<UnixSeconds> IfPlausible(UnixSeconds seconds);

/// The first 64 bits of a UUID in its usual form ("f81d4fae-7dec-..."); 0 when it has fewer.
std::uint64_t FirstBitsOfUuid(std::string_view uuid);

}  // namespace connect_auth::posix
