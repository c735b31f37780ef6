// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/linux/fact_style.h"
#include "platform/linux/session.h"

namespace connect_auth::program {

/// One line of the answer. `status --json` writes an object with the same names as members; what
/// is unknown or not there is null there and a word here:
///
///     configuration_file     string or null
///     server, token_path, client_id                 strings
///     grant                  "password", "authorization_code" or "client_credentials"
///     tls_certificate_file   string or null
///     username               string or null
///     store, store_kind      strings
///     store_shape            string or null: it is not flash
///     store_moves            number or null: how often the ring moved to its next block
///     key_file               string
///     stored                 "nothing", "state", or what keeps it from being used: "of another
///                            key", "of another configuration", "damaged"
///     records_written        number: in the life of the device, as far as is known
///     token_stored           boolean
///     token_length, lifetime_seconds                numbers or null: no token is stored
///     remaining_seconds      number (0: it is over) or null: also, its age is not known
///     obtained_at            string, RFC 3339 in UTC, or null: also, the clock was not set
///     has_refresh_token      boolean
///     refused_at             string, RFC 3339 in UTC, or null: the server did not refuse the
///                            credentials; also, the clock was not set then
///     refused_status         number or null: the HTTP status with which it did
///     refused_error          string or null: the `error` that it named
///     next_attempt_at        string, RFC 3339 in UTC, or null: when they are tried again; also,
///                            not before somebody acts, and the clock is not set
///     next_step              string or null: what a person has to do for the next token
///     clock                  string, RFC 3339 in UTC, or null: it is not set
///     clock_source           "platform", "learned" from a server, or "unknown"
///     service_process        number or null: the service that answers; null: none does
///     state                  "ready", "asking" the server, "refused" (see above), "needs a code",
///                            "waiting" for the next attempt after a failure, "no token"
///     failures               number: attempts that failed since the last token
///     last_error             string or null: why there is no (new) token
///     next_renewal_seconds   number or null: when the service asks next; null: without being
///                            asked, never
struct Fact {
  enum class Kind : std::uint8_t { kText, kNumber, kYesOrNo, kAbsent };

  Fact(const char* fact_name, std::string_view fact_text)
      : name(fact_name), kind(Kind::kText), text(fact_text) {}
  Fact(const char* fact_name, std::int64_t fact_number)
      : name(fact_name), kind(Kind::kNumber), number(fact_number) {}
  Fact(const char* fact_name, const char* fact_text) = delete;  // It would become a bool.
  Fact(const char* fact_name, bool yes) : name(fact_name), kind(Kind::kYesOrNo), number(yes) {}
  static Fact Absent(const char* name, std::string_view word) {
    Fact fact(name, word);
    fact.kind = Kind::kAbsent;
    return fact;
  }

  const char* name;
  Kind kind;
  std::string text;
  std::int64_t number = 0;
};

using Facts = std::array<Fact, 32>;

/// All that is known of a session, without asking anybody.
///
/// @param session  Open.
Facts GatherFacts(const Session& session);

/// Ends with a line end; empty: there is no memory left.
std::string FactsText(const Facts& facts, FactStyle style);

}  // namespace connect_auth::program
