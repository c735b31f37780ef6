// SPDX-License-Identifier: Apache-2.0
#include "port/log.h"

#include <cinttypes>

#include "esp_log.h"

namespace connect_auth {
namespace {

esp_log_level_t LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return ESP_LOG_ERROR;
    case LogLevel::kWarning:
      return ESP_LOG_WARN;
    case LogLevel::kInfo:
      return ESP_LOG_INFO;
    case LogLevel::kDebug:
      break;
  }
  return ESP_LOG_DEBUG;
}

}  // namespace

extern "C" void connect_auth_write_log(LogLevel level, const char* message, std::int64_t value) {
  ESP_LOG_LEVEL(LevelOf(level), "connect-auth", "%s: %" PRId64, message, value);
}

}  // namespace connect_auth
