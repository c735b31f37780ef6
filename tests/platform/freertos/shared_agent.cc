// SPDX-License-Identifier: Apache-2.0
//
// connect_auth_shared_agent PORT CA-FILE: eight tasks share an agent that asks the server at that
// port of the loopback, in one situation after the other. Writes what they got, a line for each:
// `SITUATION STATUS TOKEN` once for each task, if not said otherwise. Ends with 1 where one that
// was patient got none, or late.
#include <algorithm>
#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <functional>
#include <string>

#include "FreeRTOS.h"
#include "agent/agent.h"
#include "platform/freertos/shared_agent.h"
#include "platform/freertos/tick_clock.h"
#include "platform/freertos/ticks.h"
#include "platform/none/storage.h"
#include "platform/posix/system_entropy.h"
#include "task.h"
#ifdef SHARED_AGENT_OVER_PLUS_TCP
#include "platform/freertos/plus_tcp_connection.h"
#else
#include "platform/freertos/socket_connection.h"
#include "tests/platform/freertos/lwip_host.h"
#include "tests/platform/freertos/relay.h"
#endif

namespace connect_auth {
namespace {

using freertos::SharedAgent;
using freertos::TickClock;

#ifdef SHARED_AGENT_OVER_PLUS_TCP
using StackConnection = freertos::PlusTcpConnection;

/// @return the port at which the stack's loopback has what listens at that port of the system's.
std::uint16_t StartStack(std::uint16_t port) {
  return port;
}
#else
using StackConnection = freertos::SocketConnection;

std::uint16_t StartStack(std::uint16_t port) {
  test::lwip_host::Start();
  auto& relay = *new test::Relay;
  return relay.Listen(port);
}
#endif

constexpr int kTasks = 8;
constexpr int kRounds = 30;
constexpr std::size_t kStackWords = 16384;  // So that all that is used can be told.
constexpr Millis kPatient = Millis::Seconds(10);
constexpr Millis kSoon = Millis::Seconds(7);
constexpr Millis kThroughLeaps = Millis::Seconds(10'000'000);
constexpr Millis kImpatient{100};
constexpr Millis kLife = Millis::Seconds(4000);

std::array<std::uint8_t, 98304> arena;
std::array<std::uint8_t, 8192> io;
std::array<std::uint8_t, 2048> token_room;
std::array<char, 16384> authorities;
std::array<StackType_t, kStackWords> stack;

TickClock clock(1);  // NOLINT: as a device has it.

/// Time that passes when the test says so, in the kernel's own ticks.
void Leap(Millis span) {
  xTaskCatchUpTicks(freertos::TicksFor(span));
}

/// A task, which does one thing and then sleeps for ever.
struct Worker {
  std::function<void()> work;
  std::atomic<int>* done = nullptr;
  StaticTask_t memory{};
  std::array<StackType_t, kStackWords> stack{};
};

void RunWorker(void* context) {
  auto& worker = *static_cast<Worker*>(context);
  worker.work();
  ++*worker.done;
  for (;;) {
    vTaskDelay(portMAX_DELAY);
  }
}

/// The tasks, while they work and after that.
class Crew {
 public:
  TaskHandle_t Begin(std::function<void()> work) {
    Worker& worker = workers_.emplace_back();
    worker.work = std::move(work);
    worker.done = &done_;
    return xTaskCreateStatic(RunWorker, "worker", worker.stack.size(), &worker, 1,
                             worker.stack.data(), &worker.memory);
  }
  void AwaitAll() const {
    while (done_ < static_cast<int>(workers_.size())) {
      vTaskDelay(1);
    }
  }

 private:
  std::deque<Worker> workers_;
  std::atomic<int> done_{0};
};

/// For ever: its tasks are.
Crew& crew = *new Crew;

/// What a task got.
struct Outcome {
  Status status = Status::kOk;
  std::uint32_t generation = 0;
  std::string token;
};

Outcome Take(SharedAgent& agent, Millis at_most) {
  std::array<std::uint8_t, 2048> room{};
  const Instant before = clock.Now();
  const Result<SharedAgent::Taken> taken = agent.TakeToken(Millis{0}, at_most, room);
  if (at_most == kPatient && (!taken.ok() || clock.Now() - before > kSoon)) {
    std::fprintf(stderr, "a patient task got %d after too long\n",
                 static_cast<int>(taken.status()));
    std::_Exit(1);
  }
  const SharedAgent::Taken what = taken.value_or(SharedAgent::Taken{});
  return {taken.status(), what.generation, std::string(AsText(ConstBytes(room).first(what.size)))};
}

void Print(const char* situation, const Outcome& outcome) {
  std::printf("%s %d %s\n", situation, static_cast<int>(outcome.status), outcome.token.c_str());
}

/// All tasks at once; the first `impatient` of them do not wait for long.
///
/// @param rejected  Each says that the API refused the token of this generation; 0: nobody does.
void Run(const char* situation, SharedAgent& agent, int impatient, std::uint32_t rejected) {
  std::array<Outcome, kTasks> outcomes;
  for (int i = 0; i < kTasks; ++i) {
    Outcome& outcome = outcomes[static_cast<std::size_t>(i)];
    crew.Begin([&agent, &outcome, i, impatient, rejected] {
      if (rejected != 0) {
        agent.RejectToken(rejected);
      }
      outcome = Take(agent, i < impatient ? kImpatient : kPatient);
    });
  }
  crew.AwaitAll();
  for (const Outcome& outcome : outcomes) {
    Print(situation, outcome);
  }
}

/// Takes, rejects and asks how things stand for as long as the rounds last. Writes `hammer
/// GENERATION TOKEN` for each token that a task saw.
void Hammer(SharedAgent& agent) {
  std::atomic<std::uint32_t> rejected{0};
  std::atomic<bool> over{false};
  std::array<std::deque<Outcome>, kTasks> seen;
  std::array<std::atomic<std::uint32_t>, kTasks> latest{};
  for (std::size_t i = 0; i < kTasks; ++i) {
    crew.Begin([&, &outcomes = seen[i], &last = latest[i]] {
      while (!over) {
        Outcome outcome = Take(agent, kThroughLeaps);
        const SharedAgent::Report report = agent.report();
        const bool is_odd = outcome.status != Status::kOk || report.generation < outcome.generation;
        if (is_odd || outcomes.empty() || outcomes.back().generation != outcome.generation) {
          outcomes.push_back(outcome);
        }
        last = outcome.generation;
        if (rejected == outcome.generation) {
          agent.RejectToken(outcome.generation);
        }
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    const std::uint32_t present = agent.report().generation;
    // Every third token is over by itself, the others are refused by the API.
    Leap(round % 3 == 0 ? kLife : Millis::Seconds(1000));
    rejected = round % 3 == 0 ? 0 : present;
    const auto is_renewed = [present](std::uint32_t generation) { return generation > present; };
    while (!std::all_of(latest.begin(), latest.end(), is_renewed)) {
      vTaskDelay(1);
    }
  }
  over = true;
  crew.AwaitAll();
  for (const std::deque<Outcome>& outcomes : seen) {
    for (const Outcome& outcome : outcomes) {
      std::printf("hammer %d %" PRIu32 " %s\n", static_cast<int>(outcome.status),
                  outcome.generation, outcome.token.c_str());
    }
  }
}

Status Renew(Agent& agent, void*) {
  return agent.RequestRenewal();
}

Status Wrong(Agent& agent, void*) {
  return agent.ChangeSettings(Settings());
}

/// Errands: `renewal STATUS TOKEN` after one that asks for a new token, `meanwhile STATUS MILLIS`
/// for one while that is on its way, and `late STATUS` for one that fails.
void RunErrands(SharedAgent& agent) {
  Leap(kLeastPause);
  const std::uint32_t before = agent.report().generation;
  std::printf("asked %d\n", static_cast<int>(agent.Do(Renew, nullptr)));
  while (!agent.report().is_requesting_token) {
    vTaskDelay(1);
  }
  vTaskDelay(200);  // The request has been sent by now, and select() waits for the answer.
  const Status status = agent.Do(Wrong, nullptr);
  std::printf("meanwhile %d %d\n", static_cast<int>(status), agent.report().is_requesting_token);
  while (agent.report().generation == before) {
    vTaskDelay(1);
  }
  Print("renewal", Take(agent, Millis::Seconds(1)));
}

void RunAll(SharedAgent& agent) {
  Run("start", agent, 0, 0);
  Run("again", agent, 0, 0);
  Leap(kLife);
  Run("expiry", agent, 0, 0);
  Leap(kLeastPause);
  const std::uint32_t generation = agent.report().generation;
  Run("rejected", agent, 0, generation);
  Run("rejected_late", agent, 0, generation);
  Leap(kLife);
  Run("some_impatient", agent, kTasks / 2, 0);
  Leap(kLife);
  Run("all_impatient", agent, kTasks, 0);
  Run("gone_on_with", agent, 0, 0);
  RunErrands(agent);
  std::array<std::uint8_t, 1> room{};
  const Status status = agent.TakeToken(Millis{0}, Millis{0}, room).status();
  std::printf("too_small %d\n", static_cast<int>(status));
  Hammer(agent);
}

std::size_t StackUse(TaskHandle_t task) {
  return (kStackWords - uxTaskGetStackHighWaterMark(task)) * sizeof(StackType_t);
}

/// `stack OCTETS CALLER` that the agent's own task used at most, and a task that takes a token and
/// so begins a request.
void PrintStackUse(SharedAgent& agent) {
  TaskHandle_t own = nullptr;
  const auto who = [](Agent&, void* handle) {
    *static_cast<TaskHandle_t*>(handle) = xTaskGetCurrentTaskHandle();
    return Status::kOk;
  };
  static_cast<void>(agent.Do(who, static_cast<void*>(&own)));
  Leap(kLife);
  static std::array<std::uint8_t, 2048> room;
  const TaskHandle_t caller =
      crew.Begin([&agent] { static_cast<void>(agent.TakeToken(Millis{0}, kThroughLeaps, room)); });
  crew.AwaitAll();
  std::printf("stack %zu %zu\n", StackUse(own), StackUse(caller));
}

/// One whose settings are wrong: `not_started STATUS START`.
void RunNotStarted() {
  auto& connection = *new StackConnection;
  auto& storage = *new none::NoStorage;
  auto& entropy = *new posix::SystemEntropy;
  auto& agent = *new Agent({clock, connection, storage, entropy}, {arena, io, token_room});
  auto& shared = *new SharedAgent(agent, connection, clock);
  static std::array<StackType_t, 2048> its_stack;
  static const Settings nothing;
  shared.Start(nothing, its_stack, 2);
  const Outcome outcome = Take(shared, kThroughLeaps);
  std::printf("not_started %d %d\n", static_cast<int>(outcome.status),
              static_cast<int>(shared.report().start));
}

int Main(int argc, char** argv) {
  std::FILE* const file = argc == 3 ? std::fopen(argv[2], "r") : nullptr;
  if (file == nullptr) {
    return 2;
  }
  const std::size_t size = std::fread(authorities.data(), 1, authorities.size() - 1, file) + 1;
  static_cast<void>(std::fclose(file));
  const std::uint16_t port = StartStack(static_cast<std::uint16_t>(std::atoi(argv[1])));
  static const std::string url = "https://localhost:" + std::to_string(port);
  static Settings settings;
  settings.url = url;
  settings.trust.authorities = AsBytes({authorities.data(), size});
  settings.client_id = "connect-auth-demo";
  settings.client_secret = SecretView("Demo/Secret+0123456789==");
  settings.username = "Administrator";
  settings.password = SecretView("correct horse & battery staple");
  clock.SetWallTime(UnixSeconds{std::time(nullptr)});
  RunNotStarted();
  // As a device has them: for ever.
  auto& connection = *new StackConnection;
  auto& storage = *new none::NoStorage;
  auto& entropy = *new posix::SystemEntropy;
  auto& agent = *new Agent({clock, connection, storage, entropy}, {arena, io, token_room});
  auto& shared = *new SharedAgent(agent, connection, clock);
  shared.Start(settings, stack, 2);
  RunAll(shared);
  PrintStackUse(shared);
  return 0;
}

}  // namespace
}  // namespace connect_auth

int main(int argc, char** argv) {
  return connect_auth::Main(argc, argv);
}
