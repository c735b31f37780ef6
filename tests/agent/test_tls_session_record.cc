// SPDX-License-Identifier: Apache-2.0
#include "agent/store/tls_session_record.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/encoding/byte_order.h"
#include "mbedtls/platform.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

constexpr std::string_view kName = "tls_session";
constexpr std::string_view kSession =
    "a session as mbedTLS writes it: a master secret and a ticket";
constexpr std::size_t kPayloadBytes = SessionCache::kHeaderBytes + kSession.size();
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1, 2, 3};
constexpr std::int64_t kBegan = 1800000000;
constexpr std::int64_t kHour = 3600;

std::array<std::uint8_t, 16384> arena;
using Room = std::array<std::uint8_t, 256>;

/// A device: storage survives the agent.
struct Device {
  Device() { clock.SetWallTime(UnixSeconds{kBegan}); }

  void SetNow(std::int64_t seconds) { clock.SetWallTime(UnixSeconds{seconds}); }

  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  fake::FakeStorage<> storage;
};

/// What an agent has of it, from start to stop.
struct Keeper {
  explicit Keeper(Device& device, ConstBytes key = kKey, std::size_t room_size = 256)
      : sessions(TlsSessionRecord::PayloadOf(Bytes(room).first(room_size))),
        record(Bytes(room).first(room_size), device.storage, engine, sessions) {
    assert_int_equal(engine.Start(arena, device.clock, device.entropy), Status::kOk);
    record.Start(key, FingerprintOf(tests::PageSettings()));
  }
  ~Keeper() {
    record.Stop();
    engine.Stop();
  }

  /// As a connection does when it was given a session.
  void Take(std::int64_t since, std::int64_t life) {
    sessions.Drop();
    const Bytes payload = TlsSessionRecord::PayloadOf(room);
    PutBigEndian(static_cast<std::uint64_t>(since), payload.subspan(32, 8));
    PutBigEndian(static_cast<std::uint64_t>(since + life), payload.subspan(40, 8));
    CopyBytes(AsBytes(kSession), payload.subspan(SessionCache::kHeaderBytes));
    sessions.Adopt(kPayloadBytes);
  }
  bool HasSession() const {
    const std::string_view text = AsText(room);
    return !sessions.empty() && text.find(kSession) != std::string_view::npos;
  }

  Room room{};
  Engine engine;
  SessionCache sessions;
  TlsSessionRecord record;
};

void StoreOne(Device& device, std::int64_t life = kHour) {
  Keeper keeper(device);
  keeper.record.LoadOnce();
  keeper.Take(kBegan, life);
  keeper.record.StoreIfWorthIt(false);
  assert_true(keeper.HasSession());
}

void tls_session_record_is_found_after_a_restart(void**) {
  Device device;
  StoreOne(device);
  assert_int_equal(device.storage.contents(kName).size(),
                   TlsSessionRecord::kFixedBytes + kSession.size());
  assert_true(AsText(device.storage.contents(kName)).find(kSession.substr(0, 8)) ==
              std::string_view::npos);

  Keeper keeper(device);
  assert_true(keeper.sessions.empty());
  keeper.record.LoadOnce();

  assert_true(keeper.HasSession());
  assert_true(keeper.sessions.since() == UnixSeconds{kBegan});
  assert_true(keeper.sessions.until() == UnixSeconds{kBegan + kHour});
}

void tls_session_record_is_loaded_once(void**) {
  Device device;
  StoreOne(device);
  const std::uint32_t loads = device.storage.loads();
  Keeper keeper(device);
  assert_int_equal(device.storage.loads(), loads);
  keeper.record.LoadOnce();
  keeper.sessions.Drop();
  keeper.record.LoadOnce();
  assert_int_equal(device.storage.loads(), loads + 1);
  assert_true(keeper.sessions.empty());
}

void tls_session_record_needs_a_key_and_room(void**) {
  Device device;
  StoreOne(device);
  const std::uint32_t calls = device.storage.calls();
  Keeper without_key(device, ConstBytes());
  without_key.record.LoadOnce();
  without_key.Take(kBegan + kHour, kHour);
  device.SetNow(kBegan + kHour);
  without_key.record.StoreIfWorthIt(false);
  assert_true(without_key.HasSession());
  without_key.engine.Stop();

  for (const std::size_t size : {std::size_t{0}, TlsSessionRecord::kFixedBytes}) {
    Keeper without_room(device, kKey, size);
    without_room.record.LoadOnce();
    without_room.record.StoreIfWorthIt(false);
    assert_true(without_room.sessions.empty());
  }
  assert_int_equal(device.storage.calls(), calls);
}

void tls_session_record_believes_nothing_that_was_changed(void**) {
  Device device;
  StoreOne(device);
  const Bytes stored = device.storage.contents(kName);
  for (std::size_t bit = 0; bit < 8 * stored.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    stored[bit / 8] ^= mask;
    Keeper keeper(device);
    keeper.record.LoadOnce();
    assert_true(keeper.sessions.empty());
    assert_false(keeper.HasSession());
    stored[bit / 8] ^= mask;
  }
  Room original{};
  CopyBytes(stored, original);
  for (std::size_t size = 0; size < stored.size(); ++size) {
    assert_int_equal(device.storage.Store(kName, ConstBytes(original).first(size)), Status::kOk);
    Keeper keeper(device);
    keeper.record.LoadOnce();
    assert_true(keeper.sessions.empty());
  }
  const std::array<std::uint8_t, 300> too_long{};
  assert_int_equal(device.storage.Store(kName, too_long), Status::kOk);
  Keeper keeper(device);
  keeper.record.LoadOnce();
  assert_true(keeper.sessions.empty());
}

void tls_session_record_is_bound_to_key_and_configuration(void**) {
  Device device;
  StoreOne(device);
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kOtherKey = {9};
  {
    Keeper keeper(device, kOtherKey);
    keeper.record.LoadOnce();
    assert_true(keeper.sessions.empty());
  }
  Settings other = tests::PageSettings();
  other.url = "https://other.domain.tld";
  Keeper keeper(device);
  keeper.record.Start(kKey, FingerprintOf(other));
  keeper.record.LoadOnce();
  assert_true(keeper.sessions.empty());
}

void tls_session_record_is_written_only_where_it_is_worth_it(void**) {
  constexpr std::int64_t kLeast = TlsSessionRecord::kLeastAge;
  constexpr struct {
    std::int64_t life;  // of the stored session
    std::int64_t at;    // when there is another one
    bool resumed;       // what is stored, or what came after it
    bool stored;
  } kCases[] = {
      {4 * kHour, kLeast - 1, false, false},
      {4 * kHour, kLeast, false, true},
      {4 * kHour, kLeast, true, false},
      {4 * kHour, 2 * kHour - 1, true, false},
      {4 * kHour, 2 * kHour, true, true},
      {300, kLeast - 1, false, false},
      {300, kLeast, true, true},
      {4 * kHour, -1, true, true},
  };
  for (const auto& one : kCases) {
    Device device;
    StoreOne(device, one.life);
    const std::uint32_t before = device.storage.stores();
    Keeper keeper(device);
    keeper.record.LoadOnce();

    device.SetNow(kBegan + one.at);
    keeper.Take(kBegan + one.at, kHour);
    keeper.record.StoreIfWorthIt(one.resumed);

    assert_int_equal(device.storage.stores() - before, one.stored);
    assert_true(keeper.HasSession());
  }
}

void tls_session_record_is_not_written_again_as_it_is(void**) {
  Device device;
  StoreOne(device);
  const std::uint32_t before = device.storage.stores();
  device.SetNow(kBegan + 2 * kHour);
  Keeper keeper(device);
  keeper.record.LoadOnce();
  keeper.record.StoreIfWorthIt(true);
  device.clock.ForgetWallTime();
  keeper.Take(kBegan + kHour, kHour);
  keeper.record.StoreIfWorthIt(false);  // Without a clock nothing can be said.
  assert_int_equal(device.storage.stores(), before);
}

void tls_session_record_adopts_no_times_that_no_session_has(void**) {
  constexpr std::int64_t kFirst = INT64_MIN;
  Device device;
  Keeper keeper(device);
  for (const auto& [since, life] : {std::pair{kFirst, kHour}, std::pair{std::int64_t{-1}, kHour},
                                    std::pair{kBegan, std::int64_t{-1}}}) {
    keeper.Take(since, life);
    assert_true(keeper.sessions.empty());
  }
  keeper.Take(kBegan, 0);
  assert_false(keeper.sessions.empty());
}

void tls_session_record_counts_on(void**) {
  Device device;
  for (std::int64_t i = 1; i <= 3; ++i) {
    device.SetNow(kBegan + i * kHour);
    Keeper keeper(device);
    keeper.record.LoadOnce();
    keeper.Take(kBegan + i * kHour, kHour);
    keeper.record.StoreIfWorthIt(false);
    assert_int_equal(SequenceOf(device.storage.contents(kName)), i);
  }
}

void tls_session_record_does_without_storage_that_fails(void**) {
  Device device;
  device.storage.SetFailing(true);
  Keeper keeper(device);
  keeper.record.LoadOnce();
  assert_true(keeper.sessions.empty());
  keeper.Take(kBegan, 4 * kHour);
  keeper.record.StoreIfWorthIt(false);
  assert_true(keeper.HasSession());

  const std::uint32_t before = device.storage.stores();
  keeper.Take(kBegan + 1, 4 * kHour);
  device.SetNow(kBegan + 1);
  keeper.record.StoreIfWorthIt(false);
  assert_int_equal(device.storage.stores(), before);
  device.SetNow(kBegan + kHour);
  keeper.record.StoreIfWorthIt(false);
  assert_int_equal(device.storage.stores(), before + 1);
}

void tls_session_record_drops_what_it_cannot_seal(void**) {
  Device device;
  Keeper keeper(device);
  keeper.record.LoadOnce();
  keeper.Take(kBegan, kHour);
  while (mbedtls_calloc(1, 64) != nullptr) {  // The arena goes with the engine.
  }

  keeper.record.StoreIfWorthIt(false);

  assert_int_equal(device.storage.stores(), 0);
  assert_true(keeper.sessions.empty());
}

void tls_session_record_is_erased(void**) {
  Device device;
  StoreOne(device);
  Keeper keeper(device);
  keeper.record.LoadOnce();
  device.storage.SetReadOnly(true);
  assert_int_equal(keeper.record.Erase(), Status::kUnavailable);
  assert_false(keeper.HasSession());
  device.storage.SetReadOnly(false);

  assert_int_equal(keeper.record.Erase(), Status::kOk);

  assert_true(device.storage.contents(kName).empty());
  keeper.Take(kBegan, kHour);  // And another one may be stored at once.
  keeper.record.StoreIfWorthIt(true);
  assert_false(device.storage.contents(kName).empty());
}

void tls_session_record_is_wiped_here_at_the_stop(void**) {
  Device device;
  StoreOne(device);
  Keeper keeper(device);
  keeper.record.LoadOnce();
  assert_true(keeper.HasSession());

  keeper.record.Stop();

  assert_true(
      std::all_of(keeper.room.begin(), keeper.room.end(), [](std::uint8_t b) { return b == 0; }));
  assert_false(device.storage.contents(kName).empty());
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(tls_session_record_is_found_after_a_restart),
      cmocka_unit_test(tls_session_record_is_loaded_once),
      cmocka_unit_test(tls_session_record_needs_a_key_and_room),
      cmocka_unit_test(tls_session_record_believes_nothing_that_was_changed),
      cmocka_unit_test(tls_session_record_is_bound_to_key_and_configuration),
      cmocka_unit_test(tls_session_record_is_written_only_where_it_is_worth_it),
      cmocka_unit_test(tls_session_record_is_not_written_again_as_it_is),
      cmocka_unit_test(tls_session_record_adopts_no_times_that_no_session_has),
      cmocka_unit_test(tls_session_record_counts_on),
      cmocka_unit_test(tls_session_record_does_without_storage_that_fails),
      cmocka_unit_test(tls_session_record_drops_what_it_cannot_seal),
      cmocka_unit_test(tls_session_record_is_erased),
      cmocka_unit_test(tls_session_record_is_wiped_here_at_the_stop),
  };
  return cmocka_run_group_tests_name("agent/tls_session_record", tests, nullptr, nullptr);
}
