// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// @def CONNECT_AUTH_LOG_LEVEL
/// Most verbose level compiled in: 0 none, 1 error, 2 warning, 3 info, 4 debug.
/// Flash cost of 4: the message texts, about 1 KB. With 0 nothing is left.
#ifndef CONNECT_AUTH_LOG_LEVEL
#define CONNECT_AUTH_LOG_LEVEL 0
#endif  // CONNECT_AUTH_LOG_LEVEL

namespace connect_auth {

enum class LogLevel : std::uint8_t { kError = 1, kWarning, kInfo, kDebug };

/// Writes one line somewhere a person can read it. The platform defines it, in C++ or, as in
/// agent/c_api.h, in C.
///
/// The agent promises: only string literals and integers come through here, so no
///                     secret can: there is no way to pass one.
///
/// @param message  NUL-terminated literal.
/// @param value    What the message says it is; 0, and not worth printing, where it says nothing.
extern "C" void connect_auth_write_log(LogLevel level, const char* message, std::int64_t value);

}  // namespace connect_auth

/// `message` must be a literal: the empty string in front refuses anything else.
#define CONNECT_AUTH_LOG(level, message, value)                                                  \
  do {                                                                                           \
    if constexpr (static_cast<int>(::connect_auth::LogLevel::level) <= CONNECT_AUTH_LOG_LEVEL) { \
      ::connect_auth::connect_auth_write_log(::connect_auth::LogLevel::level, "" message,        \
                                             static_cast<std::int64_t>(value));                  \
    }                                                                                            \
  } while (false)
