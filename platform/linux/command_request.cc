// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>

#include "agent/config.h"
#include "agent/session/api_request.h"
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/data_source.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr int kUnauthorized = 401;

/// What the user wants of the API, and how it goes.
class ApiCall {
 public:
  /// @param line           Borrowed for the life of this object.
  /// @param configuration  Likewise.
  ApiCall(const CommandLine& line, const Configuration& configuration)
      : line_(line), configuration_(configuration) {}

  /// Sees to what has to be right before anything is sent.
  Problem Prepare();

  /// Makes the request. The answer goes to standard output.
  Problem Run(Session& session);

  /// The same with a token of the service's.
  ///
  /// @param session  Opened without a store.
  Problem RunWith(ServiceLink& service, Session& session);

 private:
  enum class Unauthorized : std::uint8_t { kPrint, kDrop };

  Problem OpenData();
  Problem TakeAnswer(Session& session, Unauthorized unauthorized);
  Problem TryWith(ServiceLink& service, Session& session, Unauthorized unauthorized);
  Problem RenewForNextCall(Session& session);
  Problem Print(Agent& agent);

  const CommandLine& line_;
  const Configuration& configuration_;
  ApiRequest request_;
  DataSource data_;
  std::array<std::uint8_t, config::kMaxHeadBytes> head_;
  bool head_printed_ = false;
};

Problem ApiCall::Prepare() {
  request_.method = line_.method;
  request_.target = line_.target;
  if (!request_.target.starts_with('/')) {
    return {ExitCode::kUsage,
            "the PATH of the request does not begin with '/'; requests go to the configured server "
            "only, so name a path on it"};
  }
  constexpr std::size_t kLongestTarget = 8000;
  if (request_.target.size() > kLongestTarget) {
    return {ExitCode::kUsage, "the PATH of the request is longer than 8000 characters; shorten it"};
  }
  if (line_.data_file != nullptr) {
    request_.content_type = "application/json";
  }
  if (line_.content_type != nullptr) {
    request_.content_type = line_.content_type;
  }
  if (line_.include_head) {
    request_.head_copy = head_;
  }
  Failure failure;
  failure.reason = CheckApiRequest(request_);
  if (failure.reason != Reason::kNone) {
    return Explain(failure, configuration_, {});
  }
  return line_.data_file == nullptr ? Problem() : OpenData();
}

Problem ApiCall::OpenData() {
  const int error = data_.Open(line_.data_file);
  if (error != 0) {
    return {ExitCode::kUsage,
            Join({"cannot read the data in ", line_.data_file, ": ", ErrorText(error),
                  "; name another file with --data, or - for standard input"})};
  }
  request_.body_source = &data_;
  return {};
}

Problem ApiCall::Run(Session& session) {
  Wish wish;
  wish.retry_refused = line_.retry_refused;
  Problem problem = session.ObtainToken(wish);
  if (!problem.exists()) {
    problem = session.BeginRequest(request_);
  }
  if (!problem.exists()) {
    problem = TakeAnswer(session, Unauthorized::kPrint);
  }
  if (problem.exists()) {
    return problem;
  }
  const Agent& agent = session.agent();
  if (agent.api_status() == kUnauthorized && !data_.Rewind()) {
    return RenewForNextCall(session);
  }
  const bool no_other_token =
      agent.api_status() == kUnauthorized && agent.last_failure().status != Status::kOk;
  return no_other_token ? session.Explain() : ExplainStatus(agent.api_status());
}

/// One new token and one more try, as the agent does it where it works alone.
Problem ApiCall::RunWith(ServiceLink& service, Session& session) {
  Problem problem = TryWith(service, session, Unauthorized::kDrop);
  if (!problem.exists() && session.agent().api_status() == kUnauthorized) {
    Note("the server does not take the token");
    problem = TryWith(service, session, Unauthorized::kPrint);
  }
  return problem.exists() ? problem : ExplainStatus(session.agent().api_status());
}

Problem ApiCall::TryWith(ServiceLink& service, Session& session, Unauthorized unauthorized) {
  ServiceLink::Token token;
  Problem problem =
      service.AskForToken(line_.retry_refused ? "token retry_refused" : "token", token);
  const std::uint32_t generation = token.generation;
  if (!problem.exists()) {
    problem = session.Borrow(token.text, token.expires_in);
  }
  if (!problem.exists()) {
    problem = session.BeginRequest(request_);
  }
  if (!problem.exists()) {
    problem = TakeAnswer(session, unauthorized);
  }
  if (problem.exists() || session.agent().api_status() != kUnauthorized) {
    return problem;
  }
  return service.Ask(Join({"reject ", Decimal(generation)}));
}

/// The server did not take the token, and what came through a pipe cannot be sent once more.
Problem ApiCall::RenewForNextCall(Session& session) {
  const Instant before = session.agent().token().anchor().sent;
  Wish wish;
  wish.renew = true;
  Problem problem = session.ObtainToken(wish);
  if (problem.exists()) {
    return problem;
  }
  if (session.agent().token().anchor().sent == before) {
    return ExplainStatus(kUnauthorized);
  }
  return {
      ExitCode::kRefused,
      "the server did not take the token, and data from a pipe cannot be sent twice; there is a "
      "new token by now, so call again"};
}

/// Writes what came also if no more of it will come.
Problem ApiCall::TakeAnswer(Session& session, Unauthorized unauthorized) {
  bool over = false;
  Problem problem;
  while (!over && !problem.exists()) {
    problem = session.PollRequest(request_, over);
    const int status = session.agent().api_status();
    const bool drops = status == kUnauthorized && unauthorized == Unauthorized::kDrop;
    if (drops) {
      session.agent().TakeBody();
    }
    Problem output = status == 0 || drops ? Problem() : Print(session.agent());
    if (output.exists()) {
      return output;
    }
    if (!over && !problem.exists()) {
      session.Sleep();
    }
  }
  return problem;
}

Problem ApiCall::Print(Agent& agent) {
  if (!head_printed_) {
    head_printed_ = true;
    Problem problem = WriteOut(agent.api_head());  // Empty unless it was to be kept.
    if (problem.exists()) {
      return problem;
    }
  }
  return WriteOut(agent.TakeBody());
}

}  // namespace

Problem RunRequest(const CommandLine& line) {
  ServiceLink service;
  const bool borrows = service.Open(line);
  Configuration configuration;
  Problem problem = configuration.Load(line, borrows ? Needs::kTrust : Needs::kAll);
  if (problem.exists()) {
    return problem;
  }
  ApiCall call(line, configuration);
  problem = call.Prepare();
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = borrows ? session.OpenWithoutStore() : session.Open();
  if (!problem.exists()) {
    problem = borrows ? call.RunWith(service, session) : call.Run(session);
    session.Tidy();
  }
  return problem;
}

}  // namespace connect_auth::program
