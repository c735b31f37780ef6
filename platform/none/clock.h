// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then make this class tell
// the time. It may stay as it is until last: nothing but expiry and deadlines depends on it.
#pragma once

#include <cstdint>

#include "port/clock.h"

namespace connect_auth::none {

/// A clock that stands still and knows neither the date nor the boot.
class NoClock final : public Clock {
 public:
  constexpr NoClock() = default;

  Instant Now() const override { return Instant{}; }
  Result<UnixSeconds> WallTime() const override { return Status::kUnavailable; }
  std::uint64_t boot_id() const override { return 0; }
};

}  // namespace connect_auth::none
