// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"
#include "tests/port/contract.h"

namespace connect_auth::contract {

/// What the suite needs besides the clock. Hooks that are null skip the tests that need them.
struct ClockFixture {
  Clock* clock = nullptr;
  void* context = nullptr;
  /// Lets `span` pass: really, or on a fake.
  void (*pass)(void* context, Millis span) = nullptr;
  /// Sets the wall clock, or takes it back to never having been set.
  void (*set_wall_time)(void* context, bool known, UnixSeconds time) = nullptr;
  /// Boots the device, so that boot_id() changes.
  void (*reboot)(void* context) = nullptr;
  bool knows_boots = true;
};

Suite<6> ClockSuite(ClockFixture& fixture);

}  // namespace connect_auth::contract
