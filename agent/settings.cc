// SPDX-License-Identifier: Apache-2.0
#include "agent/settings.h"

#include <algorithm>

#include "agent/http/ascii.h"
#include "agent/http/origin.h"
#include "agent/oauth/grant.h"

namespace connect_auth {
namespace {

constexpr Millis kSecond = Millis::Seconds(1);
constexpr Millis kHour = Millis::Seconds(3600);
constexpr Millis kDay = Millis::Seconds(86400);

bool HasColon(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

bool IsWithin(Millis value, Millis least, Millis most) {
  return value >= least && value <= most;
}

Reason CheckServer(const Settings& settings) {
  Origin origin;
  const Reason url = ParseOrigin(settings.url, origin);
  if (url != Reason::kNone) {
    return url;
  }
  if (!IsRequestTarget(settings.token_path)) {
    return Reason::kTokenPathMalformed;
  }
  if (settings.trust.authorities.empty()) {
    return Reason::kNoAuthorities;
  }
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  if (settings.identity.certificates.empty() == settings.identity.has_key()) {
    return Reason::kClientCertificateIncomplete;
  }
#endif
  return ArePinsWellFormed(settings.trust.pins) ? Reason::kNone : Reason::kPinMalformed;
}

Reason CheckClient(const Settings& settings) {
  const std::string_view secret = settings.client_secret.Reveal();
  if (settings.client_id.empty()) {
    return Reason::kClientIdEmpty;
  }
  if (!IsVisible(settings.client_id)) {
    return Reason::kClientIdCharacter;
  }
  if (HasColon(settings.client_id)) {
    return Reason::kClientIdColon;
  }
  if (secret.empty()) {
    return Reason::kClientSecretEmpty;
  }
  if (!IsVisible(secret)) {
    return Reason::kClientSecretCharacter;
  }
  return HasColon(secret) ? Reason::kClientSecretColon : Reason::kNone;
}

Reason CheckGrant(const Settings& settings) {
  if (!settings.password.empty() && !settings.code.empty()) {
    return Reason::kAmbiguousGrant;
  }
  for (const GrantParameter& parameter : StrategyOf(settings.grant).parameters) {
    const std::string_view value = parameter.value(settings, {});
    if (value.empty() && parameter.if_empty != Reason::kNone) {
      return parameter.if_empty;
    }
    if (!parameter.is_well_formed(value)) {
      return parameter.if_malformed;
    }
  }
  return Reason::kNone;
}

Reason CheckLimits(const Settings& settings) {
  const bool times_fit = IsWithin(settings.timeout, kSecond, kHour) &&
                         IsWithin(settings.connect_timeout, kSecond, kHour) &&
                         IsWithin(settings.keep_alive, Millis{0}, Millis{60 * kSecond.count}) &&
                         IsWithin(settings.renewal_margin, Millis{0}, kDay) &&
                         IsWithin(settings.store_gain, Millis{0}, kDay) &&
                         IsWithin(settings.default_lifetime, kSecond, kDay) &&
                         IsWithin(settings.backoff.period, kSecond, kDay) &&
                         IsWithin(settings.backoff.slow_period, kSecond, kDay) &&
                         IsWithin(settings.backoff.boot_spread, Millis{0}, kDay) &&
                         (settings.latch_wait == Millis{0} ||
                          IsWithin(settings.latch_wait, kHour, Millis{30 * kDay.count}));
  if (!times_fit) {
    return Reason::kDurationOutOfRange;
  }
  const std::size_t key_size = settings.record_key.size();
  return key_size == 0 || key_size == Settings::kRecordKeyBytes ? Reason::kNone
                                                                : Reason::kRecordKeySize;
}

}  // namespace

Reason CheckSettings(const Settings& settings) {
  for (const auto check : {CheckServer, CheckClient, CheckGrant, CheckLimits}) {
    const Reason reason = check(settings);
    if (reason != Reason::kNone) {
      return reason;
    }
  }
  return Reason::kNone;
}

}  // namespace connect_auth
