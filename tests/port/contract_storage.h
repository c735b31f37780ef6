// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/storage.h"
#include "tests/port/contract.h"

namespace connect_auth::contract {

/// How a medium can fail.
enum class Medium : std::uint8_t {
  kHealthy,
  kReadOnly,  ///< Nothing can be written; also what a full medium looks like to `Store`.
  kDead,      ///< Nothing can be read either.
};

/// What the suite needs besides the storage. Hooks that are null skip the tests that need them.
struct StorageFixture {
  Storage* storage = nullptr;
  void* context = nullptr;
  /// Memory for the suite. A little over twice the largest record that the storage takes; with
  /// kMaxRecordBytes + 1 the refusal of a larger one is tested too.
  Bytes scratch;
  /// Largest record that the medium has room for.
  std::size_t largest = 0;
  /// Boots the device: `storage` then points to the same medium, seen afresh.
  void (*reboot)(StorageFixture& fixture) = nullptr;
  /// Makes the medium fail, or heals it. @return false when it cannot be brought to that.
  bool (*set_medium)(void* context, Medium medium) = nullptr;
  /// Sees to it that the next `Idle()` has work for more than one call.
  void (*make_idle_work)(void* context) = nullptr;
};

Suite<22> StorageSuite(StorageFixture& fixture);

}  // namespace connect_auth::contract
