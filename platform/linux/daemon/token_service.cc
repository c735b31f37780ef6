// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/token_service.h"

#include <algorithm>
#include <string_view>

#include "agent/store/sealed_record.h"
#include "platform/linux/daemon/metrics.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
#include "platform/linux/status_facts.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

using Verb = Query::Verb;

/// @pre `into` has room, or the text is short: then its memory is a part of every client's.
void Append(std::string_view text, SecretBuffer& into) {
  static_cast<void>(into.Append(AsBytes(text)));
}

std::string SecondsLeft(const Agent& agent) {
  const Result<Millis> left = agent.remaining_life();
  return left.ok() ? Decimal(std::max<std::int64_t>(left.value().count / 1000, 0)) : "unknown";
}

/// What a text of many lines is preceded by.
void AppendText(std::string_view text, SecretBuffer& into) {
  Append(Join({"ok length=", Decimal(static_cast<std::int64_t>(text.size())), "\n", text}), into);
}

Problem BadQuery() {
  return {ExitCode::kUsage, "there is no such query; see the protocol of the service"};
}

}  // namespace

Problem TokenService::Start(const CommandLine& line) {
  configuration_ = std::make_unique<Configuration>();
  Problem problem = configuration_->Load(line, Needs::kService);
  if (problem.exists()) {
    return problem;
  }
  session_ = std::make_unique<Session>(*configuration_);
  problem = session_->LockStore();
  if (problem.code == ExitCode::kUnreachable) {
    return {ExitCode::kStorage,
            Join({"another connect-auth uses the store ", configuration_->store_path(),
                  "; stop that service, or set another path in [store]"})};
  }
  if (!problem.exists()) {
    problem = session_->Open();
  }
  if (!problem.exists()) {
    problem = session_->Lock();  // A directory that was not there before.
  }
  if (problem.exists()) {
    return problem;
  }
  if (!session_->LockMemory()) {
    Note("the secrets' memory cannot be locked: it may be swapped out");
  }
  untidy_ = true;
  return {};
}

Problem TokenService::Reload(const CommandLine& line) {
  auto configuration = std::make_unique<Configuration>();
  Problem problem = configuration->Load(line, Needs::kService);
  if (!problem.exists()) {
    problem = session_->Reconfigure(*configuration);
  }
  if (!problem.exists()) {
    configuration_ = std::move(configuration);
    asks_ = false;
  }
  return problem;
}

void TokenService::Stop() {
  session_->agent().Stop();
}

TokenService::Answered TokenService::Answer(const Query& query, SecretBuffer& into) {
  counters_.queries += 1;
  switch (query.verb) {
    case Verb::kToken:
    case Verb::kHeader:
    case Verb::kRenew:
      ForgetRefusalIfAsked(query);
      return Finish(query, Ask(query), into);
    case Verb::kCode: {
      Problem problem = TakeCode(query);
      if (problem.exists()) {
        AppendProblem(problem, into);
        return Answered::kYes;
      }
      return Finish(query, Ask(query), into);
    }
    case Verb::kReject:
      session_->agent().RejectToken(*query.generation);
      Append("ok\n", into);
      break;
    case Verb::kStatus:
      AppendText(FactsText(GatherFacts(*session_), query.style), into);
      break;
    case Verb::kMetrics:
      AppendText(Metrics(*session_, counters_), into);
      break;
    case Verb::kLogout:
      Logout(into);
      break;
    case Verb::kIdentity:
      Append(Join({"ok identity=", HexOf(FingerprintOf(configuration_->ForAgent({}))), "\n"}),
             into);
      break;
    case Verb::kSubscribe:
      AppendEvent(into);
      break;
    case Verb::kUnknown:
      AppendProblem(BadQuery(), into);
      break;
  }
  return Answered::kYes;
}

TokenService::Answered TokenService::Settle(const Query& query, bool waited_long_enough,
                                            SecretBuffer& into) {
  const Status status = Ask(query);
  if (status == Status::kPending && waited_long_enough) {
    const bool failed = session_->agent().last_token_failure().status != Status::kOk;
    AppendProblem(failed ? session_->ExplainToken()
                         : Problem{ExitCode::kUnreachable,
                                   "there is no token yet; try again later, or wait longer"},
                  into);
    return Answered::kYes;
  }
  return Finish(query, status, into);
}

/// Somebody who waits patiently goes on waiting while the server is left alone after a failure.
Status TokenService::Ask(const Query& query) {
  Agent& agent = session_->agent();
  if (query.verb == Verb::kRenew || query.verb == Verb::kCode) {
    return agent.RequestRenewal();
  }
  return query.wait > Millis{0} ? agent.AwaitToken(query.min_valid, Instant::Never())
                                : agent.RequestToken(query.min_valid);
}

void TokenService::ForgetRefusalIfAsked(const Query& query) {
  if (query.retry_refused && session_->agent().latch().is_set()) {
    static_cast<void>(session_->agent().ForgetRefusal());
  }
}

Problem TokenService::TakeCode(const Query& query) {
  if (!configuration_->grant().works_once) {
    return {ExitCode::kUsage,
            "a code is of no use for the configured grant; set type in [grant] to "
            "authorization_code"};
  }
  Problem problem = configuration_->RefuseOtherCode(SecretView(query.code));
  if (problem.exists()) {
    return problem;
  }
  ForgetRefusalIfAsked(query);
  auto code = std::make_unique<AuthorizationCode>();
  if (!code->code.value.Append(AsBytes(query.code)) ||
      !code->verifier.Append(AsBytes(query.verifier))) {
    return NoMemory();
  }
  Settings settings = configuration_->ForAgent(session_->record_key());
  settings.code = code->code.value.view();
  settings.code_verifier = code->verifier.view();
  if (!query.with_redirect_uri) {
    settings.redirect_uri = {};
  }
  const Status status = session_->agent().ChangeSettings(settings);
  if (status == Status::kOk) {
    code_ = std::move(code);  // The one before is not borrowed any more.
  }
  return status == Status::kOk ? Problem() : session_->Explain();
}

TokenService::Answered TokenService::Finish(const Query& query, Status status, SecretBuffer& into) {
  if (status == Status::kPending) {
    return Answered::kLater;
  }
  if (status == Status::kOk) {
    AppendToken(query, into);
  } else {
    AppendProblem(session_->ExplainToken(), into);
  }
  return Answered::kYes;
}

void TokenService::AppendToken(const Query& query, SecretBuffer& into) {
  const Agent& agent = session_->agent();
  constexpr std::size_t kBesideToken = 128;
  if (!into.Reserve(into.size() + agent.token().text().size() + kBesideToken)) {
    AppendProblem(NoMemory(), into);  // And never a token that is cut short.
    return;
  }
  Append(Join({"ok generation=", Decimal(agent.token_generation()),
               " expires_in=", SecondsLeft(agent)}),
         into);
  if (query.verb == Verb::kToken || query.verb == Verb::kHeader) {
    Append(query.verb == Verb::kToken ? " token=" : " header=Authorization: Bearer ", into);
    Append(agent.token().text().Reveal(), into);
  }
  Append("\n", into);
}

void TokenService::AppendProblem(const Problem& problem, SecretBuffer& into) {
  counters_.errors += 1;
  Append(Join({"error ", Decimal(static_cast<int>(problem.code)), " ", Printable(problem.sentence),
               "\n"}),
         into);
}

void TokenService::AppendEvent(SecretBuffer& into) const {
  const Agent& agent = session_->agent();
  Append(has_token() ? Join({"changed generation=", Decimal(agent.token_generation()),
                             " expires_in=", SecondsLeft(agent), "\n"})
                     : std::string("gone\n"),
         into);
}

void TokenService::Logout(SecretBuffer& into) {
  const Status status = session_->agent().Forget();
  if (status == Status::kFailedPrecondition) {
    AppendProblem({ExitCode::kUnreachable, "a token is being asked for just now; try again"}, into);
    return;
  }
  untidy_ = true;
  Report(Severity::kInfo, "logged_out", {});
  if (status == Status::kOk) {
    Append("ok\n", into);
  } else {
    AppendProblem(session_->Explain(), into);
  }
}

bool TokenService::Advance() {
  Agent& agent = session_->agent();
  const Agent::Counters before = agent.counters();
  const bool asked = asks_;
  asked_since_ = asked ? asked_since_ : Now();
  const Status status = agent.Poll();
  asks_ = agent.is_requesting_token();
  if (asks_ && !asked) {
    Report(Severity::kInfo, "asking",
           {{"server", std::string(configuration_->given().text(Setting::kServerUrl))}});
  }
  const bool ended = asked && !asks_;
  if (ended || (status != Status::kOk && status != Status::kPending)) {
    TellWhatCame(before, status);
  }
  if (!asks_ && untidy_) {
    Tidy();
  }
  return ended || status != Status::kPending;
}

/// A bounded piece of it at a time: queries come first.
void TokenService::Tidy() {
  untidy_ = session_->agent().Idle() == Status::kPending;
}

void TokenService::TellWhatCame(const Agent::Counters& before, Status status) {
  const Agent& agent = session_->agent();
  const Millis took = Now() - asked_since_;
  counters_.asking = counters_.asking + took;
  if (agent.counters().tokens != before.tokens) {
    untidy_ = true;
    Report(Severity::kInfo, "token_obtained",
           {{"generation", Decimal(agent.token_generation())},
            {"expires_in", SecondsLeft(agent)},
            {"took_ms", Decimal(took.count)},
            {"tls_resumed", agent.tls_resumed() ? "yes" : "no"}});
    if (agent.store_failed()) {
      Report(Severity::kWarning, "token_not_stored", {{"reason", session_->store().LastError()}});
    }
    return;
  }
  if (status != Status::kOk) {
    counters_.failures += 1;
    const Problem problem = session_->ExplainToken();
    const Instant next = agent.next_attempt();
    Report(Severity::kError, "token_failed",
           {{"code", Decimal(static_cast<int>(problem.code))},
            {"reason", problem.sentence},
            {"token", has_token() ? "kept" : "none"},
            {"next_attempt_s",
             next == Instant::Never()
                 ? std::string("never")
                 : Decimal(std::max<std::int64_t>((next - Now()).count, 0) / 1000)}});
  }
}

Instant TokenService::next() const {
  return untidy_ && !asks_ ? Instant{0} : session_->agent().wants().until;
}

posix::SocketConnection::WaitSet TokenService::wait_set() const {
  const Interest interest = session_->agent().wants().interest;
  return interest == Interest::kNothing ? posix::SocketConnection::WaitSet()
                                        : session_->route().wait_set(interest);
}

Millis TokenService::patience(const Query& query) const {
  return query.wait > Millis{0} ? query.wait : configuration_->seconds(Setting::kLimitsTimeout);
}

std::string TokenService::Summary() const {
  const Agent& agent = session_->agent();
  if (agent.last_token_failure().status != Status::kOk) {
    return Join({has_token() ? "Has a token; " : "No token; ", session_->ExplainToken().sentence});
  }
  return has_token() ? "Has a token" : asks_ ? "Asking for a token" : "No token";
}

}  // namespace connect_auth::program
