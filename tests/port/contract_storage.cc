// SPDX-License-Identifier: Apache-2.0

#include "tests/port/contract_storage.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace connect_auth::contract {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kMaxIdleCalls = 10'000;

constexpr std::string_view kIllegalNames[] = {
    ""sv,        "sixteen_letters_"sv,
    "Token"sv,   "a-b"sv,
    "a.b"sv,     "."sv,
    ".."sv,      "../x"sv,
    "/x"sv,      "a/b"sv,
    "a b"sv,     "a\0b"sv,
    "token\n"sv, "t\xC3\xB6k"sv,
    "a\0"sv,     "%2e"sv,
};

StorageFixture& Fixture(void** state) {
  return FixtureOf<StorageFixture>(state);
}
Storage& StorageOf(void** state) {
  return *Fixture(state).storage;
}

void FillPattern(Bytes into, std::uint8_t seed) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    into[i] = static_cast<std::uint8_t>(i * 31 + i / 256 + seed);
  }
}

void AssertHolds(Storage& storage, std::string_view name, std::string_view text) {
  std::array<std::uint8_t, 64> buffer{};
  const IoResult loaded = storage.Load(name, buffer);
  assert_int_equal(loaded.status(), Status::kOk);
  assert_int_equal(loaded.bytes(), text.size());
  assert_memory_equal(buffer.data(), text.data(), text.size());
}

void AssertMissing(Storage& storage, std::string_view name) {
  std::array<std::uint8_t, 64> buffer{};
  assert_int_equal(storage.Load(name, buffer).status(), Status::kNotFound);
}

Status StoreText(Storage& storage, std::string_view name, std::string_view text) {
  return storage.Store(name, AsBytes(text));
}

/// Skips the test where the fixture cannot make the medium fail like this.
void SetMediumOrSkip(const StorageFixture& fixture, Medium medium) {
  if (fixture.set_medium == nullptr || !fixture.set_medium(fixture.context, medium)) {
    skip();
  }
}

void Heal(const StorageFixture& fixture) {
  assert_true(fixture.set_medium(fixture.context, Medium::kHealthy));
}

void storage_record_never_stored_is_not_found(void** state) {
  Storage& storage = StorageOf(state);

  AssertMissing(storage, "never");
}

void storage_stored_record_is_loaded_whole(void** state) {
  Storage& storage = StorageOf(state);

  assert_int_equal(StoreText(storage, "token", "first"), Status::kOk);

  AssertHolds(storage, "token", "first");
}

void storage_stored_again_is_replaced_by_longer_and_shorter(void** state) {
  Storage& storage = StorageOf(state);

  for (const std::string_view text : {"first"sv, "second, longer"sv, "3"sv, "fourth"sv}) {
    assert_int_equal(StoreText(storage, "token", text), Status::kOk);
    AssertHolds(storage, "token", text);
  }
}

void storage_record_stored_many_times_is_always_the_last(void** state) {
  Storage& storage = StorageOf(state);
  std::array<std::uint8_t, 48> record{};
  std::array<std::uint8_t, 48> found{};

  for (int round = 0; round < 200; ++round) {
    FillPattern(record, static_cast<std::uint8_t>(round));
    const std::size_t size = static_cast<std::size_t>(round) % record.size();
    assert_int_equal(storage.Store("token", Bytes(record).first(size)), Status::kOk);
    const IoResult loaded = storage.Load("token", found);
    assert_int_equal(loaded.status(), Status::kOk);
    assert_int_equal(loaded.bytes(), size);
    assert_memory_equal(found.data(), record.data(), size);
  }
}

void storage_empty_record_is_a_record_of_no_bytes(void** state) {
  Storage& storage = StorageOf(state);

  assert_int_equal(storage.Store("empty", {}), Status::kOk);

  AssertHolds(storage, "empty", "");
  assert_int_equal(storage.Erase("empty"), Status::kOk);
  AssertMissing(storage, "empty");
}

void storage_records_do_not_disturb_each_other(void** state) {
  Storage& storage = StorageOf(state);
  assert_int_equal(StoreText(storage, "a", "one"), Status::kOk);
  assert_int_equal(StoreText(storage, "ab", "two"), Status::kOk);
  assert_int_equal(StoreText(storage, "b", "three"), Status::kOk);

  assert_int_equal(StoreText(storage, "ab", "another"), Status::kOk);
  assert_int_equal(storage.Erase("b"), Status::kOk);

  AssertHolds(storage, "a", "one");
  AssertHolds(storage, "ab", "another");
  AssertMissing(storage, "b");
}

void storage_erased_record_is_gone(void** state) {
  Storage& storage = StorageOf(state);
  assert_int_equal(StoreText(storage, "token", "first"), Status::kOk);

  assert_int_equal(storage.Erase("token"), Status::kOk);

  AssertMissing(storage, "token");
}

void storage_erase_of_no_record_is_ok(void** state) {
  Storage& storage = StorageOf(state);

  assert_int_equal(storage.Erase("token"), Status::kOk);
  assert_int_equal(storage.Erase("token"), Status::kOk);
}

void storage_erased_record_can_be_stored_again(void** state) {
  Storage& storage = StorageOf(state);
  assert_int_equal(StoreText(storage, "token", "first"), Status::kOk);
  assert_int_equal(storage.Erase("token"), Status::kOk);

  assert_int_equal(StoreText(storage, "token", "second"), Status::kOk);

  AssertHolds(storage, "token", "second");
}

void storage_names_of_every_legal_character_and_length_are_taken(void** state) {
  Storage& storage = StorageOf(state);

  for (const std::string_view name : {"_"sv, "0"sv, "z9_"sv, "fifteen_letters"sv}) {
    assert_int_equal(StoreText(storage, name, name), Status::kOk);
    AssertHolds(storage, name, name);
    assert_int_equal(storage.Erase(name), Status::kOk);
  }
}

void storage_illegal_name_is_an_invalid_argument(void** state) {
  Storage& storage = StorageOf(state);
  std::array<std::uint8_t, 8> buffer{};

  for (const std::string_view name : kIllegalNames) {
    assert_int_equal(storage.Load(name, buffer).status(), Status::kInvalidArgument);
    assert_int_equal(storage.Store(name, buffer), Status::kInvalidArgument);
    assert_int_equal(storage.Erase(name), Status::kInvalidArgument);
  }
}

void storage_record_that_just_fits_is_loaded(void** state) {
  Storage& storage = StorageOf(state);
  std::array<std::uint8_t, 7> buffer{};
  assert_int_equal(StoreText(storage, "token", "1234567"), Status::kOk);

  const IoResult loaded = storage.Load("token", buffer);

  assert_int_equal(loaded.status(), Status::kOk);
  assert_int_equal(loaded.bytes(), 7);
  assert_memory_equal(buffer.data(), "1234567", 7);
}

void storage_load_into_too_small_a_buffer_says_so_and_keeps_the_record(void** state) {
  Storage& storage = StorageOf(state);
  std::array<std::uint8_t, 16> buffer{};
  assert_int_equal(StoreText(storage, "token", "12345678"), Status::kOk);

  for (std::size_t size = 0; size < 8; ++size) {
    const IoResult loaded = storage.Load("token", Bytes(buffer).first(size));
    assert_int_equal(loaded.status(), Status::kBufferTooSmall);
    assert_int_equal(buffer[size], 0);
  }

  AssertHolds(storage, "token", "12345678");
}

void storage_load_writes_no_byte_beyond_the_record(void** state) {
  Storage& storage = StorageOf(state);
  std::array<std::uint8_t, 16> buffer;
  buffer.fill(0xA5);
  assert_int_equal(StoreText(storage, "token", "1234"), Status::kOk);

  assert_int_equal(storage.Load("token", buffer).bytes(), 4);

  assert_true(std::all_of(buffer.begin() + 4, buffer.end(),
                          [](std::uint8_t byte) { return byte == 0xA5; }));
}

void storage_largest_record_is_kept_whole(void** state) {
  const StorageFixture& fixture = Fixture(state);
  assert_true(fixture.scratch.size() >= 2 * fixture.largest);
  const Bytes record = fixture.scratch.first(fixture.largest);
  const Bytes found = fixture.scratch.subspan(fixture.largest, fixture.largest);
  FillPattern(record, 7);
  FillPattern(found, 0);

  assert_int_equal(fixture.storage->Store("large", record), Status::kOk);
  const IoResult loaded = fixture.storage->Load("large", found);

  assert_int_equal(loaded.status(), Status::kOk);
  assert_int_equal(loaded.bytes(), record.size());
  assert_memory_equal(found.data(), record.data(), record.size());
}

void storage_record_above_the_limit_is_an_invalid_argument(void** state) {
  const StorageFixture& fixture = Fixture(state);
  if (fixture.scratch.size() <= Storage::kMaxRecordBytes) {
    skip();
  }
  Storage& storage = *fixture.storage;
  assert_int_equal(StoreText(storage, "token", "old"), Status::kOk);

  const Status status = storage.Store("token", fixture.scratch.first(Storage::kMaxRecordBytes + 1));

  assert_int_equal(status, Status::kInvalidArgument);
  AssertHolds(storage, "token", "old");
}

void storage_records_survive_a_reboot(void** state) {
  StorageFixture& fixture = Fixture(state);
  if (fixture.reboot == nullptr) {
    skip();
  }
  assert_int_equal(StoreText(*fixture.storage, "kept", "first"), Status::kOk);
  assert_int_equal(StoreText(*fixture.storage, "kept", "second"), Status::kOk);
  assert_int_equal(StoreText(*fixture.storage, "gone", "third"), Status::kOk);
  assert_int_equal(fixture.storage->Erase("gone"), Status::kOk);

  fixture.reboot(fixture);

  AssertHolds(*fixture.storage, "kept", "second");
  AssertMissing(*fixture.storage, "gone");
}

void storage_on_a_medium_that_cannot_be_written_keeps_the_old_record(void** state) {
  const StorageFixture& fixture = Fixture(state);
  Storage& storage = *fixture.storage;
  assert_int_equal(StoreText(storage, "token", "old"), Status::kOk);
  SetMediumOrSkip(fixture, Medium::kReadOnly);

  const Status stored = StoreText(storage, "token", "new");
  const Status erased = storage.Erase("token");
  Heal(fixture);

  assert_int_equal(stored, Status::kUnavailable);
  assert_int_equal(erased, Status::kUnavailable);
  AssertHolds(storage, "token", "old");
}

void storage_on_a_dead_medium_is_unavailable(void** state) {
  const StorageFixture& fixture = Fixture(state);
  Storage& storage = *fixture.storage;
  std::array<std::uint8_t, 64> buffer{};
  assert_int_equal(StoreText(storage, "token", "old"), Status::kOk);
  SetMediumOrSkip(fixture, Medium::kDead);

  const IoResult loaded = storage.Load("token", buffer);
  const Status stored = StoreText(storage, "token", "new");
  const Status erased = storage.Erase("token");
  Heal(fixture);

  assert_int_equal(loaded.status(), Status::kUnavailable);
  assert_int_equal(stored, Status::kUnavailable);
  assert_int_equal(erased, Status::kUnavailable);
  AssertHolds(storage, "token", "old");
}

void storage_idle_comes_to_an_end_and_leaves_the_records_alone(void** state) {
  Storage& storage = StorageOf(state);
  assert_int_equal(StoreText(storage, "token", "kept"), Status::kOk);

  int calls = 1;
  Status status = storage.Idle();
  while (status == Status::kPending && calls < kMaxIdleCalls) {
    status = storage.Idle();
    ++calls;
  }

  assert_int_equal(status, Status::kOk);
  AssertHolds(storage, "token", "kept");
}

void storage_idle_with_more_work_than_one_call_does_is_pending(void** state) {
  const StorageFixture& fixture = Fixture(state);
  if (fixture.make_idle_work == nullptr) {
    skip();
  }

  fixture.make_idle_work(fixture.context);

  assert_int_equal(fixture.storage->Idle(), Status::kPending);
}

void storage_idle_with_work_on_a_dead_medium_is_unavailable(void** state) {
  const StorageFixture& fixture = Fixture(state);
  if (fixture.make_idle_work == nullptr) {
    skip();
  }
  fixture.make_idle_work(fixture.context);
  SetMediumOrSkip(fixture, Medium::kDead);

  const Status status = fixture.storage->Idle();
  Heal(fixture);

  assert_int_equal(status, Status::kUnavailable);
}

/// Each test finds a healthy medium without records, also after one that failed half-way.
int BeginEmpty(void** state) {
  const StorageFixture& fixture = Fixture(state);
  bool fine =
      fixture.set_medium == nullptr || fixture.set_medium(fixture.context, Medium::kHealthy);
  for (const std::string_view name :
       {"token"sv, "a"sv, "ab"sv, "b"sv, "empty"sv, "large"sv, "kept"sv, "gone"sv, "never"sv}) {
    fine = fixture.storage->Erase(name) == Status::kOk && fine;
  }
  return fine ? 0 : -1;
}

}  // namespace

Suite<22> StorageSuite(StorageFixture& fixture) {
  Suite<22> suite{
      CONNECT_AUTH_CONTRACT(fixture, storage_record_never_stored_is_not_found),
      CONNECT_AUTH_CONTRACT(fixture, storage_stored_record_is_loaded_whole),
      CONNECT_AUTH_CONTRACT(fixture, storage_stored_again_is_replaced_by_longer_and_shorter),
      CONNECT_AUTH_CONTRACT(fixture, storage_record_stored_many_times_is_always_the_last),
      CONNECT_AUTH_CONTRACT(fixture, storage_empty_record_is_a_record_of_no_bytes),
      CONNECT_AUTH_CONTRACT(fixture, storage_records_do_not_disturb_each_other),
      CONNECT_AUTH_CONTRACT(fixture, storage_erased_record_is_gone),
      CONNECT_AUTH_CONTRACT(fixture, storage_erase_of_no_record_is_ok),
      CONNECT_AUTH_CONTRACT(fixture, storage_erased_record_can_be_stored_again),
      CONNECT_AUTH_CONTRACT(fixture, storage_names_of_every_legal_character_and_length_are_taken),
      CONNECT_AUTH_CONTRACT(fixture, storage_illegal_name_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, storage_record_that_just_fits_is_loaded),
      CONNECT_AUTH_CONTRACT(fixture,
                            storage_load_into_too_small_a_buffer_says_so_and_keeps_the_record),
      CONNECT_AUTH_CONTRACT(fixture, storage_load_writes_no_byte_beyond_the_record),
      CONNECT_AUTH_CONTRACT(fixture, storage_largest_record_is_kept_whole),
      CONNECT_AUTH_CONTRACT(fixture, storage_record_above_the_limit_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, storage_records_survive_a_reboot),
      CONNECT_AUTH_CONTRACT(fixture,
                            storage_on_a_medium_that_cannot_be_written_keeps_the_old_record),
      CONNECT_AUTH_CONTRACT(fixture, storage_on_a_dead_medium_is_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, storage_idle_comes_to_an_end_and_leaves_the_records_alone),
      CONNECT_AUTH_CONTRACT(fixture, storage_idle_with_more_work_than_one_call_does_is_pending),
      CONNECT_AUTH_CONTRACT(fixture, storage_idle_with_work_on_a_dead_medium_is_unavailable),
  };
  for (CMUnitTest& test : suite) {
    test.setup_func = BeginEmpty;
  }
  return suite;
}

}  // namespace connect_auth::contract
