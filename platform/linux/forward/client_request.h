// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/http/origin.h"

namespace connect_auth::program {

/// The head of a request that a program sends to be forwarded. All text is borrowed from the head.
struct ClientRequest {
  std::string_view method;
  std::string_view target;  ///< Path and query.
  std::string_view fields;  ///< The header section, for `FieldLines`: without a malformed line.
  std::string_view host;    ///< Of the Host field, a port included; empty: there is none.
  std::uint64_t content_length = 0;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool from_browser = false;  ///< It says so: Origin, Referer, Sec-Fetch-Site.
};

/// Why a request is not forwarded.
struct Refusal {
  std::uint16_t status = 0;
  std::string_view sentence;
};

/// Reads a head. Strict, as there is a server behind it that may read it otherwise (RFC 9112
/// section 11.2): what is not plainly right is refused, never repaired.
///
/// @param head    With the empty line at its end. Borrowed for the life of the result.
/// @param origin  The only one that the target may name.
/// @param into    Complete when nothing is returned.
std::optional<Refusal> ParseClientRequest(std::string_view head, const Origin& origin,
                                          ClientRequest& into);

}  // namespace connect_auth::program
