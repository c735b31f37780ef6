// SPDX-License-Identifier: Apache-2.0
//
// The smallest application: shows that headers, libraries and their order on the link line agree.
// It tells what the agent says to wrong settings, and to right ones where nobody listens.

#include <array>
#include <cstdint>
#include <cstdio>

#include "agent/agent.h"
#include "platform/none/storage.h"
#include "platform/posix/blocking.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/log.h"
#include "platform/posix/socket_connection.h"
#include "platform/posix/system_entropy.h"

namespace {

std::array<std::uint8_t, 65536> arena;
std::array<std::uint8_t, 8192> io;
std::array<std::uint8_t, 2048> token;

connect_auth::Settings NobodyListens() {
  connect_auth::Settings settings;
  settings.url = "https://127.0.0.1:1";
  settings.trust.authorities = connect_auth::AsBytes("read once a server answers");
  settings.client_id = "Application1";
  settings.client_secret = connect_auth::SecretView("Application1Password");
  settings.username = "Administrator";
  settings.password = connect_auth::SecretView("1");
  return settings;
}

}  // namespace

int main() {
  using connect_auth::Reason;
  using connect_auth::Status;
  const connect_auth::posix::BootClock clock;
  connect_auth::posix::SocketConnection connection;
  connect_auth::none::NoStorage storage;
  connect_auth::posix::SystemEntropy entropy;
  connect_auth::Agent agent({clock, connection, storage, entropy}, {arena, io, token});

  connect_auth::Settings settings = NobodyListens();
  settings.url = "http://127.0.0.1:1";
  if (agent.Start(settings) != Status::kInvalidArgument ||
      agent.last_failure().reason != Reason::kUrlNotHttps) {
    std::puts("a URL without TLS was taken");
    return 1;
  }
  settings = NobodyListens();
  if (agent.Start(settings) != Status::kOk) {
    std::puts("the agent does not start");
    return 1;
  }
  Status status = agent.RequestToken(connect_auth::Millis::Seconds(60));
  if (status == Status::kPending) {
    status = connect_auth::posix::RunToEnd(agent, connection, clock);
  }
  if (status != Status::kUnavailable || agent.last_failure().reason != Reason::kNoConnection) {
    std::printf("status %d, reason %d\n", static_cast<int>(status),
                static_cast<int>(agent.last_failure().reason));
    return 1;
  }
  std::printf("no token: no connection; log level %d\n", CONNECT_AUTH_LOG_LEVEL);
  return 0;
}
