// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nvs.h"
#include "port/storage.h"

namespace connect_auth::esp_idf {

/// Records as blobs of ESP-IDF's non-volatile storage, which writes a new one before it drops the
/// old one. It wipes nothing by itself: what was erased lies in flash until its page is used again,
/// so encrypt the partition, or rely on the agent's own sealing.
///
/// Not thread-safe; one object at a time uses a namespace.
class NvsStorage final : public Storage {
 public:
  constexpr NvsStorage() = default;
  ~NvsStorage();
  NvsStorage(const NvsStorage&) = delete;
  NvsStorage& operator=(const NvsStorage&) = delete;

  /// Opens the namespace. Until then all calls say kUnavailable.
  ///
  /// @param partition  Initialised by the application (nvs_flash_init_partition, or its secure
  ///                   sister). A partition that does not initialise holds nothing that could not
  ///                   be asked for again: erase it, and initialise it anew.
  /// @param name       Of the namespace: 1..15 characters, NUL-terminated, nobody else's.
  /// @return kOk               Ready.
  /// @return kInvalidArgument  The name is too long.
  /// @return kUnavailable      The partition is not initialised, or has no room.
  Status Open(const char* partition, const char* name);

  IoResult Load(std::string_view name, Bytes into) override;
  Status Store(std::string_view name, ConstBytes record) override;
  Status Erase(std::string_view name) override;
  Status Idle() override { return Status::kOk; }

 private:
  nvs_handle_t handle_ = 0;
  bool is_open_ = false;
};

}  // namespace connect_auth::esp_idf
