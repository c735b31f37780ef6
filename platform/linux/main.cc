// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "platform/linux/command_line.h"
#include "platform/linux/commands.h"
#include "platform/linux/output.h"
#include "platform/linux/problem.h"
#include "platform/linux/process.h"
#include "platform/posix/log.h"

// What the C++ library does when memory runs out. Its own function of that name prints the type of
// the exception, for which it brings a demangler of 30 KB; here nobody throws anything else.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
namespace __gnu_cxx {
void __verbose_terminate_handler();
void __verbose_terminate_handler() {
  constexpr std::string_view kSentence = "connect-auth: there is not enough memory\n";
  static_cast<void>(!::write(STDERR_FILENO, kSentence.data(), kSentence.size()));
  std::abort();
}
}  // namespace __gnu_cxx
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)

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
