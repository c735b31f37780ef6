// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/commands.h"
#include "platform/linux/daemon/daemon.h"

namespace connect_auth::program {

Problem RunDaemon(const CommandLine& line) {
  Daemon daemon;
  return daemon.Run(line);
}

}  // namespace connect_auth::program
