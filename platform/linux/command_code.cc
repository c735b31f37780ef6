// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/messages.h"
#include "platform/linux/session.h"

namespace connect_auth::program {
namespace {

Problem TakeCode(const CommandLine& line, Configuration& configuration) {
  Problem problem = configuration.Load(line, Needs::kAll);
  if (problem.exists()) {
    return problem;
  }
  if (configuration.given().text(Setting::kGrantType) == "password") {
    return {ExitCode::kUsage,
            "a code is of no use for the configured grant; set type in [grant] to "
            "authorization_code"};
  }
  return configuration.TakeCode(line.code_file);
}

}  // namespace

Problem RunCode(const CommandLine& line) {
  Configuration configuration;
  Problem problem = TakeCode(line, configuration);
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = session.Open();
  if (problem.exists()) {
    return problem;
  }
  if (session.agent().needs_code()) {
    Failure failure;
    failure.reason = Reason::kCodeSpent;
    return Explain(failure, configuration, {});
  }
  Wish wish;
  wish.renew = true;
  wish.retry_refused = line.retry_refused;
  problem = session.ObtainToken(wish);
  session.Tidy();
  return problem;
}

}  // namespace connect_auth::program
