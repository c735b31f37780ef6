// SPDX-License-Identifier: Apache-2.0
#include "agent/store/state_record.h"

#include <array>

#include "agent/store/sealed_record.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

using Room = std::array<std::uint8_t, 16>;

/// A state with room for tokens of 16 octets. Static, as a failed assertion runs no destructor.
State& EmptyState(int which) {
  static Room rooms[4];
  static State states[2] = {{rooms[0], rooms[1]}, {rooms[2], rooms[3]}};
  states[which].Wipe();
  return states[which];
}

State& FullState() {
  State& state = EmptyState(0);
  assert_int_equal(state.token.Assign(
                       SecretView("the token"), 3600,
                       {Instant{0x0102030405060708}, 0xFFFFFFFFFFFFFFFF, UnixSeconds{1800000000}}),
                   Status::kOk);
  assert_true(state.refresh_token.Assign(SecretView("refresh")));
  state.spent_code.fill(0x5C);
  state.latch = {401,
                 OAuthError::kInvalidClient,
                 {Instant{77}, 5, UnixSeconds{1800000001}},
                 {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7}};
  return state;
}

// clang-format off
constexpr std::array<std::uint8_t, StateRecord::kFixedBytes + 16> kFullPayload = {
    1, 2, 0x01, 0x91,                                 // bearer, invalid_client, 401
    0, 0, 0, 0, 0, 0, 0, 77,  0, 0, 0, 0, 0, 0, 0, 5,  // latched
    0, 0, 0, 0, 0x6B, 0x49, 0xD2, 0x01,
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
    0, 0, 0x0E, 0x10,                                 // 3600 s
    1, 2, 3, 4, 5, 6, 7, 8,  0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0, 0, 0, 0, 0x6B, 0x49, 0xD2, 0x00,
    0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C,
    0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C, 0x5C,
    0, 0, 0, 9,
    't', 'h', 'e', ' ', 't', 'o', 'k', 'e', 'n',  'r', 'e', 'f', 'r', 'e', 's', 'h'};
// clang-format on

void state_record_reads_as_documented(void**) {
  State& state = FullState();
  std::array<std::uint8_t, kFullPayload.size()> payload{};
  assert_int_equal(StateRecord::Size(state), payload.size());

  EncodeState(state, payload);

  assert_memory_equal(payload.data(), kFullPayload.data(), payload.size());
}

void state_record_brings_everything_back(void**) {
  State& state = EmptyState(1);

  assert_int_equal(DecodeState(kFullPayload, state), Status::kOk);

  assert_true(state.token.text().Reveal() == "the token");
  assert_int_equal(state.token.lifetime_s(), 3600);
  assert_true(state.token.anchor().sent == Instant{0x0102030405060708});
  assert_true(state.token.anchor().boot_id == 0xFFFFFFFFFFFFFFFF);
  assert_true(state.token.anchor().wall == UnixSeconds{1800000000});
  assert_true(state.refresh_token.view().Reveal() == "refresh");
  assert_true(state.spent_code == FullState().spent_code);
  assert_int_equal(state.latch.http_status, 401);
  assert_int_equal(state.latch.error, OAuthError::kInvalidClient);
  assert_true(state.latch.since.sent == Instant{77});
  assert_true(state.latch.credentials == FullState().latch.credentials);
  assert_true(state.has_marks());
}

void state_record_without_anything_is_a_record(void**) {
  State& empty = EmptyState(0);
  std::array<std::uint8_t, StateRecord::kFixedBytes> payload{};
  EncodeState(empty, payload);
  State& state = EmptyState(1);

  assert_int_equal(DecodeState(payload, state), Status::kOk);

  assert_true(state.token.empty());
  assert_false(state.has_marks());
  assert_true(state.refresh_token.view().empty());
}

/// Such a payload is authentic, but of a newer program, or an older one with a bug.
void state_record_out_of_range_is_corrupt_and_leaves_nothing(void**) {
  constexpr struct {
    std::size_t at;
    std::uint8_t value;
  } kWrong[] = {{0, 0}, {0, 2}, {1, 9}, {36, 0xFF}, {96, 1}, {99, 17}};
  for (const auto& wrong : kWrong) {
    std::array<std::uint8_t, kFullPayload.size()> payload = kFullPayload;
    payload[wrong.at] = wrong.value;
    State& state = FullState();
    assert_int_equal(DecodeState(payload, state), Status::kCorrupt);
    assert_true(state.token.empty());
    assert_false(state.has_marks());
  }
  for (std::size_t size = 0; size < StateRecord::kFixedBytes + 9; ++size) {
    assert_int_equal(DecodeState(ConstBytes(kFullPayload).first(size), FullState()),
                     Status::kCorrupt);
  }
}

void state_record_with_tokens_that_have_no_room_keeps_the_rest(void**) {
  static Room room;
  static State state{Bytes(room).first(8), Bytes(room).first(0)};

  assert_int_equal(DecodeState(kFullPayload, state), Status::kBufferTooSmall);

  assert_true(state.token.empty());
  assert_true(state.refresh_token.view().empty());
  assert_int_equal(state.latch.http_status, 401);
}

/// Written once and for all: a record in the field has to open with each later program, and on each
/// architecture.
void state_record_sealed_by_an_earlier_program_opens(void**) {
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1, 2, 3};
  static constexpr std::array<std::uint8_t, kFullPayload.size() + SealedRecord::kOverheadBytes>
      kGolden = {0x43, 0x41, 0x02, 0x01, 0xEC, 0x0D, 0xF6, 0xFA, 0x9C, 0x70, 0x5F, 0xC2, 0x01,
                 0x02, 0x03, 0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18, 0x27, 0x58,
                 0x00, 0x7F, 0xE1, 0x5A, 0xC8, 0x78, 0xAF, 0x8C, 0x00, 0xCA, 0x82, 0xA4, 0xE7,
                 0x36, 0x0F, 0x5B, 0x54, 0x45, 0x18, 0xC3, 0x05, 0x3D, 0xF9, 0xCC, 0x20, 0x8C,
                 0x04, 0xF7, 0x8A, 0x9A, 0x89, 0x92, 0x2C, 0x63, 0xA4, 0xDB, 0x33, 0x56, 0x3B,
                 0xB3, 0xDD, 0xFD, 0x72, 0xC6, 0x57, 0xD7, 0x4C, 0xA2, 0x0C, 0xE2, 0x32, 0x99,
                 0xE2, 0x98, 0x3D, 0x16, 0x4E, 0x20, 0xB3, 0xFD, 0x1F, 0x6D, 0xCF, 0x51, 0xD3,
                 0xD0, 0x37, 0x24, 0x4D, 0xE7, 0x5F, 0x43, 0xD4, 0xAC, 0x5E, 0xA3, 0x21, 0xDF,
                 0xEE, 0xFD, 0x9B, 0x2F, 0x3D, 0x3F, 0xF3, 0x7F, 0x08, 0x1D, 0x1D, 0xCD, 0xBE,
                 0xFF, 0x69, 0x2F, 0x3D, 0x96, 0xF3, 0x5A, 0xC1, 0x73, 0xA1, 0xBC, 0xA3, 0x5B,
                 0xAD, 0x0E, 0xF0, 0x62, 0x03, 0x3C, 0xF9, 0xCA, 0x37, 0x72, 0x93, 0x93, 0x95,
                 0xAD, 0x58, 0x5E, 0xA0, 0x76, 0x0E, 0xEF, 0x6F, 0xAC, 0x7E, 0xF4, 0x59, 0x7C};
  static std::array<std::uint8_t, 16384> arena;
  static fake::FakeClock clock;
  static fake::FakeEntropy entropy;
  static Engine engine;
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
  std::array<std::uint8_t, kGolden.size()> record = kGolden;

  const Result<std::uint32_t> opened =
      OpenRecord(RecordType::kState, kKey, FingerprintOf(tests::PageSettings()), record);

  assert_int_equal(opened.status(), Status::kOk);
  assert_int_equal(opened.value(), 0x01020304);
  assert_memory_equal(&record[SealedRecord::kHeaderBytes], kFullPayload.data(),
                      kFullPayload.size());
  engine.Stop();
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(state_record_reads_as_documented),
      cmocka_unit_test(state_record_brings_everything_back),
      cmocka_unit_test(state_record_without_anything_is_a_record),
      cmocka_unit_test(state_record_out_of_range_is_corrupt_and_leaves_nothing),
      cmocka_unit_test(state_record_with_tokens_that_have_no_room_keeps_the_rest),
      cmocka_unit_test(state_record_sealed_by_an_earlier_program_opens),
  };
  return cmocka_run_group_tests_name("agent/state_record", tests, nullptr, nullptr);
}
