// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace connect_auth::program {

/// Where the authorize page sends the browser (RFC 6749 section 3.1.2), in its parts.
struct RedirectUri {
  std::string_view scheme;
  std::string_view host;   ///< An IPv6 address is in brackets.
  std::uint16_t port = 0;  ///< That of http or https where none is named; else 0.
  std::string_view path;   ///< "/" where there is none.
  std::string_view query;  ///< Without '?'.
};

/// Reads `SCHEME://HOST[:PORT][/PATH][?QUERY][#FRAGMENT]`; the fragment is dropped.
///
/// @param text  Borrowed for the life of the result.
/// @return  Nothing: it is something else, holds user info, blanks, or more than visible ASCII.
std::optional<RedirectUri> ParseRedirectUri(std::string_view text);

/// Whether both are one place: all but their queries.
bool IsSamePlace(const RedirectUri& one, const RedirectUri& other);

/// Whether it is a place of http on this machine (RFC 8252 section 7.3): 127.0.0.1, [::1] or
/// localhost.
bool IsLoopback(const RedirectUri& uri);

}  // namespace connect_auth::program
