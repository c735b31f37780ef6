// SPDX-License-Identifier: Apache-2.0
//
// The least program that uses the whole agent, over the ring. It is not meant to be run, but looked
// at: what it links (tests/checks/no_heap.py) and how large that is (sizes.py).

#include <array>

#include "agent/agent.h"
#include "agent/store/ring_storage.h"
#include "platform/none/clock.h"
#include "platform/none/entropy.h"
#include "platform/none/flash.h"
#include "platform/none/network.h"

namespace connect_auth {
namespace {

constinit none::NoClock clock;
constinit none::NoConnection connection;
constinit none::NoFlash flash;
constinit none::NoEntropy entropy;
constinit RingStorage storage(flash);
constinit std::array<std::uint8_t, 30 * 1024> tls_arena;
constinit std::array<std::uint8_t, 4096> io;
constinit std::array<std::uint8_t, 1024> token;
constinit std::array<std::uint8_t, 512> refresh_token;
constinit std::array<std::uint8_t, 640> tls_session;

/// Touches everything, so that the linker throws away only what no use of the agent needs.
Status UseAgent(const Settings& settings, const ApiRequest& request) {
  Agent agent({clock, connection, storage, entropy},
              {tls_arena, io, token, refresh_token, tls_session});
  Status status = agent.Start(settings);
  if (status == Status::kOk) {
    status = agent.AwaitToken(Millis::Seconds(60), Instant::Never());
  }
  if (status == Status::kOk) {
    status = agent.RequestApi(request);
  }
  while (status == Status::kPending && agent.wants().interest != Interest::kNothing) {
    status = agent.Poll();
  }
  agent.RejectToken(agent.token_generation());
  if (status == Status::kNeedsCode || agent.RequestRenewal() == Status::kNeedsCode) {
    status = agent.ChangeSettings(settings);
  }
  if (status == Status::kRejected) {
    status = agent.ForgetRefusal();
  }
  if (status == Status::kOk) {
    status = agent.Idle();
  }
  return agent.TakeBody().empty() ? status : agent.Forget();
}

}  // namespace
}  // namespace connect_auth

// Not known before it runs: a compiler would use what it knows.
const connect_auth::Settings* volatile the_settings;
const connect_auth::ApiRequest* volatile the_request;

int main() {
  return static_cast<int>(connect_auth::UseAgent(*the_settings, *the_request));
}
