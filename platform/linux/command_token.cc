// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/output.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

/// Writes the token behind a text, in one call: whoever reads the pipe gets all or nothing.
Problem PrintToken(SecretView token, std::string_view before) {
  SecretBuffer line;
  if (!line.Append(AsBytes(before)) || !line.Append(AsBytes(token.Reveal())) ||
      !line.Append(AsBytes("\n"))) {
    return NoMemory();
  }
  return WriteOut(line.bytes());
}

Problem AskService(const CommandLine& line, ServiceLink& service, std::string_view before) {
  const std::string_view refused = line.retry_refused ? " retry_refused" : "";
  const std::int64_t seconds = line.min_valid.value_or(Millis{0}).count / 1000;
  Problem problem = line.force ? service.Ask(Join({"renew", refused})) : Problem();
  ServiceLink::Token token;
  if (!problem.exists()) {
    problem = service.AskForToken(Join({"token min_valid=", Decimal(seconds), refused}), token);
  }
  return problem.exists() ? problem : PrintToken(token.text, before);
}

Problem WorkAlone(const CommandLine& line, std::string_view before) {
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
    problem = PrintToken(session.agent().token().text(), before);
  }
  session.Tidy();
  return problem;
}

Problem Run(const CommandLine& line, std::string_view before) {
  ServiceLink service;
  return service.Open(line) ? AskService(line, service, before) : WorkAlone(line, before);
}

}  // namespace

Problem RunToken(const CommandLine& line) {
  return Run(line, "");
}

Problem RunHeader(const CommandLine& line) {
  return Run(line, "Authorization: Bearer ");
}

}  // namespace connect_auth::program
