// SPDX-License-Identifier: Apache-2.0
#include "port/log.h"

#include <cinttypes>

#include <zephyr/logging/log.h>

LOG_MODULE_REGISTER(connect_auth, LOG_LEVEL_DBG);

namespace connect_auth {

extern "C" void connect_auth_write_log(LogLevel level, const char* message, std::int64_t value) {
  switch (level) {
    case LogLevel::kError:
      LOG_ERR("%s: %" PRId64, message, value);
      return;
    case LogLevel::kWarning:
      LOG_WRN("%s: %" PRId64, message, value);
      return;
    case LogLevel::kInfo:
      LOG_INF("%s: %" PRId64, message, value);
      return;
    case LogLevel::kDebug:
      LOG_DBG("%s: %" PRId64, message, value);
      return;
  }
}

}  // namespace connect_auth
