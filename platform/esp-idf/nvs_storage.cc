// SPDX-License-Identifier: Apache-2.0
#include "platform/esp-idf/nvs_storage.h"

#include <array>
#include <cstddef>

namespace connect_auth::esp_idf {
namespace {

/// A record's name with its NUL: the agent's have one, those of tests may not.
class Key {
 public:
  explicit Key(std::string_view name) { CopyBytes(AsBytes(name), octets_); }
  const char* text() const { return AsText(octets_).data(); }

 private:
  static_assert(Storage::kMaxNameBytes < NVS_KEY_NAME_MAX_SIZE);
  std::array<std::uint8_t, NVS_KEY_NAME_MAX_SIZE> octets_{};
};

}  // namespace

NvsStorage::~NvsStorage() {
  if (is_open_) {
    ::nvs_close(handle_);
  }
}

Status NvsStorage::Open(const char* partition, const char* name) {
  if (is_open_) {
    ::nvs_close(handle_);
  }
  const esp_err_t error = ::nvs_open_from_partition(partition, name, NVS_READWRITE, &handle_);
  is_open_ = error == ESP_OK;
  return is_open_                            ? Status::kOk
         : error == ESP_ERR_NVS_INVALID_NAME ? Status::kInvalidArgument
                                             : Status::kUnavailable;
}

IoResult NvsStorage::Load(std::string_view name, Bytes into) {
  if (!IsRecordName(name)) {
    return IoResult::Error(Status::kInvalidArgument);
  }
  if (!is_open_) {
    return IoResult::Error(Status::kUnavailable);
  }
  std::size_t size = into.size();
  switch (::nvs_get_blob(handle_, Key(name).text(), into.data(), &size)) {
    case ESP_OK:
      return IoResult::Bytes(size);
    case ESP_ERR_NVS_NOT_FOUND:
      return IoResult::Error(Status::kNotFound);
    case ESP_ERR_NVS_INVALID_LENGTH:
      return IoResult::Error(Status::kBufferTooSmall);
    default:
      return IoResult::Error(Status::kUnavailable);
  }
}

Status NvsStorage::Store(std::string_view name, ConstBytes record) {
  if (!IsRecordName(name) || record.size() > kMaxRecordBytes) {
    return Status::kInvalidArgument;
  }
  const bool is_stored =
      is_open_ &&
      ::nvs_set_blob(handle_, Key(name).text(), record.data(), record.size()) == ESP_OK &&
      ::nvs_commit(handle_) == ESP_OK;
  return is_stored ? Status::kOk : Status::kUnavailable;
}

Status NvsStorage::Erase(std::string_view name) {
  if (!IsRecordName(name)) {
    return Status::kInvalidArgument;
  }
  if (!is_open_) {
    return Status::kUnavailable;
  }
  const esp_err_t error = ::nvs_erase_key(handle_, Key(name).text());
  const bool is_gone =
      error == ESP_ERR_NVS_NOT_FOUND || (error == ESP_OK && ::nvs_commit(handle_) == ESP_OK);
  return is_gone ? Status::kOk : Status::kUnavailable;
}

}  // namespace connect_auth::esp_idf
