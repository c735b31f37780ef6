// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/failure.h"

namespace connect_auth {

/// An https server (RFC 9110 section 4.3.1): where credentials may go, and nowhere else.
struct Origin {
  std::string_view host;  ///< Without brackets.
  std::uint16_t port = 0;
  bool is_ipv6 = false;  ///< `host` goes into brackets in the Host field.
};

inline constexpr std::uint16_t kHttpsPort = 443;

/// Reads `https://host[:port][/]`. Refuses user info, a path, a query, a fragment, blanks, control
/// characters, non-ASCII, an empty host and port 0.
///
/// @param into  Its host points into `url`. Written only when kNone is returned.
/// @return kNone, kUrlNotHttps, kUrlHasPath or kUrlMalformed
Reason ParseOrigin(std::string_view url, Origin& into);

/// Whether `target` may stand in a request line: begins with '/', holds only visible ASCII, and no
/// fragment (RFC 9112 section 3.2.1).
bool IsRequestTarget(std::string_view target);

}  // namespace connect_auth
