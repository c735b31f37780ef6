// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/status_facts.h"

#include <cJSON.h>
#include <unistd.h>

#include <algorithm>

#include "platform/linux/configuration.h"
#include "platform/linux/messages.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

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

/// Without a refresh token each new token wants a new code.
bool NeedsCode(const Session& session) {
  const Agent& agent = session.agent();
  return session.configuration().grant().works_once && agent.needs_code() &&
         !agent.has_refresh_token();
}

bool HasLivingToken(const Agent& agent) {
  const Result<Millis> left = agent.remaining_life();
  return left.ok() ? left.value() > Millis{0} : left.status() == Status::kUnavailable;
}

std::string_view StateOf(const Session& session) {
  const Agent& agent = session.agent();
  if (agent.is_requesting_token()) {
    return "asking";
  }
  if (HasLivingToken(agent)) {
    return "ready";
  }
  if (agent.latch().is_set()) {
    return "refused";
  }
  if (NeedsCode(session)) {
    return "needs a code";
  }
  return agent.failures() != 0 ? "waiting" : "no token";
}

Fact NextStep(const Session& session) {
  return TextOrNone("next_step", NeedsCode(session) ? "connect-auth login" : "");
}

std::string LastError(const Session& session) {
  const bool failed = session.agent().last_token_failure().status != Status::kOk;
  return failed ? session.ExplainToken().sentence : std::string();
}

Fact NextRenewal(const Session& session) {
  const Instant next = session.agent().next_attempt();
  const bool known = session.configuration().is_for_service() && next != Instant::Never();
  const Millis span = known ? std::max(next - session.clock().Now(), Millis{0}) : Millis{0};
  return NumberIf(known, "next_renewal_seconds", span.count / 1000);
}

std::string_view WhatIsStored(const Agent& agent) {
  // What came since the start replaced whatever was there.
  const bool is_newer = !agent.token().empty() && !agent.store_failed();
  switch (is_newer ? Agent::Stored::kOpened : agent.stored()) {
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

}  // namespace

Facts GatherFacts(const Session& session) {
  const Configuration& configuration = session.configuration();
  const GivenSettings& given = configuration.given();
  const TokenStore& store = session.store();
  const Token& token = session.agent().token();
  const Latch& latch = session.agent().latch();
  const bool stored = !token.empty();
  const bool is_service = configuration.is_for_service();
  return {
      TextOrNone("configuration_file", configuration.file()),
      Fact("server", given.text(Setting::kServerUrl)),
      Fact("token_path", given.text(Setting::kServerTokenPath)),
      Fact("client_id", given.text(Setting::kClientId)),
      Fact("grant", given.text(Setting::kGrantType)),
      TextOrNone("tls_certificate_file", given.text(Setting::kClientTlsCertificateFile)),
      TextOrNone("username", given.text(Setting::kGrantUsername)),
      Fact("store", store.path()),
      Fact("store_kind", store.kind()),
      store.is_ring() ? Fact("store_shape", ShapeOf(store.geometry()))
                      : Fact::Absent("store_shape", kNone),
      NumberIf(store.is_ring(), "store_moves", store.is_ring() ? store.moves() : 0),
      Fact("key_file", configuration.key_file()),
      Fact("stored", WhatIsStored(session.agent())),
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
      NextStep(session),
      ClockFact(session.agent().clock()),
      Fact("clock_source", SourceOf(session.agent().clock())),
      NumberIf(is_service, "service_process", ::getpid()),
      Fact("state", StateOf(session)),
      Fact("failures", std::int64_t{session.agent().failures()}),
      TextOrNone("last_error", LastError(session)),
      NextRenewal(session),
  };
}

namespace {

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

std::string AsJson(const Facts& facts) {
  cJSON* const object = cJSON_CreateObject();
  bool complete = object != nullptr;
  for (const Fact& fact : facts) {
    complete = complete && AddTo(object, fact);
  }
  char* const text = complete ? cJSON_Print(object) : nullptr;
  cJSON_Delete(object);
  if (text == nullptr) {
    return {};
  }
  std::string json = Join({text, "\n"});
  cJSON_free(text);
  return json;
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

std::string Line(std::string name, std::string_view value) {
  constexpr std::size_t kNameWidth = 22;
  std::replace(name.begin(), name.end(), '_', ' ');
  name.resize(kNameWidth, ' ');
  return Join({name, value, "\n"});
}

std::string AsLines(const Facts& facts) {
  std::string lines;
  for (const Fact& fact : facts) {
    lines += Line(fact.name, ValueText(fact));
  }
  return lines;
}

/// `1 h 02 min 03 s`, as far as it is needed.
std::string SpanText(std::int64_t seconds) {
  const auto two_digits = [](std::int64_t value) { return Decimal(100 + value).substr(1); };
  if (seconds < 60) {
    return Join({Decimal(seconds), " s"});
  }
  const std::string rest = Join({two_digits(seconds % 60), " s"});
  const std::int64_t minutes = seconds / 60;
  return minutes < 60
             ? Join({Decimal(minutes), " min ", rest})
             : Join({Decimal(minutes / 60), " h ", two_digits(minutes % 60), " min ", rest});
}

std::string AsBrief(const Facts& facts) {
  constexpr std::string_view kSeconds = "_seconds";
  std::string lines;
  for (const std::string_view name :
       {"server", "state", "remaining_seconds", "next_renewal_seconds", "failures", "last_error",
        "refused_at", "next_attempt_at", "next_step", "clock"}) {
    const auto fact = std::find_if(facts.begin(), facts.end(),
                                   [name](const Fact& each) { return each.name == name; });
    const bool is_span = name.ends_with(kSeconds) && fact->kind == Fact::Kind::kNumber;
    lines += Line(std::string(name.substr(0, name.size() - (is_span ? kSeconds.size() : 0))),
                  is_span ? SpanText(fact->number) : ValueText(*fact));
  }
  return lines;
}

}  // namespace

std::string FactsText(const Facts& facts, FactStyle style) {
  switch (style) {
    case FactStyle::kBrief:
      return AsBrief(facts);
    case FactStyle::kJson:
      return AsJson(facts);
    case FactStyle::kLines:
      break;
  }
  return AsLines(facts);
}

}  // namespace connect_auth::program
