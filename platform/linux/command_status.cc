// SPDX-License-Identifier: Apache-2.0
#include <cJSON.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
#include "platform/linux/session.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

/// One line of the answer. `status --json` writes an object with the same names as members; what
/// is unknown or not there is null there and a word here:
///
///     configuration_file     string or null
///     server, token_path, client_id                 strings
///     grant                  "password" or "authorization_code"
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
///     not
///                            before somebody acts, and the clock is not set
///     next_step              string or null: what a person has to do for the next token
///     clock                  string, RFC 3339 in UTC, or null: it is not set
///     clock_source           "platform", "learned" from a server, or "unknown"
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

using Facts = std::array<Fact, 26>;

constexpr const char* kNone = "none";
constexpr const char* kUnknown = "unknown";

Fact TextOrNone(const char* name, std::string_view text) {
  return text.empty() ? Fact::Absent(name, kNone) : Fact(name, text);
}

Fact NumberIf(bool known, const char* name, std::int64_t number) {
  return known ? Fact(name, number) : Fact::Absent(name, kNone);
}

Fact Remaining(const Agent& agent) {
  constexpr const char* kName = "remaining_seconds";
  const Result<Millis> left = agent.remaining_life();
  if (!left.ok()) {
    return Fact::Absent(kName, agent.token().empty() ? kNone : kUnknown);
  }
  return Fact(kName, std::max<std::int64_t>(left.value().count / 1000, 0));
}

Fact ObtainedAt(const Token& token) {
  constexpr const char* kName = "obtained_at";
  const UnixSeconds wall = token.anchor().wall;
  if (token.empty() || wall.count == 0) {
    return Fact::Absent(kName, token.empty() ? kNone : kUnknown);
  }
  return Fact(kName, UtcTime(wall));
}

/// Without a refresh token each new token wants a new code.
Fact NextStep(const Configuration& configuration, const Agent& agent) {
  const bool by_code = configuration.given().text(Setting::kGrantType) == "authorization_code";
  return TextOrNone("next_step", by_code && agent.needs_code() && !agent.has_refresh_token()
                                     ? "connect-auth login"
                                     : "");
}

Fact ClockFact(const WallClock& clock) {
  const Result<UnixSeconds> wall = clock.WallTime();
  return wall.ok() ? Fact("clock", UtcTime(wall.value())) : Fact::Absent("clock", "not set");
}

std::string_view SourceOf(const WallClock& clock) {
  return clock.is_learned() ? "learned" : clock.WallTime().ok() ? "platform" : kUnknown;
}

Fact RefusedAt(const Latch& latch) {
  constexpr const char* kName = "refused_at";
  if (!latch.is_set() || latch.since.wall.count == 0) {
    return Fact::Absent(kName, latch.is_set() ? kUnknown : kNone);
  }
  return Fact(kName, UtcTime(latch.since.wall));
}

Fact NextAttempt(const RefusalTimes& times) {
  constexpr const char* kName = "next_attempt_at";
  if (times.next_attempt_at.count != 0) {
    return Fact(kName, UtcTime(times.next_attempt_at));
  }
  return Fact::Absent(kName, times.next_attempt_in ? kUnknown : kNone);
}

std::string_view WhatIsStored(Agent::Stored stored) {
  switch (stored) {
    case Agent::Stored::kNothing:
      return "nothing";
    case Agent::Stored::kOpened:
      return "state";
    case Agent::Stored::kOtherKey:
      return "of another key";
    case Agent::Stored::kOtherConfiguration:
      return "of another configuration";
    case Agent::Stored::kDamaged:
      return "damaged";
    case Agent::Stored::kUnreadable:
      break;
  }
  return "unreadable";
}

Facts Gather(const Configuration& configuration, const Session& session) {
  const GivenSettings& given = configuration.given();
  const TokenStore& store = session.store();
  const Token& token = session.agent().token();
  const Latch& latch = session.agent().latch();
  const bool stored = !token.empty();
  return {
      TextOrNone("configuration_file", configuration.file()),
      Fact("server", given.text(Setting::kServerUrl)),
      Fact("token_path", given.text(Setting::kServerTokenPath)),
      Fact("client_id", given.text(Setting::kClientId)),
      Fact("grant", given.text(Setting::kGrantType)),
      TextOrNone("username", given.text(Setting::kGrantUsername)),
      Fact("store", store.path()),
      Fact("store_kind", store.kind()),
      store.is_ring() ? Fact("store_shape", ShapeOf(store.geometry()))
                      : Fact::Absent("store_shape", kNone),
      NumberIf(store.is_ring(), "store_moves", store.is_ring() ? store.moves() : 0),
      Fact("key_file", configuration.key_file()),
      Fact("stored", WhatIsStored(session.agent().stored())),
      Fact("records_written", std::int64_t{session.agent().writes()}),
      Fact("token_stored", stored),
      NumberIf(stored, "token_length", static_cast<std::int64_t>(token.text().size())),
      NumberIf(stored, "lifetime_seconds", token.lifetime_s()),
      Remaining(session.agent()),
      ObtainedAt(token),
      Fact("has_refresh_token", session.agent().has_refresh_token()),
      RefusedAt(latch),
      NumberIf(latch.is_set(), "refused_status", latch.http_status),
      TextOrNone("refused_error", NameOf(latch.error)),
      NextAttempt(session.refusal_times()),
      NextStep(configuration, session.agent()),
      ClockFact(session.agent().clock()),
      Fact("clock_source", SourceOf(session.agent().clock())),
  };
}

bool AddTo(cJSON* object, const Fact& fact) {
  switch (fact.kind) {
    case Fact::Kind::kText:
      return cJSON_AddStringToObject(object, fact.name, fact.text.c_str()) != nullptr;
    case Fact::Kind::kNumber:
      return cJSON_AddNumberToObject(object, fact.name, static_cast<double>(fact.number)) !=
             nullptr;
    case Fact::Kind::kYesOrNo:
      return cJSON_AddBoolToObject(object, fact.name, fact.number != 0) != nullptr;
    case Fact::Kind::kAbsent:
      break;
  }
  return cJSON_AddNullToObject(object, fact.name) != nullptr;
}

Problem PrintJson(const Facts& facts) {
  cJSON* const object = cJSON_CreateObject();
  bool complete = object != nullptr;
  for (const Fact& fact : facts) {
    complete = complete && AddTo(object, fact);
  }
  char* const text = complete ? cJSON_Print(object) : nullptr;
  cJSON_Delete(object);
  if (text == nullptr) {
    return NoMemory();
  }
  Problem problem = WriteOut(Join({text, "\n"}));
  cJSON_free(text);
  return problem;
}

std::string ValueText(const Fact& fact) {
  switch (fact.kind) {
    case Fact::Kind::kText:
    case Fact::Kind::kAbsent:
      return Printable(fact.text);
    case Fact::Kind::kNumber:
      return Decimal(fact.number);
    case Fact::Kind::kYesOrNo:
      break;
  }
  return fact.number != 0 ? "yes" : "no";
}

Problem PrintLines(const Facts& facts) {
  constexpr std::size_t kNameWidth = 20;
  std::string lines;
  for (const Fact& fact : facts) {
    std::string name = fact.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    name.resize(kNameWidth, ' ');
    lines += Join({name, ValueText(fact), "\n"});
  }
  return WriteOut(lines);
}

}  // namespace

Problem RunStatus(const CommandLine& line) {
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kIdentity);
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = session.OpenOffline();
  if (problem.exists()) {
    return problem;
  }
  const Facts facts = Gather(configuration, session);
  return line.json ? PrintJson(facts) : PrintLines(facts);
}

}  // namespace connect_auth::program
