// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/socket_path.h"

#include <unistd.h>

#include <cstdlib>

#include "platform/linux/text.h"

namespace connect_auth::program {

std::string SocketPath(const GivenSettings& given) {
  if (given.has(Setting::kDaemonSocket)) {
    return std::string(given.text(Setting::kDaemonSocket));
  }
  if (::geteuid() == 0) {
    return "/run/connect-auth/socket";
  }
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime != nullptr && runtime[0] == '/' ? Join({runtime, "/connect-auth/socket"})
                                                 : std::string();
}

}  // namespace connect_auth::program
