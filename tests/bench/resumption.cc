// SPDX-License-Identifier: Apache-2.0
//
// Asks a server on this machine for a number of tokens in one process, and prints what the last of
// them sent and received, and how many microseconds they took in the median. Run by resumption.py,
// which takes the difference of two numbers of tokens.
//
// usage: connect_auth_bench_resumption PORT CA_FILE MODE COUNT
//
// MODE: full     no room for a session
//       resumed  one agent
//       restart  another agent for each token, on the same storage

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "platform/posix/blocking.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/socket_connection.h"
#include "platform/posix/system_entropy.h"
#include "tests/fake/fake_storage.h"

namespace connect_auth {
namespace {

/// Counts what passes. The address is given to it, so that no name is looked up.
class CountingConnection final : public Connection {
 public:
  explicit CountingConnection(Connection& inner) : inner_(inner) {}

  Status Connect(std::string_view /*host*/, std::uint16_t port) override {
    return inner_.Connect("127.0.0.1", port);
  }
  IoResult Write(ConstBytes data) override {
    const IoResult sent = inner_.Write(data);
    up += sent.ok() ? sent.bytes() : 0;
    segments += sent.ok() ? 1 : 0;
    return sent;
  }
  IoResult Read(Bytes into) override {
    const IoResult got = inner_.Read(into);
    down += got.ok() ? got.bytes() : 0;
    return got;
  }
  void Close() override { inner_.Close(); }

  std::size_t up = 0;
  std::size_t down = 0;
  int segments = 0;

 private:
  Connection& inner_;
};

/// The real time, and what the agent would have waited between two requests besides.
class HurriedClock final : public Clock {
 public:
  Instant Now() const override { return real_.Now() + skipped_; }
  Result<UnixSeconds> WallTime() const override { return real_.WallTime(); }
  std::uint64_t boot_id() const override { return real_.boot_id(); }

  void Skip(Millis span) { skipped_ = skipped_ + span; }

 private:
  posix::BootClock real_;
  Millis skipped_;
};

struct Bench {
  Settings settings;
  HurriedClock clock;
  posix::SocketConnection socket;
  posix::SystemEntropy entropy;
  fake::FakeStorage<> storage;
  std::array<std::uint8_t, 96 * 1024> arena{};
  std::array<std::uint8_t, 8192> io{};
  std::array<std::uint8_t, 2048> token{};
  std::array<std::uint8_t, 1024> session{};
  CountingConnection connection{socket};

  std::unique_ptr<Agent> Start(bool resumes) {
    auto agent = std::make_unique<Agent>(
        Agent::Ports{clock, connection, storage, entropy},
        Agent::Memory{arena, io, token, {}, resumes ? Bytes(session) : Bytes()});
    return agent->Start(settings) == Status::kOk ? std::move(agent) : nullptr;
  }

  bool Ask(Agent& agent) {
    connection.up = 0;
    connection.down = 0;
    connection.segments = 0;
    clock.Skip(kLeastPause);
    const Status status = agent.RequestRenewal();
    return status == Status::kPending && posix::RunToEnd(agent, socket, clock) == Status::kOk;
  }
};

int Run(std::string_view port, const char* ca_file, std::string_view mode, int count) {
  auto bench = std::make_unique<Bench>();
  std::ifstream file(ca_file);
  const std::string authorities(std::istreambuf_iterator<char>(file), {});
  const std::string url = "https://localhost:" + std::string(port);
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1};
  bench->settings.url = url;
  bench->settings.trust.authorities = {reinterpret_cast<const std::uint8_t*>(authorities.c_str()),
                                       authorities.size() + 1};
  bench->settings.client_id = "connect-auth-demo";
  bench->settings.client_secret = SecretView("Demo/Secret+0123456789==");
  bench->settings.username = "Administrator";
  bench->settings.password = SecretView("correct horse & battery staple");
  bench->settings.record_key = kKey;
  bench->settings.keep_alive = Millis{0};  // It is connections that are measured.

  std::unique_ptr<Agent> agent;
  std::vector<std::int64_t> times;
  for (int i = 0; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (!agent || mode == "restart") {
      agent.reset();
      agent = bench->Start(mode != "full");
    }
    if (!agent || !bench->Ask(*agent)) {
      std::fputs("no token\n", stderr);
      return 1;
    }
    times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%zu %zu %d %d %lld\n", bench->connection.up, bench->connection.down,
              bench->connection.segments, agent->tls_resumed() ? 1 : 0,
              static_cast<long long>(times[times.size() / 2]));
  return 0;
}

}  // namespace
}  // namespace connect_auth

int main(int count, char** arguments) {
  constexpr int kArguments = 5;
  int tokens = 0;
  if (count == kArguments) {
    const std::string_view text = arguments[4];
    std::from_chars(text.data(), text.data() + text.size(), tokens);
  }
  if (tokens < 1) {
    std::fputs("usage: connect_auth_bench_resumption PORT CA_FILE MODE COUNT\n", stderr);
    return 2;
  }
  return connect_auth::Run(arguments[1], arguments[2], arguments[3], tokens);
}
