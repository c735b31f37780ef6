// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/code_exchange.h"
#include "platform/linux/commands.h"

namespace connect_auth::program {

Problem RunCode(const CommandLine& line) {
  Configuration configuration;
  AuthorizationCode code;
  Problem problem = LoadForCode(line, configuration);
  if (!problem.exists()) {
    problem = LoadSecret(line.code_file, code.code);
  }
  return problem.exists() ? problem : ExchangeCode(code, line.retry_refused, configuration);
}

}  // namespace connect_auth::program
