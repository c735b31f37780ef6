// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/config.h"
#include "agent/failure.h"
#include "agent/secret.h"
#include "agent/session/backoff.h"
#include "agent/session/latch_timer.h"
#include "agent/tls/identity.h"
#include "agent/tls/tls_connection.h"
#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth {

/// How client id and secret go into `Authorization: Basic`. Only one form is ever tried: a second
/// attempt would count as a second failed login.
enum class AuthEncoding : std::uint8_t {
  kPlain,  ///< As they are (RFC 7617, and SOTI's page).
  kForm,   ///< Form-encoded first (RFC 6749 section 2.3.1).
};

/// What a token is asked for with; oauth/grant.h has what sets them apart. Stored as numbers, so a
/// new one comes last.
enum class Grant : std::uint8_t {
  kPassword,           ///< RFC 6749 section 4.3
  kAuthorizationCode,  ///< RFC 6749 section 4.1.3
  kClientCredentials,  ///< RFC 6749 section 4.4.2
};

/// Who asks which server for a token, and on what terms.
///
/// Everything here is borrowed for as long as the agent uses the settings.
struct Settings {
  static constexpr std::size_t kRecordKeyBytes = 32;

  std::string_view url;  ///< `https://host[:port]`.
  std::string_view token_path = "/Connect/api/token";
  Trust trust;

#if CONNECT_AUTH_CLIENT_CERTIFICATE
  Identity identity;  ///< What is shown to a server that asks who its client is.
#endif

  std::string_view client_id;  ///< 1.. characters %x20-7E, no colon.
  SecretView client_secret;    ///< 1.. characters %x20-7E, no colon.
  AuthEncoding auth_encoding = AuthEncoding::kPlain;

  Grant grant = Grant::kPassword;
  std::string_view username;      ///< kPassword: UTF-8 without control characters but TAB.
  SecretView password;            ///< kPassword: likewise.
  SecretView code;                ///< kAuthorizationCode: %x20-7E. Empty: used up long ago.
  std::string_view redirect_uri;  ///< kAuthorizationCode: sent when not empty.
  /// kAuthorizationCode: of RFC 7636 section 4.1, %x20-7E; sent when not empty.
  SecretView code_verifier;

  /// Seals what is stored; AES-256. Empty: nothing is stored.
  ConstBytes record_key;

  Millis timeout = Millis::Seconds(30);          ///< Of a whole request, 1 s..1 h.
  Millis connect_timeout = Millis::Seconds(10);  ///< Name, TCP and TLS together, 1 s..1 h.
  /// How long a connection is kept for the next request, 0..1 min; 0: not at all.
  Millis keep_alive{config::kKeepAliveMillis};
  /// A token is renewed when less than this is left, or less than a fifth of its lifetime if that
  /// is shorter: a margin as long as the lifetime would ask for a token at every call. 0..1 day.
  Millis renewal_margin = Millis::Seconds(60);
  /// A new token is stored only if it lives longer than the stored one by at least this much: it
  /// spares the flash where tokens live shortly or are asked for often. After a restart the older
  /// token is found, unless the API refused it. 0: each is stored, as it must be where processes
  /// share a store. 0..1 day.
  Millis store_gain{0};
  /// Lifetime where the server names none (RFC 6749 section 5.1), 1 s..1 day.
  Millis default_lifetime = Millis::Seconds(300);

  /// Whether the agent sees to a token by itself, ahead of need. Else it asks when somebody wants
  /// one.
  bool renews_ahead = false;
  /// What tells this device from all others, see `Slot`. Empty: random for this start.
  ConstBytes device_id;
  BackoffPlan backoff;  ///< Its periods 1 s..1 day; boot_spread 0..1 day, without renews_ahead 0.
  /// How long refused credentials are left alone, see `LatchOpensAt`. 0: until somebody acts;
  /// else 1 h..30 days.
  Millis latch_wait = kLatchWait;

  /// No moment before this can be now: when the program was built, for example. A clock that shows
  /// one is not set. 0: any can be. What becomes of certificates while no time is known says
  /// `Trust::least_time`; time is known again with the first response.
  UnixSeconds least_time;
};

/// Checks everything that can be checked without a network.
///
/// @return kNone, or the first thing that is wrong
Reason CheckSettings(const Settings& settings);

}  // namespace connect_auth
