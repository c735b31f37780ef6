// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/output.h"
#include "platform/linux/session.h"
#include "platform/linux/status_facts.h"

namespace connect_auth::program {

Problem RunStatus(const CommandLine& line) {
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kIdentity);
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = session.OpenOffline();
  if (problem.exists()) {
    return problem;
  }
  const Facts facts = GatherFacts(session);
  return WriteOut(line.json ? FactsAsJson(facts) : FactsAsLines(facts));
}

}  // namespace connect_auth::program
