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

  /// Makes the request, and once more with a new token when the server does not take one that
  /// was stored. The answer goes to standard output.
  Problem Run(Session& session);

 private:
  Problem OpenData();
  Problem SendOnce(Session& session, bool print_unauthorized);
  Problem TakeAnswer(Session& session, bool print_unauthorized);
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
  const Instant began = session.clock().Now();
  Problem problem = session.ObtainToken({});
  if (problem.exists()) {
    return problem;
  }
  const Anchor anchor = session.agent().token().anchor();
  const bool just_obtained = anchor.boot_id == session.clock().boot_id() && anchor.sent >= began;
  problem = SendOnce(session, just_obtained);
  if (problem.exists()) {
    return problem;
  }
  if (session.agent().api_status() == kUnauthorized && !just_obtained) {
    problem = session.ObtainToken({Millis{0}, anchor.sent});
    if (!problem.exists()) {
      problem = SendOnce(session, true);
    }
  }
  return problem.exists() ? problem : ExplainStatus(session.agent().api_status());
}

Problem ApiCall::SendOnce(Session& session, bool print_unauthorized) {
  Problem problem = session.BeginRequest(request_);
  return problem.exists() ? problem : TakeAnswer(session, print_unauthorized);
}

Problem ApiCall::TakeAnswer(Session& session, bool print_unauthorized) {
  Agent& agent = session.agent();
  while (true) {
    const Status status = agent.Poll();
    if (agent.api_status() == kUnauthorized && !print_unauthorized) {
      static_cast<void>(agent.TakeBody());
    } else if (agent.api_status() != 0) {
      Problem problem = Print(agent);
      if (problem.exists()) {
        return problem;
      }
    }
    if (status != Status::kPending) {
      return status == Status::kOk ? Problem() : session.Explain();
    }
    session.Sleep();
  }
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
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kAll);
  if (problem.exists()) {
    return problem;
  }
  ApiCall call(line, configuration);
  problem = call.Prepare();
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = session.Open();
  if (!problem.exists()) {
    problem = call.Run(session);
    session.Tidy();
  }
  return problem;
}

}  // namespace connect_auth::program
