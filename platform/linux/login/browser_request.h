// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// The head of an HTTP request, collected as its octets arrive. It holds the authorisation code, so
/// it is wiped.
class RequestHead {
 public:
  static constexpr std::size_t kMostBytes = 16384;  // Cookies of other servers on this host count.

  enum class State : std::uint8_t { kIncomplete, kComplete, kTooLong };

  /// Where the next octets belong; empty: there is no memory.
  Bytes room();

  /// Takes octets that were put into `room()`.
  State Fill(std::size_t count);

  std::string_view text() const { return AsText(octets_.bytes()); }

 private:
  SecretBuffer octets_;
};

/// The first line of a request to an origin server (RFC 9112 section 3).
struct RequestLine {
  std::string_view method;
  std::string_view path;
  std::string_view query;  ///< Without '?'.
};

/// Reads the first line of a head.
///
/// @param head  Borrowed for the life of the result.
/// @return  Nothing: it is no such line of HTTP/1.
std::optional<RequestLine> ParseRequestLine(std::string_view head);

}  // namespace connect_auth::program
