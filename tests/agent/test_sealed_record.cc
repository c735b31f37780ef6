// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sealed_record.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "mbedtls/platform.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

constexpr std::string_view kPayload = "payload of the record";
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1, 2, 3};
using Record = std::array<std::uint8_t, SealedRecord::kOverheadBytes + kPayload.size()>;

std::array<std::uint8_t, 16384> arena;
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

Record Seal(const Fingerprint& fingerprint, std::uint32_t sequence = 5) {
  Record record{};
  CopyBytes(AsBytes(kPayload), Bytes(record).subspan(SealedRecord::kHeaderBytes));
  assert_int_equal(SealRecord(RecordType::kState, sequence, kKey, fingerprint, engine, record),
                   Status::kOk);
  return record;
}

Status Open(Record record, const Fingerprint& fingerprint, RecordType type = RecordType::kState,
            ConstBytes key = kKey) {
  return OpenRecord(type, key, fingerprint, record).status();
}

void sealed_record_opens_to_its_payload_and_sequence(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  Record record = Seal(fingerprint, 0x01020304);
  assert_true(AsText(record).find(kPayload) == std::string_view::npos);

  const Result<std::uint32_t> sequence = OpenRecord(RecordType::kState, kKey, fingerprint, record);

  assert_int_equal(sequence.value(), 0x01020304);
  assert_true(AsText(Bytes(record).subspan(SealedRecord::kHeaderBytes, kPayload.size())) ==
              kPayload);
}

void sealed_record_does_not_open_with_any_bit_flipped(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  const Record sealed = Seal(fingerprint);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Record record = sealed;
    record[bit / 8] = static_cast<std::uint8_t>(record[bit / 8] ^ (1U << bit % 8));
    assert_int_equal(Open(record, fingerprint), Status::kCorrupt);
  }
}

void sealed_record_does_not_open_at_any_other_size(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  const Record sealed = Seal(fingerprint);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    Record record = sealed;
    assert_int_equal(
        OpenRecord(RecordType::kState, kKey, fingerprint, Bytes(record).first(size)).status(),
        Status::kCorrupt);
  }
}

void sealed_record_leaves_no_payload_behind_when_it_does_not_open(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  Record record = Seal(fingerprint);
  record.back() = static_cast<std::uint8_t>(record.back() ^ 1U);

  assert_int_equal(OpenRecord(RecordType::kState, kKey, fingerprint, record).status(),
                   Status::kCorrupt);

  const auto payload = Bytes(record).subspan(SealedRecord::kHeaderBytes, kPayload.size());
  assert_true(std::all_of(payload.begin(), payload.end(), [](std::uint8_t b) { return b == 0; }));
}

void sealed_record_belongs_to_its_type_key_and_configuration(void**) {
  const Settings page = tests::PageSettings();
  const Fingerprint fingerprint = FingerprintOf(page);
  const Record record = Seal(fingerprint);
  assert_int_equal(Open(record, fingerprint), Status::kOk);
  assert_int_equal(Open(record, fingerprint, RecordType::kTlsSession), Status::kCorrupt);
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kOtherKey = {1, 2, 4};
  assert_int_equal(Open(record, fingerprint, RecordType::kState, kOtherKey), Status::kCorrupt);

  Settings other = page;
  other.url = "https://server.domain.tld:8443";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.url = "https://other.domain.tld";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.token_path = "/Connect/token";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.client_id = "Application2";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.username = "Administrator2";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.grant = Grant::kAuthorizationCode;
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other.grant = Grant::kClientCredentials;
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kCorrupt);
  other = page;
  other.url = "https://server.domain.tld:443/";
  assert_int_equal(Open(record, FingerprintOf(other)), Status::kOk);
}

void sealed_record_depends_on_the_user_only_where_the_grant_names_one(void**) {
  for (const Grant grant : {Grant::kAuthorizationCode, Grant::kClientCredentials}) {
    Settings one = tests::PageSettings();
    one.grant = grant;
    Settings other = one;
    other.username = "Administrator2";
    assert_true(FingerprintOf(one) == FingerprintOf(other));
  }
}

void sealed_record_uses_another_nonce_each_time(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  assert_true(Seal(fingerprint, 5) != Seal(fingerprint, 5));
}

void sealed_record_has_the_documented_header(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  const Record record = Seal(fingerprint, 0x01020304);
  constexpr std::array<std::uint8_t, 8> kFront = {'C', 'A', 2, 1, 0xEC, 0x0D, 0xF6, 0xFA};
  constexpr std::array<std::uint8_t, 4> kSequence = {1, 2, 3, 4};
  assert_memory_equal(record.data(), kFront.data(), kFront.size());
  assert_memory_equal(&record[8], fingerprint.data(), 4);
  assert_memory_equal(&record[12], kSequence.data(), kSequence.size());
}

void sealed_record_says_for_whom_it_was_sealed(void**) {
  Settings other_settings = tests::PageSettings();
  other_settings.client_id = "Other";
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kOtherKey = {3, 2, 1};
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  const Record record = Seal(fingerprint);

  assert_true(SealedForWhom(kKey, fingerprint, record) == SealedFor::kUs);
  assert_true(SealedForWhom(kOtherKey, fingerprint, record) == SealedFor::kOtherKey);
  assert_true(SealedForWhom(kKey, FingerprintOf(other_settings), record) ==
              SealedFor::kOtherConfiguration);
  for (std::size_t size = 0; size < record.size(); ++size) {
    assert_true(SealedForWhom(kKey, fingerprint, ConstBytes(record).first(size)) == SealedFor::kUs);
  }
}

void sealed_record_says_when_there_is_no_memory_for_the_cipher(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  Record record = Seal(fingerprint);
  void* rest[64] = {};
  std::size_t blocks = 0;
  for (std::size_t size = arena.size(); size >= 8; size /= 2) {
    for (void* block = mbedtls_calloc(1, size); block != nullptr && blocks < 64;
         block = mbedtls_calloc(1, size)) {
      rest[blocks++] = block;
    }
  }

  assert_int_equal(SealRecord(RecordType::kState, 1, kKey, fingerprint, engine, record),
                   Status::kOutOfMemory);
  assert_int_equal(OpenRecord(RecordType::kState, kKey, fingerprint, record).status(),
                   Status::kOutOfMemory);

  while (blocks > 0) {
    mbedtls_free(rest[--blocks]);
  }
}

void sealed_record_is_not_made_without_randomness(void**) {
  engine.Stop();
  Record record{};
  assert_int_equal(SealRecord(RecordType::kState, 1, kKey, Fingerprint{}, engine, record),
                   Status::kFailedPrecondition);
  assert_int_equal(StartEngine(nullptr), 0);

  // The generator takes fresh entropy every so often; when there is none, it stops.
  test_entropy.SetFailing(true);
  Status status = Status::kOk;
  for (int i = 0; i < 20000 && status == Status::kOk; ++i) {
    status = SealRecord(RecordType::kState, 1, kKey, Fingerprint{}, engine, record);
  }
  assert_int_equal(status, Status::kUnavailable);
  test_entropy.SetFailing(false);
}

void sealed_record_tells_its_sequence_number_without_the_key(void**) {
  const Record record = Seal(Fingerprint{}, 0x01020304);
  assert_int_equal(SequenceOf(record), 0x01020304);
  assert_int_equal(SequenceOf(ConstBytes(record).first(SealedRecord::kHeaderBytes - 1)), 0);
}

void sealed_record_of_another_version_is_ignored(void**) {
  const Fingerprint fingerprint = FingerprintOf(tests::PageSettings());
  for (int version = 0; version < 256; ++version) {
    Record record = Seal(fingerprint);
    record[2] = static_cast<std::uint8_t>(version);
    assert_int_equal(Open(record, fingerprint), version == 2 ? Status::kOk : Status::kCorrupt);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(sealed_record_opens_to_its_payload_and_sequence),
      cmocka_unit_test(sealed_record_does_not_open_with_any_bit_flipped),
      cmocka_unit_test(sealed_record_does_not_open_at_any_other_size),
      cmocka_unit_test(sealed_record_leaves_no_payload_behind_when_it_does_not_open),
      cmocka_unit_test(sealed_record_belongs_to_its_type_key_and_configuration),
      cmocka_unit_test(sealed_record_depends_on_the_user_only_where_the_grant_names_one),
      cmocka_unit_test(sealed_record_uses_another_nonce_each_time),
      cmocka_unit_test(sealed_record_has_the_documented_header),
      cmocka_unit_test(sealed_record_says_for_whom_it_was_sealed),
      cmocka_unit_test(sealed_record_says_when_there_is_no_memory_for_the_cipher),
      cmocka_unit_test(sealed_record_is_not_made_without_randomness),
      cmocka_unit_test(sealed_record_tells_its_sequence_number_without_the_key),
      cmocka_unit_test(sealed_record_of_another_version_is_ignored),
  };
  return cmocka_run_group_tests_name("agent/sealed_record", tests, StartEngine, StopEngine);
}
