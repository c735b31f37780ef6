// SPDX-License-Identifier: Apache-2.0
//
// A record, and a ring that holds it, as an x86-64 wrote them: see golden_records.h. Each machine
// that reads both, and itself writes the very same octets, reads what every other one has written.
#include "tests/agent/golden_records.h"

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/store/ring_storage.h"
#include "agent/store/sealed_record.h"
#include "agent/store/state_record.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

constexpr std::uint32_t kSequence = 0x01020304;
constexpr std::string_view kToken = "the token";
constexpr std::string_view kRefreshToken = "refresh";
constexpr std::string_view kName = "state";
constexpr FlashGeometry kGeometry{4096, 2, 1, true};
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
    0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0x80, 0x7F, 0xFE, 0x01};

using Record = tests::GoldenRecord;
using Medium = std::array<std::uint8_t, kGeometry.size()>;

std::array<std::uint8_t, 16384> arena;
Medium medium;
fake::FakeClock test_clock;
fake::FakeEntropy test_entropy;
Engine engine;

int StartEngine(void**) {
  test_entropy = fake::FakeEntropy();
  return engine.Start(arena, test_clock, test_entropy) == Status::kOk ? 0 : -1;
}
int StopEngine(void**) {
  engine.Stop();
  return 0;
}

/// Static, as a failed assertion runs no destructor.
State& EmptyState() {
  static std::array<std::uint8_t, 16> rooms[2];
  static State state(rooms[0], rooms[1]);
  state.Wipe();
  return state;
}

State& StateToKeep() {
  State& state = EmptyState();
  assert_int_equal(state.token.Assign(SecretView(kToken), 3600,
                                      {Instant{0x0102030405060708}, 0xFFFFFFFFFFFFFFFE,
                                       UnixSeconds{0x0000000123456789}}),
                   Status::kOk);
  assert_true(state.refresh_token.Assign(SecretView(kRefreshToken)));
  for (std::size_t i = 0; i < state.spent_code.size(); ++i) {
    state.spent_code[i] = static_cast<std::uint8_t>(0xF0 + i);
  }
  state.latch = {401,
                 OAuthError::kInvalidClient,
                 {Instant{77}, 5, UnixSeconds{1800000001}},
                 {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7}};
  return state;
}

Record WriteRecord() {
  Record record{};
  EncodeState(StateToKeep(), Bytes(record).subspan(SealedRecord::kHeaderBytes,
                                                   record.size() - SealedRecord::kOverheadBytes));
  assert_int_equal(SealRecord(RecordType::kState, kSequence, kKey,
                              FingerprintOf(tests::PageSettings()), engine, record),
                   Status::kOk);
  return record;
}

void golden_record_opens_to_what_was_stored(void**) {
  Record record = tests::kGoldenRecord;
  const State& written = StateToKeep();
  const CodeDigest spent_code = written.spent_code;

  const Result<std::uint32_t> sequence =
      OpenRecord(RecordType::kState, kKey, FingerprintOf(tests::PageSettings()), record);
  assert_int_equal(sequence.status(), Status::kOk);
  State& state = EmptyState();
  assert_int_equal(
      DecodeState(ConstBytes(record).subspan(SealedRecord::kHeaderBytes,
                                             record.size() - SealedRecord::kOverheadBytes),
                  state),
      Status::kOk);

  assert_int_equal(sequence.value(), kSequence);
  assert_true(state.token.text().Reveal() == kToken);
  assert_int_equal(state.token.lifetime_s(), 3600);
  assert_true(state.token.anchor().sent == Instant{0x0102030405060708});
  assert_true(state.token.anchor().boot_id == 0xFFFFFFFFFFFFFFFE);
  assert_true(state.token.anchor().wall == UnixSeconds{0x0000000123456789});
  assert_true(state.refresh_token.view().Reveal() == kRefreshToken);
  assert_true(state.spent_code == spent_code);
  assert_int_equal(state.latch.http_status, 401);
  assert_int_equal(state.latch.error, OAuthError::kInvalidClient);
  assert_true(state.latch.since.wall == UnixSeconds{1800000001});
}

void golden_record_is_what_this_machine_writes(void**) {
  const Record record = WriteRecord();
  assert_memory_equal(record.data(), tests::kGoldenRecord.data(), record.size());
}

/// A medium that holds the golden ring, and nothing else.
Medium GoldenMedium() {
  Medium golden;
  golden.fill(0xFF);
  CopyBytes(tests::kGoldenLog, golden);
  CopyBytes(tests::kGoldenReadyBlock, Bytes(golden).subspan(kGeometry.block_bytes));
  return golden;
}

void golden_ring_holds_the_record(void**) {
  medium = GoldenMedium();
  fake::FakeFlash flash(medium, kGeometry);
  RingStorage ring(flash);
  Record record{};

  const IoResult loaded = ring.Load(kName, record);

  assert_int_equal(loaded.status(), Status::kOk);
  assert_int_equal(loaded.bytes(), record.size());
  assert_memory_equal(record.data(), tests::kGoldenRecord.data(), record.size());
}

void golden_ring_is_what_this_machine_writes(void**) {
  fake::FakeFlash flash(medium, kGeometry);
  flash.Blank();
  RingStorage ring(flash);

  assert_int_equal(ring.Store(kName, tests::kGoldenRecord), Status::kOk);
  Status status = Status::kPending;
  while (status == Status::kPending) {
    status = ring.Idle();
  }

  assert_int_equal(status, Status::kOk);
  const Medium golden = GoldenMedium();
  assert_memory_equal(medium.data(), golden.data(), medium.size());
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  // What is written depends on the randomness drawn before: each test begins anew.
  const CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(golden_record_opens_to_what_was_stored, StartEngine,
                                      StopEngine),
      cmocka_unit_test_setup_teardown(golden_record_is_what_this_machine_writes, StartEngine,
                                      StopEngine),
      cmocka_unit_test_setup_teardown(golden_ring_holds_the_record, StartEngine, StopEngine),
      cmocka_unit_test_setup_teardown(golden_ring_is_what_this_machine_writes, StartEngine,
                                      StopEngine),
  };
  return cmocka_run_group_tests_name("agent/golden_records", tests, nullptr, nullptr);
}
