// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/command_line.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

// One function for each command. What it returns ends the program.

Problem RunToken(const CommandLine& line);
Problem RunHeader(const CommandLine& line);
Problem RunRequest(const CommandLine& line);
Problem RunStatus(const CommandLine& line);
Problem RunLogout(const CommandLine& line);
Problem RunDoctor(const CommandLine& line);
Problem RunCode(const CommandLine& line);
Problem RunLogin(const CommandLine& line);
Problem RunProvision(const CommandLine& line);
Problem RunDaemon(const CommandLine& line);

}  // namespace connect_auth::program
