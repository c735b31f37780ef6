// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/output.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"
#include "platform/linux/status_facts.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

Problem LookAlone(const CommandLine& line, FactStyle style, std::string& into) {
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kIdentity);
  if (problem.exists()) {
    return problem;
  }
  Session session(configuration);
  problem = session.OpenOffline();
  if (!problem.exists()) {
    into = FactsText(GatherFacts(session), style);
  }
  return problem;
}

Problem Look(const CommandLine& line, FactStyle style, std::string& into) {
  ServiceLink service;
  if (!service.Open(line)) {
    return LookAlone(line, style, into);
  }
  Problem problem = service.Ask(Join({"status ", NameOf(style)}));
  into = service.answer();
  return problem;
}

/// A service that is restarted meanwhile is found again.
Problem Watch(const CommandLine& line) {
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  constexpr std::string_view kClear = "\x1b[H\x1b[2J";
  while (true) {
    std::string text;
    Problem problem = Look(line, FactStyle::kBrief, text);
    if (problem.exists()) {
      text = Join({problem.sentence, "\n"});
    }
    problem = WriteOut(Join({on_terminal ? kClear : "", text, on_terminal ? "" : "\n"}));
    if (problem.exists()) {
      return problem;
    }
    ::sleep(1);
  }
}

}  // namespace

Problem RunStatus(const CommandLine& line) {
  if (line.watch) {
    return Watch(line);
  }
  std::string text;
  Problem problem = Look(line, line.json ? FactStyle::kJson : FactStyle::kLines, text);
  return problem.exists() ? problem : WriteOut(text);
}

}  // namespace connect_auth::program
