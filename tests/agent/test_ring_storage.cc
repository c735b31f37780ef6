// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_storage.h"

#include <array>
#include <cstdint>
#include <new>

#include "tests/cmocka.h"
#include "tests/fake/fake_flash.h"
#include "tests/port/contract_storage.h"

namespace connect_auth {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;
constexpr std::uint32_t kBlocks = 4;

std::array<std::uint8_t, kBlockBytes * kBlocks> medium;
std::array<std::uint8_t, 2 * kBlockBytes> scratch;

/// A ring on a fake part, with the hooks of the contract suite.
struct Rig {
  explicit Rig(const FlashGeometry& geometry) : flash(medium, geometry), ring(flash) {
    flash.Blank();
    fixture.storage = &ring;
    fixture.context = this;
    fixture.scratch = scratch;
    fixture.largest = RingStorage::LargestRecord(geometry, Storage::kMaxNameBytes);
    fixture.reboot = [](contract::StorageFixture& of) {
      Rig& rig = *static_cast<Rig*>(of.context);
      of.storage = new (&rig.ring) RingStorage(rig.flash);
    };
    fixture.set_medium = [](void* context, contract::Medium medium_state) {
      Rig& rig = *static_cast<Rig*>(context);
      rig.flash.SetBroken(medium_state == contract::Medium::kDead);
      rig.flash.SetReadOnly(medium_state == contract::Medium::kReadOnly);
      return true;
    };
    fixture.make_idle_work = [](void* context) {
      Storage& storage = static_cast<Rig*>(context)->ring;
      assert_int_equal(storage.Store("gone", AsBytes("x")), Status::kOk);
      assert_int_equal(storage.Erase("gone"), Status::kOk);
    };
  }

  fake::FakeFlash flash;
  RingStorage ring;
  contract::StorageFixture fixture;
};

int RunContract(const char* name, std::uint32_t program_bytes, bool reprogrammable) {
  static Rig* rig = nullptr;
  alignas(Rig) static std::array<std::uint8_t, sizeof(Rig)> room;
  rig = new (room.data()) Rig({kBlockBytes, kBlocks, program_bytes, reprogrammable});
  return contract::Run(name, contract::StorageSuite(rig->fixture));
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  int failed = 0;
  failed += RunContract("agent/ring_storage/contract, units of 1", 1, true);
  failed += RunContract("agent/ring_storage/contract, units of 16", 16, true);
  failed += RunContract("agent/ring_storage/contract, units of 32 with ECC", 32, false);
  return failed;
}
