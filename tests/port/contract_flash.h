// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/flash.h"
#include "tests/port/contract.h"

namespace connect_auth::contract {

/// What the suite needs besides the flash, whose contents it destroys. Hooks that are null skip
/// the tests that need them.
struct FlashFixture {
  Flash* flash = nullptr;
  void* context = nullptr;
  /// Makes the part stop answering, or answer again.
  void (*set_broken)(void* context, bool broken) = nullptr;
  /// Boots the device: `flash` then points to the same medium, seen afresh.
  void (*reboot)(FlashFixture& fixture) = nullptr;
};

Suite<15> FlashSuite(FlashFixture& fixture);

}  // namespace connect_auth::contract
