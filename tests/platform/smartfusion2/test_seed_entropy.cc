// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "agent/store/ring_storage.h"
#include "platform/smartfusion2/seed_entropy.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/fake_storage.h"
#include "tests/port/contract_entropy.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using fake::FakeFlash;
using fake::FakeStorage;
using smartfusion2::SeedEntropy;

constexpr std::array<std::uint8_t, 32> kKey{1, 2, 3};
constexpr std::array<std::uint8_t, 32> kFirstSeed{4, 5, 6};
constexpr std::array<std::uint8_t, 2> kExtra{7, 8};

Status Start(SeedEntropy& entropy, FakeStorage<>& storage, ConstBytes key = kKey,
             ConstBytes first_seed = kFirstSeed, ConstBytes extra = kExtra) {
  return entropy.Start(storage, key, first_seed, extra);
}

std::string Draw(SeedEntropy& entropy) {
  std::array<std::uint8_t, 48> octets{};
  assert_true(entropy.Fill(octets) == Status::kOk);
  return std::string(AsText(octets));
}

std::string FirstOf(ConstBytes key, ConstBytes first_seed, ConstBytes extra) {
  FakeStorage<> storage;
  SeedEntropy entropy;
  assert_true(Start(entropy, storage, key, first_seed, extra) == Status::kOk);
  return Draw(entropy);
}

void seed_entropy_never_gives_the_same_twice(void**) {
  FakeStorage<> storage;
  std::set<std::string> drawn;
  for (int boot = 0; boot < 20; ++boot) {
    SeedEntropy entropy;
    assert_true(Start(entropy, storage) == Status::kOk);
    for (int i = 0; i < 5; ++i) {
      assert_true(drawn.insert(Draw(entropy)).second);
    }
  }
}

void seed_entropy_depends_on_key_seed_and_extra(void**) {
  constexpr std::array<std::uint8_t, 32> kOther{9};
  const std::string first = FirstOf(kKey, kFirstSeed, kExtra);
  assert_true(first == FirstOf(kKey, kFirstSeed, kExtra));
  assert_true(first != FirstOf(kOther, kFirstSeed, kExtra));
  assert_true(first != FirstOf(kKey, kOther, kExtra));
  assert_true(first != FirstOf(kKey, kFirstSeed, kOther));
}

void seed_entropy_keeps_neither_seed_nor_output_in_storage(void**) {
  FakeStorage<> storage;
  SeedEntropy entropy;
  assert_true(Start(entropy, storage) == Status::kOk);
  const std::string stored(AsText(storage.contents(SeedEntropy::kName)));
  assert_int_equal(stored.size(), SeedEntropy::kBytes);
  assert_true(stored != AsText(kFirstSeed));
  assert_true(Draw(entropy).find(stored) == std::string::npos);
}

/// Whatever call fails: nothing is given before the next seed is stored, and nothing twice.
void seed_entropy_gives_nothing_without_a_stored_successor(void**) {
  for (std::uint32_t failing = 1; failing <= 2; ++failing) {
    FakeStorage<> storage;
    storage.FailCall(failing);
    SeedEntropy entropy;
    std::array<std::uint8_t, 8> octets{};
    assert_true(entropy.Fill(octets) == Status::kUnavailable);
    assert_true(Start(entropy, storage) == Status::kUnavailable);
    assert_true(entropy.Fill(octets) == Status::kUnavailable);
    assert_true(Start(entropy, storage) == Status::kOk);
    assert_true(entropy.Fill(octets) == Status::kOk);
  }
}

/// One device whose power goes in every change of its flash, in every way, one after the other.
/// What a start that was cut gives, and the next one, which is not, was never given before.
void seed_entropy_gives_nothing_twice_when_power_goes_at_any_moment(void**) {
  constexpr FlashGeometry kGeometry{.block_bytes = 4096, .block_count = 3};
  static std::array<std::uint8_t, kGeometry.size()> medium;
  FakeFlash(medium, kGeometry).Blank();
  std::set<std::string> drawn;
  int failed = 0;
  for (std::uint32_t cut = 1; cut <= 12; ++cut) {
    for (const fake::Tear tear : fake::kTears) {
      for (const bool goes : {true, false}) {
        FakeFlash flash(medium, kGeometry);
        if (goes) {
          flash.CutAt(cut, tear);
        }
        RingStorage storage(flash);
        SeedEntropy entropy;
        const Status status = entropy.Start(storage, kKey, kFirstSeed, kExtra);
        std::array<std::uint8_t, 32> octets{};
        assert_true(entropy.Fill(octets) == status);
        assert_true(status == Status::kOk || goes);
        assert_true(status != Status::kOk || drawn.insert(std::string(AsText(octets))).second);
        failed += status == Status::kOk ? 0 : 1;
        while (storage.Idle() == Status::kPending) {
        }
      }
    }
  }
  assert_in_range(failed, 6, drawn.size());
}

void seed_entropy_does_not_trust_a_seed_of_another_size(void**) {
  FakeStorage<> storage;
  assert_true(storage.Store(SeedEntropy::kName, kExtra) == Status::kOk);
  SeedEntropy entropy;
  assert_true(Start(entropy, storage) == Status::kUnavailable);
}

int RunContract() {
  static FakeStorage<> storage;
  static SeedEntropy entropy;
  assert_true(Start(entropy, storage) == Status::kOk);
  contract::EntropyFixture fixture;
  fixture.entropy = &entropy;
  return contract::Run("smartfusion2/seed_entropy", contract::EntropySuite(fixture));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(seed_entropy_never_gives_the_same_twice),
      cmocka_unit_test(seed_entropy_depends_on_key_seed_and_extra),
      cmocka_unit_test(seed_entropy_keeps_neither_seed_nor_output_in_storage),
      cmocka_unit_test(seed_entropy_gives_nothing_without_a_stored_successor),
      cmocka_unit_test(seed_entropy_gives_nothing_twice_when_power_goes_at_any_moment),
      cmocka_unit_test(seed_entropy_does_not_trust_a_seed_of_another_size),
  };
  return cmocka_run_group_tests_name("smartfusion2/seed_entropy", tests, nullptr, nullptr) +
         RunContract();
}
