// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "port/result.h"

namespace connect_auth {

/// A span of time in milliseconds.
struct Millis {
  std::int64_t count = 0;

  static constexpr Millis Seconds(std::int64_t seconds) { return Millis{seconds * 1000}; }

  friend constexpr bool operator==(Millis, Millis) = default;
  friend constexpr bool operator<(Millis a, Millis b) { return a.count < b.count; }
  friend constexpr bool operator>(Millis a, Millis b) { return b < a; }
  friend constexpr bool operator<=(Millis a, Millis b) { return !(b < a); }
  friend constexpr bool operator>=(Millis a, Millis b) { return !(a < b); }
  friend constexpr Millis operator+(Millis a, Millis b) { return Millis{a.count + b.count}; }
  friend constexpr Millis operator-(Millis a, Millis b) { return Millis{a.count - b.count}; }
};

/// A moment on the monotonic clock: milliseconds since a start that only this boot knows.
struct Instant {
  std::int64_t millis = 0;

  static constexpr Instant Never() { return Instant{std::numeric_limits<std::int64_t>::max()}; }

  friend constexpr bool operator==(Instant, Instant) = default;
  friend constexpr bool operator<(Instant a, Instant b) { return a.millis < b.millis; }
  friend constexpr bool operator>(Instant a, Instant b) { return b < a; }
  friend constexpr bool operator<=(Instant a, Instant b) { return !(b < a); }
  friend constexpr bool operator>=(Instant a, Instant b) { return !(a < b); }
  /// Ends at the last and first moment there is: `Never()` stays `Never()`, whatever is added.
  /// Not inline, as it is much code for a 32-bit processor.
  [[gnu::noinline]] friend constexpr Instant operator+(Instant at, Millis span) {
    using Limits = std::numeric_limits<std::int64_t>;
    Instant sum;
    if (__builtin_add_overflow(at.millis, span.count, &sum.millis)) {
      return Instant{span.count > 0 ? Limits::max() : Limits::min()};
    }
    return sum;
  }
  friend constexpr Millis operator-(Instant a, Instant b) { return Millis{a.millis - b.millis}; }
};

/// A moment on the wall clock: seconds since 1970-01-01T00:00:00Z, 64 bit.
struct UnixSeconds {
  std::int64_t count = 0;

  friend constexpr bool operator==(UnixSeconds, UnixSeconds) = default;
  friend constexpr bool operator<(UnixSeconds a, UnixSeconds b) { return a.count < b.count; }
  friend constexpr bool operator>(UnixSeconds a, UnixSeconds b) { return b < a; }
  friend constexpr bool operator<=(UnixSeconds a, UnixSeconds b) { return !(b < a); }
  friend constexpr bool operator>=(UnixSeconds a, UnixSeconds b) { return !(a < b); }
};

/// What time it is.
///
/// The platform promises: no call blocks; each may be made at any time, also before the
///                        network is up.
class Clock {
 public:
  /// Time since an arbitrary start in this boot.
  ///
  /// Never runs backwards, never wraps (64 bit), and *counts sleep*: a token grows old while
  /// the device is suspended. A 32-bit tick counter must be extended by the platform.
  virtual Instant Now() const = 0;

  /// The wall clock, where the platform has one that was set.
  ///
  /// Used to judge certificates and tokens stored before a reboot. It may jump.
  ///
  /// @return value         Seconds since 1970.
  /// @return kUnavailable  Unknown: no such clock, or never set since power came on.
  virtual Result<UnixSeconds> WallTime() const = 0;

  /// A number that differs from boot to boot, so that a stored `Instant` is only compared with
  /// `Now()` where both were taken in the same boot.
  ///
  /// @return 0      Not known: no stored `Instant` is comparable.
  /// @return other  The same for the whole of this boot; 64 random bits will do.
  virtual std::uint64_t boot_id() const = 0;

 protected:
  ~Clock() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth
