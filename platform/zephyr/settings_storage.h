// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/storage.h"

namespace connect_auth::zephyr {

/// Records as values of Zephyr's settings subsystem, below one subtree. Its back end (NVS, with
/// CONFIG_NVS_DATA_CRC) writes a new value before it drops the old one. It wipes nothing by itself:
/// what was erased lies in flash until its sector is used again.
///
/// An empty value means none there, so an octet stands in front of each.
///
/// Not thread-safe; one object at a time uses a subtree.
class SettingsStorage final : public Storage {
 public:
  /// @param subtree  1..15 characters, NUL-terminated, nobody else's. Borrowed for the life of this
  ///                 object.
  /// @param room     One octet more than the largest record; a larger one is kUnavailable to
  ///                 `Store`. Borrowed likewise.
  constexpr SettingsStorage(const char* subtree, Bytes room) : subtree_(subtree), room_(room) {}
  SettingsStorage(const SettingsStorage&) = delete;
  SettingsStorage& operator=(const SettingsStorage&) = delete;

  IoResult Load(std::string_view name, Bytes into) override;
  Status Store(std::string_view name, ConstBytes record) override;
  Status Erase(std::string_view name) override;
  Status Idle() override { return Status::kOk; }

 private:
  const char* subtree_;
  Bytes room_;
};

}  // namespace connect_auth::zephyr
