// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/code_exchange.h"

#include "platform/linux/messages.h"
#include "platform/linux/session.h"

namespace connect_auth::program {

Problem CodeExchange::Open(const CommandLine& line) {
  line_ = &line;
  has_service_ = service_.Open(line);
  Problem problem = configuration_.Load(line, has_service_ ? Needs::kIdentity : Needs::kAll);
  if (!problem.exists() && !configuration_.grant().works_once) {
    return {ExitCode::kUsage,
            "a code is of no use for the configured grant; set type in [grant] to "
            "authorization_code"};
  }
  return problem.exists() || has_service_ ? problem : Session(configuration_).Open();
}

Problem CodeExchange::Exchange(const AuthorizationCode& code) {
  Problem problem = configuration_.TakeCode(code);
  if (problem.exists()) {
    return problem;
  }
  return has_service_ ? AskService(code) : WorkAlone();
}

Problem CodeExchange::AskService(const AuthorizationCode& code) {
  SecretBuffer query;
  const auto append = [&query](std::string_view text) { return query.Append(AsBytes(text)); };
  bool fits = append("code ") && append(code.code.value.view().Reveal());
  if (!code.verifier.empty()) {
    fits = fits && append(" verifier=") && append(code.verifier.view().Reveal());
  }
  fits = fits && append(code.with_redirect_uri ? "" : " without_redirect_uri") &&
         append(line_->retry_refused ? " retry_refused" : "");
  return fits ? service_.Ask(AsText(query.bytes())) : NoMemory();
}

Problem CodeExchange::WorkAlone() {
  Session session(configuration_);
  Problem problem = session.Open();
  if (problem.exists()) {
    return problem;
  }
  if (session.agent().needs_code()) {
    Failure failure;
    failure.reason = Reason::kCodeSpent;
    return Explain(failure, configuration_, {});
  }
  Wish wish;
  wish.renew = true;
  wish.retry_refused = line_->retry_refused;
  problem = session.ObtainToken(wish);
  session.Tidy();
  return problem;
}

}  // namespace connect_auth::program
