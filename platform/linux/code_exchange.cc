// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/code_exchange.h"

#include "platform/linux/messages.h"
#include "platform/linux/session.h"

namespace connect_auth::program {

Problem LoadForCode(const CommandLine& line, Configuration& into) {
  Problem problem = into.Load(line, Needs::kAll);
  if (!problem.exists() && into.given().text(Setting::kGrantType) == "password") {
    return {ExitCode::kUsage,
            "a code is of no use for the configured grant; set type in [grant] to "
            "authorization_code"};
  }
  return problem;
}

Problem ExchangeCode(const AuthorizationCode& code, bool retry_refused,
                     Configuration& configuration) {
  Problem problem = configuration.TakeCode(code);
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
  wish.retry_refused = retry_refused;
  problem = session.ObtainToken(wish);
  session.Tidy();
  return problem;
}

}  // namespace connect_auth::program
