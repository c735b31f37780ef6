// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/failure.h"
#include "agent/http/response_parser.h"
#include "agent/oauth/json_object.h"
#include "agent/settings.h"
#include "port/bytes.h"

namespace connect_auth {

/// What a successful token response grants (RFC 6749 section 5.1).
struct Granted {
  SecretView access_token;  ///< Borrowed for the life of the JSON object it was read from.
  /// Likewise; empty where the server sent none, or one that is no visible ASCII (RFC 6749 A.17).
  SecretView refresh_token;
  /// expires_in in seconds, rounded down, 0..config::kMaxLifetimeSeconds; the configured default
  /// where the server sent none.
  std::int32_t lifetime_s = 0;
};

/// Judges the answer to a token request.
///
/// | response                       | status                  |
/// |--------------------------------|-------------------------|
/// | 200 with a bearer token        | kOk                     |
/// | 200 with anything else         | kMalformed              |
/// | any 2xx but 200                | kMalformed              |
/// | an `error` member, 3xx, 4xx    | kRejected or kNeedsCode |
/// | 408, 425, 429, 5xx             | kUnavailable            |
/// | JSON too large for `json`      | kBufferTooSmall         |
///
/// With the code grant, invalid_grant and invalid_request mean that the code is of no use any more
/// (SOTI's server is likely to answer a stale code with the latter): kNeedsCode.
///
/// @param response  Complete. Borrowed during the call.
/// @param body      Its content. Borrowed during the call.
/// @param settings  Tells grant and default lifetime, and whose secrets the server's words must
///                  not repeat. Borrowed during the call.
/// @param json      Not yet used; owns what `granted` points at.
/// @param granted   Written only with kOk.
/// @return  Everything known about the failure, or kOk in its `status`.
Failure ReadTokenResponse(const ResponseParser& response, ConstBytes body, const Settings& settings,
                          JsonObject& json, Granted& granted);

}  // namespace connect_auth
