// SPDX-License-Identifier: Apache-2.0
//
// The fakes keep the contracts of the ports they stand for.

#include <array>
#include <cstdint>

#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/fake_peer.h"
#include "tests/fake/fake_storage.h"
#include "tests/port/contract_clock.h"
#include "tests/port/contract_entropy.h"
#include "tests/port/contract_flash.h"
#include "tests/port/contract_network.h"
#include "tests/port/contract_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using fake::FakeClock;
using fake::FakeEntropy;
using fake::FakeFlash;
using fake::FakeStorage;

int RunClock() {
  FakeClock clock;
  contract::ClockFixture fixture;
  fixture.clock = &clock;
  fixture.context = &clock;
  fixture.pass = [](void* context, Millis span) {
    static_cast<FakeClock*>(context)->Advance(span);
  };
  fixture.set_wall_time = [](void* context, bool known, UnixSeconds time) {
    FakeClock& fake = *static_cast<FakeClock*>(context);
    if (known) {
      fake.SetWallTime(time);
    } else {
      fake.ForgetWallTime();
    }
  };
  fixture.reboot = [](void* context) {
    FakeClock& fake = *static_cast<FakeClock*>(context);
    fake.Reboot(fake.boot_id() + 1);
  };
  return contract::Run("fake/clock", contract::ClockSuite(fixture));
}

int RunEntropy() {
  FakeEntropy entropy;
  contract::EntropyFixture fixture;
  fixture.entropy = &entropy;
  fixture.context = &entropy;
  fixture.set_failing = [](void* context, bool failing) {
    static_cast<FakeEntropy*>(context)->SetFailing(failing);
  };
  return contract::Run("fake/entropy", contract::EntropySuite(fixture));
}

int RunFlash(const char* group, Bytes medium, const FlashGeometry& geometry) {
  FakeFlash flash(medium, geometry);
  contract::FlashFixture fixture;
  fixture.flash = &flash;
  fixture.context = &flash;
  fixture.set_broken = [](void* context, bool broken) {
    static_cast<FakeFlash*>(context)->SetBroken(broken);
  };
  fixture.reboot = [](contract::FlashFixture& self) {
    static_cast<FakeFlash*>(self.context)->PowerOn();
  };
  return contract::Run(group, contract::FlashSuite(fixture));
}

int RunFlashes() {
  static std::array<std::uint8_t, 16384> medium;
  return RunFlash("fake/flash (any byte)", medium, {4096, 4, 1, true}) +
         RunFlash("fake/flash (8 bytes with ECC)", medium, {8192, 2, 8, false}) +
         RunFlash("fake/flash (32 bytes)", medium, {4096, 4, 32, true});
}

template <typename FakeType>
int RunStorage(const char* group, FakeType& storage, Bytes scratch, std::size_t largest) {
  contract::StorageFixture fixture;
  fixture.storage = &storage;
  fixture.context = &storage;
  fixture.scratch = scratch;
  fixture.largest = largest;
  fixture.reboot = [](contract::StorageFixture&) {};  // The object is the medium.
  fixture.set_medium = [](void* context, contract::Medium medium) {
    static_cast<FakeType*>(context)->SetFailing(medium == contract::Medium::kDead);
    static_cast<FakeType*>(context)->SetReadOnly(medium == contract::Medium::kReadOnly);
    return true;
  };
  fixture.make_idle_work = [](void* context) { static_cast<FakeType*>(context)->SetIdleWork(3); };
  return contract::Run(group, contract::StorageSuite(fixture));
}

int RunStorages() {
  static std::array<std::uint8_t, 2 * Storage::kMaxRecordBytes> scratch;
  static FakeStorage<> usual;
  static FakeStorage<Storage::kMaxRecordBytes, 3> large;
  return RunStorage("fake/storage", usual, scratch, 4096) +
         RunStorage("fake/storage (64 KB)", large, scratch, Storage::kMaxRecordBytes);
}

bool StartPeer(contract::NetworkFixture& fixture, contract::Peer peer, contract::Endpoint& at) {
  fake::PeerBoard& board = *static_cast<fake::PeerBoard*>(fixture.context);
  fixture.connection = &board.Become(peer);
  at = {"server.example", 443};
  return true;
}

int RunNetwork(const char* group, std::size_t chunk) {
  static constexpr auto kNoStop = [](contract::NetworkFixture&) {};
  static constexpr auto kNoWait = [](contract::NetworkFixture&, Interest) {};
  fake::PeerBoard board(chunk);
  contract::NetworkFixture fixture;
  fixture.connection = &board.connection;
  fixture.context = &board;
  fixture.start = StartPeer;
  fixture.stop = kNoStop;
  fixture.wait = kNoWait;
  return contract::Run(group, contract::NetworkSuite(fixture));
}

}  // namespace

int main() {
  int failures = RunClock() + RunEntropy() + RunFlashes() + RunStorages();
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
    failures += RunNetwork("fake/network", chunk);
  }
  return failures == 0 ? 0 : 1;
}
