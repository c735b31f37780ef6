// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/output.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/session.h"

namespace connect_auth::program {
namespace {

/// Writes the token between two texts, in one call: whoever reads the pipe gets all or nothing.
Problem PrintToken(const Token& token, std::string_view before) {
  SecretBuffer line;
  if (!line.Append(AsBytes(before)) || !line.Append(AsBytes(token.text().Reveal())) ||
      !line.Append(AsBytes("\n"))) {
    return NoMemory();
  }
  return WriteOut(line.bytes());
}

Problem Run(const CommandLine& line, std::string_view before) {
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kAll);
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  Wish wish;
  wish.min_valid = line.min_valid.value_or(Millis{0});
  wish.renew = line.force;
  wish.retry_refused = line.retry_refused;
  problem = session.Open();
  if (problem.exists()) {
    return problem;
  }
  problem = session.ObtainToken(wish);
  if (!problem.exists()) {
    problem = PrintToken(session.agent().token(), before);
  }
  session.Tidy();
  return problem;
}

}  // namespace

Problem RunToken(const CommandLine& line) {
  return Run(line, "");
}

Problem RunHeader(const CommandLine& line) {
  return Run(line, "Authorization: Bearer ");
}

}  // namespace connect_auth::program
