// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/entropy.h"
#include "tests/port/contract.h"

namespace connect_auth::contract {

/// What the suite needs besides the source. Hooks that are null skip the tests that need them.
struct EntropyFixture {
  Entropy* entropy = nullptr;
  void* context = nullptr;
  /// Makes the source dry up, or flow again.
  void (*set_failing)(void* context, bool failing) = nullptr;
};

Suite<5> EntropySuite(EntropyFixture& fixture);

}  // namespace connect_auth::contract
