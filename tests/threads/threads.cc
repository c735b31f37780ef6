// SPDX-License-Identifier: Apache-2.0
//
// connect_auth_threads URL CA-FILE: ten threads share an agent, in one situation after the other.
// Writes a line for each: `SITUATION STATUS TOKEN` once for each thread.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "agent/agent.h"
#include "platform/none/storage.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/shared.h"
#include "platform/posix/socket_connection.h"
#include "platform/posix/system_entropy.h"

namespace connect_auth {
namespace {

constexpr std::size_t kThreads = 10;
constexpr Millis kPatient = Millis::Seconds(30);
constexpr Millis kImpatient{200};

std::array<std::uint8_t, 98304> arena;
std::array<std::uint8_t, 8192> io;
std::array<std::uint8_t, 2048> token_room;
std::array<char, 16384> authorities;

/// The kernel's clock, with time that passes when the test says so.
class LeapingClock final : public Clock {
 public:
  void Leap(Millis span) { ahead_ += span.count; }
  Instant Now() const override { return clock_.Now() + Millis{ahead_}; }
  Result<UnixSeconds> WallTime() const override { return clock_.WallTime(); }
  std::uint64_t boot_id() const override { return clock_.boot_id(); }

 private:
  posix::BootClock clock_;
  std::atomic<std::int64_t> ahead_{0};
};

using SharedAgent = posix::Shared<Agent>;

/// What a thread got.
struct Outcome {
  Status status = Status::kOk;
  SharedAgent::Taken taken;
  std::array<std::uint8_t, 2048> token{};
};

void Take(SharedAgent& agent, Millis at_most, Outcome& outcome) {
  const Result<SharedAgent::Taken> taken = agent.TakeToken(Millis{0}, at_most, outcome.token);
  outcome.status = taken.status();
  outcome.taken = taken.value_or(SharedAgent::Taken{});
}

/// Ten threads at once; the first `impatient` of them do not wait for long.
///
/// @param rejected  Each says that the API refused the token of this generation; 0: nobody does.
/// @return  The generation that the last thread got.
std::uint32_t Run(const char* situation, SharedAgent& agent, std::size_t impatient,
                  std::uint32_t rejected) {
  std::vector<Outcome> outcomes(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&agent, &outcome = outcomes[i], i, impatient, rejected] {
      if (rejected != 0) {
        agent.RejectToken(rejected);
      }
      Take(agent, i < impatient ? kImpatient : kPatient, outcome);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const Outcome& outcome : outcomes) {
    const std::string token(AsText(ConstBytes(outcome.token).first(outcome.taken.size)));
    std::printf("%s %d %s\n", situation, static_cast<int>(outcome.status), token.c_str());
  }
  return outcomes.back().taken.generation;
}

int RunAll(SharedAgent& agent, LeapingClock& clock) {
  constexpr Millis kLife = Millis::Seconds(4000);
  std::uint32_t generation = Run("start", agent, 0, 0);
  Run("again", agent, 0, 0);
  clock.Leap(kLife);
  generation = Run("expiry", agent, 0, 0);
  clock.Leap(kLeastPause);
  Run("rejected", agent, 0, generation);
  Run("rejected_late", agent, 0, generation);
  clock.Leap(kLife);
  Run("some_impatient", agent, kThreads / 2, 0);
  clock.Leap(kLife);
  Run("all_impatient", agent, kThreads, 0);
  Run("gone_on_with", agent, 0, 0);
  std::array<std::uint8_t, 1> room{};
  const Status status = agent.TakeToken(Millis{0}, kPatient, room).status();
  std::printf("too_small %d\n", static_cast<int>(status));
  return 0;
}

int Main(int argc, char** argv) {
  std::FILE* const file = argc == 3 ? std::fopen(argv[2], "r") : nullptr;
  if (file == nullptr) {
    return 2;
  }
  const std::size_t size = std::fread(authorities.data(), 1, authorities.size() - 1, file) + 1;
  static_cast<void>(std::fclose(file));
  Settings settings;
  settings.url = argv[1];
  settings.trust.authorities = AsBytes({authorities.data(), size});
  settings.client_id = "connect-auth-demo";
  settings.client_secret = SecretView("Demo/Secret+0123456789==");
  settings.username = "Administrator";
  settings.password = SecretView("correct horse & battery staple");
  LeapingClock clock;
  posix::SocketConnection connection;
  none::NoStorage storage;
  posix::SystemEntropy entropy;
  Agent agent({clock, connection, storage, entropy}, {arena, io, token_room});
  if (agent.Start(settings) != Status::kOk) {
    return 1;
  }
  SharedAgent shared(agent, connection, clock);
  return RunAll(shared, clock);
}

}  // namespace
}  // namespace connect_auth

int main(int argc, char** argv) {
  return connect_auth::Main(argc, argv);
}
