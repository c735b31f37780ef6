// SPDX-License-Identifier: Apache-2.0
//
// The least program that uses the whole agent. It is not meant to be run, but looked at: what it
// links (tests/checks/no_heap.py) and how large that is (sizes.py).

#include <array>

#include "agent/agent.h"
#include "platform/none/clock.h"
#include "platform/none/entropy.h"
#include "platform/none/network.h"
#include "platform/none/storage.h"

namespace connect_auth {
namespace {

constinit none::NoClock clock;
constinit none::NoConnection connection;
constinit none::NoStorage storage;
constinit none::NoEntropy entropy;
constinit std::array<std::uint8_t, 64 * 1024> tls_arena;
constinit std::array<std::uint8_t, 4096> io;
constinit std::array<std::uint8_t, 1024> token;

/// Touches everything, so that the linker throws away only what no use of the agent needs.
Status UseAgent(const Settings& settings, const ApiRequest& request) {
  Agent agent({clock, connection, storage, entropy}, {tls_arena, io, token});
  Status status = agent.Start(settings);
  if (status == Status::kOk) {
    status = agent.RequestToken(Millis::Seconds(60));
  }
  if (status == Status::kOk) {
    status = agent.RequestApi(request);
  }
  while (status == Status::kPending && agent.wants().interest != Interest::kNothing) {
    status = agent.Poll();
  }
  return agent.TakeBody().empty() ? status : agent.Forget();
}

}  // namespace
}  // namespace connect_auth

int main() {
  const connect_auth::Settings settings;
  const connect_auth::ApiRequest request;
  return static_cast<int>(connect_auth::UseAgent(settings, request));
}
