// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/metrics.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "platform/linux/daemon/token_service.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";

struct Metric {
  std::string_view name;
  std::string_view kind;
  std::string_view help;
  std::string value;
};

std::string InSeconds(Millis span) {
  const std::string thousandths = Decimal(1000 + span.count % 1000);
  return Join({Decimal(span.count / 1000), ".", std::string_view(thousandths).substr(1)});
}

std::string Count(std::uint64_t value) {
  return Decimal(static_cast<std::int64_t>(value));
}

std::string TokenSeconds(const Agent& agent) {
  const Result<Millis> left = agent.remaining_life();
  return left.ok() ? InSeconds(std::max(left.value(), Millis{0})) : "NaN";
}

std::string SecondsToNextAttempt(const Session& session) {
  const Instant next = session.agent().next_attempt();
  return next == Instant::Never() ? "+Inf"
                                  : InSeconds(std::max(next - session.clock().Now(), Millis{0}));
}

std::string TextOf(std::span<const Metric> metrics) {
  std::string text;
  for (const Metric& metric : metrics) {
    const std::string name = Join({"connect_auth_", metric.name});
    text += Join({"# HELP ", name, " ", metric.help, "\n# TYPE ", name, " ", metric.kind, "\n",
                  name, " ", metric.value, "\n"});
  }
  return text;
}

std::string ForwardMetrics(const ForwardCounters& forward) {
  return TextOf(std::array{
      Metric{"forward_running", kGauge, "1: the process of the forward proxy runs.",
             forward.runs ? "1" : "0"},
      Metric{"forward_calls_total", kCounter, "Forwarded calls that the server answered.",
             Decimal(forward.forwarded)},
      Metric{"forward_failures_total", kCounter,
             "Calls that got an error of the forward proxy's own, or were broken off.",
             Decimal(forward.failed)},
      Metric{"forward_denied_total", kCounter, "Connections of users that may make no calls.",
             Decimal(forward.denied)},
      Metric{"forward_busy_total", kCounter, "Connections that were one too many.",
             Decimal(forward.busy)},
  });
}

}  // namespace

std::string Metrics(const Session& session, const ServiceCounters& service) {
  const Agent& agent = session.agent();
  const Agent::Counters& done = agent.counters();
  const std::array metrics = {
      Metric{"token_requests_total", kCounter, "Token requests that were sent, wholly or in part.",
             Decimal(done.token_requests)},
      Metric{"tokens_total", kCounter, "Tokens that came.", Decimal(done.tokens)},
      Metric{"token_failures_total", kCounter, "Attempts that brought no token.",
             Decimal(service.failures)},
      Metric{"refusals_total", kCounter, "Refusals of the credentials.", Decimal(done.refusals)},
      Metric{"rejections_total", kCounter, "Tokens that the API refused.",
             Decimal(done.rejections)},
      Metric{"tls_resumed_total", kCounter, "Connections that resumed a TLS session.",
             Decimal(done.resumed)},
      Metric{"token_request_seconds_total", kCounter, "Time that token requests took.",
             InSeconds(service.asking)},
      Metric{"store_writes_total", kCounter,
             "Records with the token that were stored in the life of the device.",
             Decimal(agent.writes())},
      Metric{"queries_total", kCounter, "Lines of clients that were answered.",
             Count(service.queries)},
      Metric{"query_errors_total", kCounter, "Of these, with an error.", Count(service.errors)},
      Metric{"clients_total", kCounter, "Clients that were let in.", Count(service.clients)},
      Metric{"clients_denied_total", kCounter, "Clients that were not let in.",
             Count(service.denied)},
      Metric{"clients_cut_off_total", kCounter,
             "Clients that stalled, sent garbage, or had to make room.", Count(service.cut_off)},
      Metric{"token_remaining_seconds", kGauge,
             "How much longer the token lives; NaN: there is none, or its age is unknown.",
             TokenSeconds(agent)},
      Metric{"failures_in_a_row", kGauge, "Attempts that failed since the last token.",
             Decimal(agent.failures())},
      Metric{"next_attempt_seconds", kGauge,
             "Until the server is asked next; +Inf: somebody has to act first.",
             SecondsToNextAttempt(session)},
      Metric{"refused", kGauge, "1: the server refused the credentials.",
             agent.latch().is_set() ? "1" : "0"},
  };
  return TextOf(metrics) +
         (service.forward != nullptr ? ForwardMetrics(*service.forward) : std::string());
}

}  // namespace connect_auth::program
