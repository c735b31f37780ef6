// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/clock.h"
#include "port/result.h"

namespace connect_auth {

/// A platform's clock, and the wall time of a verified server where the platform has none.
///
/// The platform's wall clock counts wherever it shows a time that can be: one before `least`, when
/// this program did not exist yet, is that of a clock whose battery is empty.
class WallClock final : public Clock {
 public:
  /// @param platform  Borrowed for the life of this object.
  constexpr explicit WallClock(const Clock& platform) : platform_(platform) {}
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  /// @param least  0: any time can be.
  void SetLeast(UnixSeconds least) { least_ = least; }

  /// @param boot_id  A random number for this start of the agent, within which one moment can be
  ///                 compared with another whatever the platform knows. 0: they cannot.
  void SetStandIn(std::uint64_t boot_id) { stand_in_ = boot_id; }

  /// Takes the time from a response of a server that was verified (`Date`, RFC 9110 section 6.6.1).
  ///
  /// @param date  0, or before what can be: it is not taken.
  void Learn(UnixSeconds date);

  Instant Now() const override { return platform_.Now(); }
  Result<UnixSeconds> WallTime() const override;
  /// The platform's; where it does not know its boots apart, what stands in for it.
  std::uint64_t boot_id() const override {
    return platform_.boot_id() != 0 ? platform_.boot_id() : stand_in_;
  }

  /// Whether `WallTime()` is a server's.
  bool is_learned() const { return WallTime().ok() && !PlatformTime().ok(); }

 private:
  Result<UnixSeconds> PlatformTime() const;

  const Clock& platform_;
  UnixSeconds least_;
  Instant start_;  // the moment of `date_` on the monotonic clock
  UnixSeconds date_;
  std::uint64_t boot_ = 0;  // in which it was learned
  std::uint64_t stand_in_ = 0;
  bool learned_ = false;
};

}  // namespace connect_auth
