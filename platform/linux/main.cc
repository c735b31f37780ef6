// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/command_line.h"
#include "platform/linux/commands.h"
#include "platform/linux/output.h"
#include "platform/linux/problem.h"
#include "platform/linux/process.h"
#include "platform/posix/log.h"

namespace connect_auth::program {
namespace {

constexpr int kEverything = 4;

Problem Run(const CommandLine& line) {
  switch (line.command) {
    case Command::kToken:
      return RunToken(line);
    case Command::kHeader:
      return RunHeader(line);
    case Command::kRequest:
      return RunRequest(line);
    case Command::kStatus:
      return RunStatus(line);
    case Command::kLogout:
      return RunLogout(line);
    case Command::kDoctor:
      return RunDoctor(line);
    case Command::kCode:
      return RunCode(line);
    case Command::kLogin:
      return RunLogin(line);
    case Command::kProvision:
      return RunProvision(line);
    case Command::kDaemon:
      return RunDaemon(line);
    case Command::kVersion:
      return PrintVersion();
    case Command::kNone:
    case Command::kHelp:
      break;
  }
  return PrintHelp();
}

ExitCode Main(int argc, char** argv) {
  ProtectProcess();
  ShareHeap();
  CommandLine line;
  Problem problem = ParseCommandLine(argc, argv, line);
  if (!problem.exists()) {
    SetVerbose(line.verbose);
    posix::SetLogLevel(line.verbose ? kEverything : 0);
    problem = Run(line);
  }
  if (problem.exists()) {
    Complain(problem.sentence);
  }
  return problem.code;
}

}  // namespace
}  // namespace connect_auth::program

int main(int argc, char** argv) {
  return static_cast<int>(connect_auth::program::Main(argc, argv));
}
