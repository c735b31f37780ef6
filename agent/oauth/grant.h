// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "agent/failure.h"
#include "agent/secret.h"
#include "agent/settings.h"

namespace connect_auth {

/// A parameter of a token request besides grant_type, and what is asked of its value.
struct GrantParameter {
  std::string_view front;  ///< '&', its name, '='.
  /// Secrets are passed as references, which makes each of these half as long on Cortex-M.
  std::string_view (*value)(const Settings& settings, const SecretView& refresh_token);
  bool (*is_well_formed)(std::string_view value);
  Reason if_malformed;
  Reason if_empty = Reason::kNone;  ///< kNone: it may be, and is not sent then.
};

/// One way to ask for a token (RFC 6749 section 1.3), and all that sets it apart from the others:
/// README.md tells how another one is added.
struct GrantStrategy {
  std::string_view type;  ///< The value of grant_type.
  std::span<const GrantParameter> parameters;
  /// Whether the token is `Settings::username`'s, so that none of another user will do.
  bool is_for_user = false;
  /// Whether `Settings::code` is sent, which works once and comes from a person: it is marked as
  /// spent before, and without another one nothing more is asked for.
  bool works_once = false;
};

/// Of a grant that can be configured.
const GrantStrategy& StrategyOf(Grant grant);

/// RFC 6749 section 6. Is not configured: whichever grant brought a refresh token, the next token
/// is asked for with that.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): it is a constant expression.
extern const GrantStrategy kRefreshTokenGrant;

}  // namespace connect_auth
