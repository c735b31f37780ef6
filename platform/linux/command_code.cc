// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/code_exchange.h"
#include "platform/linux/commands.h"

namespace connect_auth::program {

Problem RunCode(const CommandLine& line) {
  CodeExchange exchange;
  AuthorizationCode code;
  Problem problem = exchange.Open(line);
  if (!problem.exists()) {
    problem = LoadSecret(line.code_file, code.code);
  }
  return problem.exists() ? problem : exchange.Exchange(code);
}

}  // namespace connect_auth::program
