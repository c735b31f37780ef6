// SPDX-License-Identifier: Apache-2.0
//
// The agent on the platform that always links: where a new port begins.

#include <array>
#include <cstdint>

#include "agent/agent.h"
#include "platform/none/clock.h"
#include "platform/none/entropy.h"
#include "platform/none/network.h"
#include "platform/none/storage.h"

namespace {

std::array<std::uint8_t, 32768> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token;

}  // namespace

int main() {
  const connect_auth::none::NoClock clock;
  connect_auth::none::NoConnection connection;
  connect_auth::none::NoStorage storage;
  connect_auth::none::NoEntropy entropy;
  connect_auth::Agent agent({clock, connection, storage, entropy}, {arena, io, token});
  connect_auth::Settings settings;
  settings.url = "https://server.domain.tld";
  settings.trust.authorities = connect_auth::AsBytes("never read");
  settings.client_id = "Application1";
  settings.client_secret = connect_auth::SecretView("Application1Password");
  settings.username = "Administrator";
  settings.password = connect_auth::SecretView("1");
  const bool honest = agent.Start(settings) == connect_auth::Status::kUnavailable &&
                      agent.last_failure().reason == connect_auth::Reason::kNoEntropy;
  return honest ? 0 : 1;
}
