// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/esp-idf/stand_in/stand_in.h"

#include <sys/random.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "esp_log.h"
#include "esp_random.h"
#include "nvs.h"

char stand_in_log[128];

namespace {

using connect_auth::contract::Medium;

constexpr nvs_handle_t kHandle = 7;

Medium medium = Medium::kHealthy;
std::map<std::string, std::vector<char>> blobs;

esp_err_t Check(nvs_handle_t handle, const char* key) {
  if (handle != kHandle) {
    return ESP_ERR_NVS_INVALID_HANDLE;
  }
  if (std::strlen(key) >= NVS_KEY_NAME_MAX_SIZE) {
    return ESP_ERR_NVS_INVALID_NAME;
  }
  return medium == Medium::kDead ? ESP_ERR_NVS_NOT_INITIALIZED : ESP_OK;
}

}  // namespace

void connect_auth::tests::SetNvs(Medium state) {
  medium = state;
}

esp_err_t nvs_open_from_partition(const char* part_name, const char* namespace_name,
                                  nvs_open_mode_t open_mode, nvs_handle_t* out_handle) {
  if (std::strcmp(part_name, "nvs") != 0 || open_mode != NVS_READWRITE) {
    return ESP_ERR_NVS_NOT_INITIALIZED;
  }
  *out_handle = kHandle;
  return Check(kHandle, namespace_name);
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char* key, void* out_value, size_t* length) {
  const esp_err_t error = Check(handle, key);
  const auto found = blobs.find(key);
  if (error != ESP_OK || found == blobs.end()) {
    return error != ESP_OK ? error : ESP_ERR_NVS_NOT_FOUND;
  }
  const std::vector<char>& blob = found->second;
  const bool fits = *length >= blob.size();
  *length = blob.size();
  if (fits && !blob.empty()) {
    std::memcpy(out_value, blob.data(), blob.size());
  }
  return fits ? ESP_OK : ESP_ERR_NVS_INVALID_LENGTH;
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char* key, const void* value, size_t length) {
  const esp_err_t error = Check(handle, key);
  if (error != ESP_OK || medium != Medium::kHealthy) {
    return error != ESP_OK ? error : ESP_ERR_NVS_NOT_ENOUGH_SPACE;
  }
  const char* const octets = static_cast<const char*>(value);
  blobs[key] = length == 0 ? std::vector<char>() : std::vector<char>(octets, octets + length);
  return ESP_OK;
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char* key) {
  const esp_err_t error = Check(handle, key);
  if (error != ESP_OK || medium != Medium::kHealthy) {
    return error != ESP_OK ? error : ESP_ERR_NVS_READ_ONLY;
  }
  return blobs.erase(key) == 1 ? ESP_OK : ESP_ERR_NVS_NOT_FOUND;
}

esp_err_t nvs_commit(nvs_handle_t handle) {
  return handle == kHandle ? ESP_OK : ESP_ERR_NVS_INVALID_HANDLE;
}

void nvs_close(nvs_handle_t /*handle*/) {}

void esp_fill_random(void* buf, size_t len) {
  static_cast<void>(!::getentropy(buf, len));
}
