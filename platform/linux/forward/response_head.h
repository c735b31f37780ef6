// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace connect_auth::program {

/// The head of the server's answer, as a program that asked over HTTP/1.1 or 1.0 gets it.
struct ResponseHead {
  /// How the program finds the end of the content.
  enum class Framing : std::uint8_t {
    kNone,     ///< There is no content.
    kLength,   ///< It was told how much there is.
    kChunked,  ///< RFC 9112 section 7.1
    kClose,    ///< The connection ends with it: HTTP/1.0, or nothing better.
  };

  std::string text;
  Framing framing = Framing::kNone;
};

/// What a response depends on besides the server's.
struct AskedWith {
  bool is_head = false;  ///< The method HEAD.
  bool http_1_0 = false;
};

/// Takes over all fields but those of the connection to the server.
///
/// @param heads  As `ResponseParser` accepted them: of interim responses, then of the final one.
/// @return  Nothing: the end is missing.
std::optional<ResponseHead> ForwardedHead(std::string_view heads, const AskedWith& asked);

}  // namespace connect_auth::program
