// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_response.h"

#include <algorithm>
#include <array>

#include "agent/config.h"
#include "agent/http/ascii.h"
#include "agent/oauth/grant.h"
#include "agent/oauth/peer_words.h"
#include "agent/oauth/token.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

using Kind = JsonObject::Kind;

constexpr std::uint16_t kOkStatus = 200;

struct NamedError {
  std::string_view name;
  OAuthError error;
};

// No std::array of deduced type: GCC 12 would keep that in RAM.
constexpr NamedError kErrors[] = {
    NamedError{"invalid_request", OAuthError::kInvalidRequest},
    NamedError{"invalid_client", OAuthError::kInvalidClient},
    NamedError{"invalid_grant", OAuthError::kInvalidGrant},
    NamedError{"unauthorized_client", OAuthError::kUnauthorizedClient},
    NamedError{"unsupported_grant_type", OAuthError::kUnsupportedGrantType},
    NamedError{"invalid_scope", OAuthError::kInvalidScope},
    NamedError{"server_error", OAuthError::kTemporary},
    NamedError{"temporarily_unavailable", OAuthError::kTemporary},
};

/// Some servers write out the members they have no value for.
bool IsAbsent(const JsonObject::Member& member) {
  return member.kind == Kind::kAbsent || member.kind == Kind::kNull;
}

OAuthError ToOAuthError(const JsonObject::Member& member) {
  if (IsAbsent(member)) {
    return OAuthError::kNone;
  }
  for (const NamedError& known : kErrors) {
    if (member.text == known.name) {
      return known.error;
    }
  }
  return OAuthError::kOther;
}

bool IsTransient(std::uint16_t status) {
  constexpr std::uint16_t kRequestTimeout = 408;
  constexpr std::uint16_t kTooEarly = 425;
  constexpr std::uint16_t kTooManyRequests = 429;
  return status >= 500 || status == kRequestTimeout || status == kTooEarly ||
         status == kTooManyRequests;
}

bool IsWrongPath(std::uint16_t status) {
  constexpr std::uint16_t kNotFound = 404;
  constexpr std::uint16_t kMethodNotAllowed = 405;
  constexpr std::uint16_t kGone = 410;
  return status == kNotFound || status == kMethodNotAllowed || status == kGone;
}

void Set(Failure& failure, Status status, Reason reason) {
  failure.status = status;
  failure.reason = reason;
}

/// What an `error` member, or a 4xx without one, means for the caller.
void SetRefused(Failure& failure, const Settings& settings) {
  if (failure.oauth_error == OAuthError::kTemporary) {
    return Set(failure, Status::kUnavailable, Reason::kBusy);
  }
  const bool about_the_grant = failure.oauth_error == OAuthError::kInvalidGrant ||
                               failure.oauth_error == OAuthError::kInvalidRequest;
  if (StrategyOf(settings.grant).works_once && about_the_grant) {
    return Set(failure, Status::kNeedsCode, Reason::kCodeRefused);
  }
  Set(failure, Status::kRejected, Reason::kRefused);
}

/// Keeps what the server says for a person: RFC 6749's error_description or else `error`, or
/// SOTI's ErrorMessage.
void KeepPeerWords(const JsonObject& json, const Settings& settings, Failure& failure) {
  for (const std::string_view name : {"error_description"sv, "ErrorMessage"sv, "error"sv}) {
    const JsonObject::Member member = json.Find(name);
    if (member.kind == Kind::kString && !member.text.empty()) {
      failure.peer_text.Assign(RepeatsSecret(member.text, settings) ? kWithheld : member.text);
      return;
    }
  }
}

/// @return seconds; < 0: not a lifetime
std::int32_t ReadLifetime(const JsonObject::Member& member, const Settings& settings) {
  std::uint64_t seconds = 0;
  switch (member.kind) {
    case Kind::kAbsent:
    case Kind::kNull:
      return static_cast<std::int32_t>(settings.default_lifetime.count / 1000);
    case Kind::kNumber:
      return std::min(member.number, config::kMaxLifetimeSeconds);
    case Kind::kString:  // Some servers quote the number.
      break;
    case Kind::kTwice:
    case Kind::kOther:
      return -1;
  }
  constexpr std::uint64_t kMost{config::kMaxLifetimeSeconds};
  return ReadDecimal(member.text, seconds) ? static_cast<std::int32_t>(std::min(seconds, kMost))
                                           : -1;
}

void ReadGranted(const JsonObject& json, const Settings& settings, Failure& failure,
                 Granted& granted) {
  const JsonObject::Member token = json.Find("access_token"sv);
  const JsonObject::Member type = json.Find("token_type"sv);
  const std::int32_t lifetime_s = ReadLifetime(json.Find("expires_in"sv), settings);
  if (token.kind != Kind::kString || token.text.empty()) {
    return Set(failure, Status::kMalformed, Reason::kTokenMissing);
  }
  if (!IsTokenText(token.text)) {
    return Set(failure, Status::kMalformed, Reason::kTokenCharacter);
  }
  if (type.kind != Kind::kString || !EqualsIgnoringCase(type.text, "bearer"sv)) {
    return Set(failure, Status::kMalformed, Reason::kTokenType);
  }
  if (lifetime_s < 0) {
    return Set(failure, Status::kMalformed, Reason::kExpiresIn);
  }
  granted.access_token = SecretView(token.text);
  granted.lifetime_s = lifetime_s;
  const JsonObject::Member refresh = json.Find("refresh_token"sv);
  const bool usable = refresh.kind == Kind::kString && IsTokenText(refresh.text);
  granted.refresh_token = usable ? SecretView(refresh.text) : SecretView();
}

/// 200: a token, unless an `error` member says otherwise (it wins, also over a token).
void ReadSuccess(ConstBytes body, const Settings& settings, JsonObject& json, Failure& failure,
                 Granted& granted) {
  const Status parsed = json.Parse(body);
  if (parsed != Status::kOk) {
    return Set(failure, parsed,
               parsed == Status::kMalformed ? Reason::kNotJson : Reason::kJsonTooLarge);
  }
  failure.oauth_error = ToOAuthError(json.Find("error"sv));
  if (failure.oauth_error == OAuthError::kNone) {
    return ReadGranted(json, settings, failure, granted);
  }
  KeepPeerWords(json, settings, failure);
  SetRefused(failure, settings);
}

/// 4xx: refused, whatever the body says; if it is JSON it may say why.
void ReadRefusal(ConstBytes body, const Settings& settings, JsonObject& json, Failure& failure) {
  if (json.Parse(body) == Status::kOk) {
    failure.oauth_error = ToOAuthError(json.Find("error"sv));
    KeepPeerWords(json, settings, failure);
  }
  if (IsWrongPath(failure.http_status) && failure.oauth_error == OAuthError::kNone) {
    return Set(failure, Status::kRejected, Reason::kWrongPath);
  }
  SetRefused(failure, settings);
}

}  // namespace

Failure ReadTokenResponse(const ResponseParser& response, ConstBytes body, const Settings& settings,
                          JsonObject& json, Granted& granted) {
  Failure failure;
  failure.http_status = response.status();
  failure.retry_after_s = response.retry_after_s();
  if (response.status() == kOkStatus) {
    ReadSuccess(body, settings, json, failure, granted);
  } else if (response.status() < 300) {
    Set(failure, Status::kMalformed, Reason::kUnexpectedStatus);
  } else if (response.status() < 400) {
    const std::string_view location = response.location().view();
    failure.peer_text.Assign(RepeatsSecret(location, settings) ? kWithheld
                                                               : RedirectTarget(location));
    Set(failure, Status::kRejected, Reason::kRedirected);
  } else if (IsTransient(response.status())) {
    Set(failure, Status::kUnavailable, Reason::kBusy);
  } else {
    ReadRefusal(body, settings, json, failure);
  }
  return failure;
}

}  // namespace connect_auth
