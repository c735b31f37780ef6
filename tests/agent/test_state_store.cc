// SPDX-License-Identifier: Apache-2.0
#include "agent/store/state_store.h"

#include <algorithm>
#include <array>

#include "mbedtls/platform.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

using Stored = StateStore::Stored;
using Key = std::array<std::uint8_t, Settings::kRecordKeyBytes>;

constexpr Key kKey = {1, 2, 3};
constexpr Key kOtherKey = {3, 2, 1};
constexpr std::string_view kToken = "AbC-_123";

/// A device's storage, and a store on it.
struct Rig {
  Rig() : store(storage, engine), state(token_room, refresh_room) {
    assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
    store.Begin(kKey, fingerprint);
  }
  ~Rig() { engine.Stop(); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void UseToken() {
    assert_int_equal(state.token.Assign(SecretView(kToken), 60, Anchor::Now(clock)), Status::kOk);
  }
  /// What a store finds that was just started with this key.
  Stored Find(const Key& key, const Fingerprint& configuration) {
    state.Wipe();
    store.Begin(key, configuration);
    store.Load(state, room);
    assert_true(std::all_of(room.begin(), room.end(), [](std::uint8_t b) { return b == 0; }) ||
                store.stored() != Stored::kOpened);
    return store.stored();
  }

  std::array<std::uint8_t, 16384> arena{};
  std::array<std::uint8_t, 256> room{};
  std::array<std::uint8_t, 64> token_room{};
  std::array<std::uint8_t, 64> refresh_room{};
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  fake::FakeStorage<> storage;
  Engine engine;
  Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  StateStore store;
  State state;
};

void state_store_finds_what_it_saved(void**) {
  Rig rig;
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kNothing);
  rig.UseToken();
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);

  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kOpened);

  assert_true(rig.state.token.text().Reveal() == kToken);
  assert_int_equal(rig.store.writes(), 2);
}

void state_store_says_why_it_finds_nothing_of_use(void**) {
  Rig rig;
  Settings other = tests::PageSettings();
  other.username = "Somebody";
  rig.UseToken();
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);

  assert_true(rig.Find(kOtherKey, rig.fingerprint) == Stored::kOtherKey);
  assert_true(rig.state.token.empty());
  assert_int_equal(rig.store.writes(), 1);
  assert_true(rig.Find(kKey, FingerprintOf(other)) == Stored::kOtherConfiguration);
  assert_int_equal(rig.storage.Store("state", AsBytes("CA")), Status::kOk);
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kDamaged);
  const std::array<std::uint8_t, 300> too_long{};
  assert_int_equal(rig.storage.Store("state", too_long), Status::kOk);
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kDamaged);
  rig.storage.SetFailing(true);
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kUnreadable);
}

void state_store_keeps_the_rest_where_the_token_has_no_room(void**) {
  Rig rig;
  rig.UseToken();
  rig.state.spent_code = {7};
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);
  State small({rig.token_room.data(), 4}, {});

  rig.store.Load(small, rig.room);

  assert_true(rig.store.stored() == Stored::kOpened);
  assert_true(small.token.empty());
  assert_int_equal(small.spent_code[0], 7);
}

void state_store_without_a_key_keeps_nothing(void**) {
  Rig rig;
  rig.store.Begin({}, rig.fingerprint);
  rig.UseToken();

  assert_false(rig.store.keeps());
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);
  rig.store.Load(rig.state, rig.room);

  assert_int_equal(rig.storage.stores(), 0);
  assert_int_equal(rig.storage.loads(), 0);
  assert_true(rig.store.stored() == Stored::kNothing);
}

void state_store_save_needs_room_storage_and_random_octets(void**) {
  Rig rig;
  rig.UseToken();
  const std::size_t size = SealedRecord::kOverheadBytes + StateRecord::Size(rig.state);
  for (std::size_t room = 0; room < size; ++room) {
    assert_int_equal(rig.store.Save(rig.state, Bytes(rig.room).first(room)),
                     Status::kBufferTooSmall);
  }
  assert_int_equal(rig.store.Save(rig.state, Bytes(rig.room).first(size)), Status::kOk);

  rig.storage.SetFailing(true);
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kUnavailable);
  rig.storage.SetFailing(false);
  void* rest = nullptr;
  for (std::size_t want = rig.arena.size(); want >= 8; want /= 2) {
    while ((rest = mbedtls_calloc(1, want)) != nullptr) {
    }
  }
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOutOfMemory);
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kUnreadable);  // For want of memory.
}

void state_store_forgets_tokens_and_keeps_marks(void**) {
  Rig rig;
  rig.UseToken();
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);
  rig.state.WipeTokens();
  assert_int_equal(rig.store.Forget(rig.state, rig.room), Status::kOk);
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kNothing);

  rig.UseToken();
  rig.state.spent_code = {7};
  assert_int_equal(rig.store.Save(rig.state, rig.room), Status::kOk);
  const std::uint32_t erases = rig.storage.erases();
  rig.state.WipeTokens();
  assert_int_equal(rig.store.Forget(rig.state, rig.room), Status::kOk);
  assert_int_equal(rig.storage.erases(), erases + 1);  // So that a medium wipes older copies.
  assert_true(rig.Find(kKey, rig.fingerprint) == Stored::kOpened);
  assert_true(rig.state.token.empty());
  assert_int_equal(rig.state.spent_code[0], 7);

  rig.storage.SetFailing(true);
  assert_int_equal(rig.store.Forget(rig.state, rig.room), Status::kUnavailable);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(state_store_finds_what_it_saved),
      cmocka_unit_test(state_store_says_why_it_finds_nothing_of_use),
      cmocka_unit_test(state_store_keeps_the_rest_where_the_token_has_no_room),
      cmocka_unit_test(state_store_without_a_key_keeps_nothing),
      cmocka_unit_test(state_store_save_needs_room_storage_and_random_octets),
      cmocka_unit_test(state_store_forgets_tokens_and_keeps_marks),
  };
  return cmocka_run_group_tests_name("agent/state_store", tests, nullptr, nullptr);
}
