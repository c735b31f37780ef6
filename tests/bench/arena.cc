// SPDX-License-Identifier: Apache-2.0
//
// Searches the smallest TLS arena with which a whole request succeeds, by version and kind of key,
// in a full handshake and in a resumed one, and prints it as a Markdown table. The peer is OpenSSL
// in memory, its chain a server and a root.

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "agent/agent.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::Keys;

constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n"
    "{\"access_token\":\"AbC-_123\",\"token_type\":\"bearer\",\"expires_in\":3600}";
constexpr std::size_t kStep = 64;

std::array<std::uint8_t, 128 * 1024> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token_room;
std::array<std::uint8_t, 1024> session_room;
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1};

/// @param storage  Holds a session to resume, or none.
bool Succeeds(tests::TlsPeer& peer, fake::FakeStorage<>& storage, std::size_t arena_size) {
  fake::FakeClock clock;
  clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
  fake::FakeEntropy entropy;
  Settings settings = tests::PageSettings();
  settings.trust.authorities = peer.ca_pem();
  settings.record_key = kKey;
  Agent agent({clock, peer, storage, entropy},
              {Bytes(arena).first(arena_size), io, token_room, {}, session_room});
  if (agent.Start(settings) != Status::kOk) {
    return false;
  }
  Status status = agent.RenewToken();
  while (status == Status::kPending) {
    clock.Advance(Millis{1});
    status = agent.Poll();
  }
  return status == Status::kOk;
}

std::size_t LeastArena(int version, Keys keys, bool resumed) {
  tests::PeerOptions options;
  options.tls_version = version;
  options.certificate.keys = keys;
  tests::TlsPeer peer(options, kReply);
  fake::FakeStorage<> primed;
  if (resumed && !Succeeds(peer, primed, arena.size())) {
    return 0;
  }
  std::size_t too_small = 0;
  std::size_t enough = arena.size();
  while (enough - too_small > kStep) {
    const std::size_t middle = (too_small + enough) / 2;
    fake::FakeStorage<> storage = primed;
    (Succeeds(peer, storage, middle) ? enough : too_small) = middle;
  }
  return enough;
}

}  // namespace
}  // namespace connect_auth

int main() {
  using connect_auth::tests::Keys;
  constexpr struct {
    Keys keys;
    const char* name;
  } kRows[] = {{Keys::kP256, "ECDSA P-256"},
               {Keys::kRsa2048, "RSA 2048"},
               {Keys::kRsa2048Below4096, "RSA 2048 below a root of 4096"}};
  std::printf("| chain | TLS 1.2 | resumed | TLS 1.3 | resumed |\n|---|---:|---:|---:|---:|\n");
  for (const auto& row : kRows) {
    std::printf("| %s ", row.name);
    for (const int version : {12, 13}) {
      std::printf("| %zu | %zu ", connect_auth::LeastArena(version, row.keys, false),
                  connect_auth::LeastArena(version, row.keys, true));
    }
    std::printf("|\n");
  }
  return 0;
}
