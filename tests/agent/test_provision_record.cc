// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provision_record.h"

#include <array>
#include <string_view>

#include "agent/encoding/byte_order.h"
#include "agent/store/ring_storage.h"
#include "agent/store/sealed_record.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/support/guarded_bytes.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

constexpr std::array<std::uint8_t, 6> kMac = {0x02, 0x00, 0x5E, 0x00, 0x53, 0x01};
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
constexpr std::uint32_t kSequence = 7;

/// `FullProvision()`, put together and sealed by another implementation (Python's struct and
/// cryptography, which is OpenSSL's AES-GCM) from the tables in provision_record.h and
/// sealed_record.h: key 00..1F, sequence number 7, random octets A0..A7.
// clang-format off
constexpr std::array<std::uint8_t, 415> kSealed = {
    0x43, 0x41, 0x02, 0x03, 0x45, 0x99, 0x17, 0xE9, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07,
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0x09, 0x91, 0xA4, 0x24, 0xD3, 0x82, 0x1E, 0x29,
    0x20, 0x44, 0x9F, 0x18, 0x8F, 0x7E, 0x7E, 0xDD, 0xF9, 0x71, 0xCF, 0x87, 0xB7, 0xE4, 0xDA, 0xA0,
    0x5B, 0x2A, 0x82, 0x91, 0xAC, 0xA0, 0x02, 0x54, 0x8F, 0xCB, 0x56, 0xF9, 0x39, 0x31, 0xE1, 0xB0,
    0xCF, 0xD1, 0xD3, 0xF5, 0x8E, 0x6E, 0xF0, 0x3A, 0xA2, 0xF0, 0xD5, 0x0F, 0x9A, 0xB7, 0x91, 0x55,
    0x9E, 0x3E, 0xC1, 0xDA, 0xE5, 0x42, 0xDE, 0x2B, 0x14, 0xC0, 0x09, 0x67, 0xA3, 0xA7, 0x66, 0x27,
    0x21, 0x95, 0x1C, 0xE1, 0x1E, 0x08, 0x29, 0xD9, 0x47, 0xF6, 0xBC, 0xAC, 0xC1, 0x4A, 0x6B, 0x55,
    0xB6, 0x4F, 0xFB, 0x45, 0x65, 0xAD, 0x00, 0x5A, 0x3E, 0xD9, 0xE4, 0xB7, 0xDE, 0x93, 0x39, 0x39,
    0x73, 0x6A, 0x64, 0x02, 0x60, 0xAF, 0x30, 0x58, 0xFE, 0xD9, 0x69, 0x8A, 0xB3, 0xCA, 0x7D, 0x9F,
    0xFE, 0x41, 0x7E, 0xF8, 0xE5, 0xA4, 0x16, 0x05, 0x22, 0x18, 0x4C, 0x86, 0xB4, 0x31, 0x5D, 0xBB,
    0x87, 0x14, 0x52, 0x4E, 0xE0, 0xF8, 0x6C, 0x75, 0x64, 0xE5, 0xE9, 0x6D, 0x1B, 0x56, 0x28, 0x1B,
    0x81, 0x40, 0x1C, 0x29, 0x1E, 0x90, 0x05, 0x00, 0x60, 0xAC, 0x08, 0xD5, 0x78, 0xAA, 0xD6, 0x8B,
    0xA3, 0x13, 0xB5, 0x0F, 0x51, 0xF8, 0xFB, 0xC4, 0xCE, 0xF2, 0x33, 0x7B, 0x0D, 0xD8, 0x9E, 0xF2,
    0xAB, 0xE0, 0x02, 0xA9, 0xBC, 0x18, 0x01, 0x4A, 0x43, 0x88, 0x75, 0xC7, 0x3A, 0x5C, 0xE9, 0x12,
    0xDD, 0x63, 0x37, 0xDA, 0x50, 0x5A, 0x69, 0xE1, 0xA5, 0x6D, 0xFD, 0xA6, 0x41, 0x66, 0xB1, 0xDA,
    0x26, 0x94, 0x30, 0x4B, 0xE9, 0xA2, 0x74, 0x6B, 0xBD, 0x50, 0x40, 0x54, 0x2B, 0x0E, 0x24, 0x95,
    0x8E, 0x02, 0x3E, 0x65, 0x5B, 0x7C, 0xA7, 0x87, 0x9B, 0x4D, 0x22, 0x1F, 0x4A, 0x74, 0x9D, 0x53,
    0x30, 0x2B, 0xEA, 0xE6, 0x7E, 0x18, 0x74, 0x16, 0x78, 0x1B, 0x9F, 0x3F, 0x99, 0x8A, 0x53, 0xD2,
    0x4D, 0xAB, 0x14, 0x37, 0xCB, 0xCF, 0x3A, 0x13, 0x43, 0xB3, 0xD0, 0x3F, 0x53, 0x93, 0x7E, 0x45,
    0x16, 0x6A, 0x64, 0xD8, 0xED, 0x4C, 0x69, 0x2D, 0x04, 0x17, 0x83, 0x87, 0xC8, 0xBE, 0x92, 0xA3,
    0x10, 0x88, 0xE2, 0xBC, 0x53, 0x54, 0x2E, 0xE8, 0x7C, 0xCB, 0x9A, 0x67, 0x78, 0x0C, 0x06, 0x42,
    0x80, 0x6C, 0x48, 0xFE, 0x22, 0xA3, 0x3E, 0x9E, 0x16, 0x5B, 0xE4, 0xFE, 0x25, 0x38, 0x21, 0x8E,
    0xB2, 0x86, 0x98, 0x24, 0xF4, 0x10, 0x98, 0x74, 0x57, 0x8D, 0xF2, 0x0F, 0x73, 0xDB, 0x95, 0x97,
    0x49, 0xBE, 0x67, 0xF3, 0x11, 0x96, 0xBE, 0x0E, 0x1D, 0xFD, 0x67, 0x86, 0x7E, 0x9F, 0x89, 0xDF,
    0x47, 0x4B, 0x60, 0xE9, 0xDF, 0x0E, 0xBA, 0x44, 0x60, 0x19, 0xE1, 0xE0, 0x61, 0xF9, 0x59, 0x2B,
    0x8F, 0xF1, 0xF9, 0x39, 0xD5, 0x03, 0x35, 0xE4, 0x14, 0x56, 0xFA, 0x87, 0x72, 0xB3, 0x46,
};
// clang-format on

/// The record's buffer, as a device has one. The payload begins behind the header.
using Room = std::array<std::uint8_t, Provision::kMostRecordBytes>;

/// Every field has a value that is not its default.
Provision FullProvision() {
  Provision provision;
  Settings& settings = provision.settings;
  settings.url = "https://server.domain.tld";
  settings.token_path = "/Connect/token";
  settings.trust = {AsBytes("ca"), AsBytes("backup"), "pin", UnixSeconds{1800000000}};
  settings.client_id = "Application1";
  settings.client_secret = SecretView("Application1Password");
  settings.auth_encoding = AuthEncoding::kForm;
  settings.grant = Grant::kAuthorizationCode;
  settings.code = SecretView("code");
  settings.redirect_uri = "https://x/";
  settings.timeout = Millis::Seconds(31);
  settings.connect_timeout = Millis::Seconds(11);
  settings.keep_alive = Millis::Seconds(5);
  settings.renewal_margin = Millis::Seconds(61);
  settings.store_gain = Millis::Seconds(3600);
  settings.default_lifetime = Millis::Seconds(299);
  settings.backoff = {Millis::Seconds(301), Millis::Seconds(901), Millis{0}};
  settings.latch_wait = Millis::Seconds(86400);
  settings.least_time = UnixSeconds{1800000001};
  settings.device_id = AsBytes("id");
  provision.network = {0xC0000201, 0xFFFFFF00, 0xC00002FE, 0xC0000235, kMac};
  provision.sample = {"/Connect/api/devices", Millis::Seconds(90)};
  return provision;
}

Bytes Encode(const Provision& provision, Bytes room) {
  const Bytes payload = room.first(ProvisionBytes(provision));
  EncodeProvision(provision, payload);
  return payload;
}

/// A payload with one field.
ConstBytes OneField(std::uint8_t tag, ConstBytes value, Bytes room) {
  room[0] = tag;
  PutBigEndian(value.size(), room.subspan(1, 2));
  CopyBytes(value, room.subspan(3));
  return room.first(3 + value.size());
}

ConstBytes OneNumber(std::uint8_t tag, std::uint64_t value, Bytes room) {
  std::array<std::uint8_t, 8> octets{};
  PutBigEndian(value, octets);
  return OneField(tag, octets, room);
}

Status Decode(ConstBytes payload) {
  Provision provision;
  return DecodeProvision(payload, provision);
}

bool IsInside(std::string_view text, ConstBytes room) {
  return text.data() >= AsText(room).data() &&
         text.data() + text.size() <= AsText(room).data() + room.size();
}

void assert_same(ConstBytes a, ConstBytes b) {
  assert_true(AsText(a) == AsText(b));
}

void assert_same_settings(const Settings& a, const Settings& b) {
  assert_true(a.url == b.url && a.token_path == b.token_path);
  assert_same(a.trust.authorities, b.trust.authorities);
  assert_same(a.trust.backup_authorities, b.trust.backup_authorities);
  assert_true(a.trust.pins == b.trust.pins && a.trust.least_time == b.trust.least_time);
  assert_true(a.client_id == b.client_id && a.username == b.username);
  assert_true(a.client_secret.Reveal() == b.client_secret.Reveal());
  assert_true(a.auth_encoding == b.auth_encoding && a.grant == b.grant);
  assert_true(a.password.Reveal() == b.password.Reveal() && a.code.Reveal() == b.code.Reveal());
  assert_true(a.redirect_uri == b.redirect_uri);
  assert_true(a.timeout == b.timeout && a.connect_timeout == b.connect_timeout);
  assert_true(a.keep_alive == b.keep_alive && a.renewal_margin == b.renewal_margin);
  assert_true(a.store_gain == b.store_gain && a.default_lifetime == b.default_lifetime);
  assert_true(a.backoff.period == b.backoff.period);
  assert_true(a.backoff.slow_period == b.backoff.slow_period);
  assert_true(a.backoff.boot_spread == b.backoff.boot_spread);
  assert_true(a.latch_wait == b.latch_wait && a.least_time == b.least_time);
  assert_same(a.device_id, b.device_id);
}

void assert_same_provision(const Provision& a, const Provision& b) {
  assert_same_settings(a.settings, b.settings);
  assert_int_equal(a.network.address, b.network.address);
  assert_int_equal(a.network.netmask, b.network.netmask);
  assert_int_equal(a.network.gateway, b.network.gateway);
  assert_int_equal(a.network.dns, b.network.dns);
  assert_same(a.network.mac, b.network.mac);
  assert_true(a.sample.target == b.sample.target && a.sample.period == b.sample.period);
}

void provision_record_sealed_by_another_implementation_opens_in_place(void**) {
  std::array<std::uint8_t, kSealed.size()> record = kSealed;

  const Result<std::uint32_t> opened = OpenRecord(RecordType::kProvision, kKey, {}, record);
  assert_int_equal(opened.value(), kSequence);
  Provision provision;
  const ConstBytes payload = ConstBytes(record).subspan(
      SealedRecord::kHeaderBytes, record.size() - SealedRecord::kOverheadBytes);
  assert_int_equal(DecodeProvision(payload, provision), Status::kOk);

  assert_same_provision(provision, FullProvision());
  assert_true(IsInside(provision.settings.url, record));
  assert_true(IsInside(provision.settings.client_secret.Reveal(), record));
  assert_true(IsInside(AsText(provision.settings.trust.authorities), record));
  assert_true(IsInside(provision.sample.target, record));
}

void provision_record_is_written_octet_by_octet_as_another_implementation_does(void**) {
  std::array<std::uint8_t, kSealed.size()> record = kSealed;
  assert_true(OpenRecord(RecordType::kProvision, kKey, {}, record).ok());
  Room room{};

  const ConstBytes payload = Encode(FullProvision(), room);

  assert_same(payload, ConstBytes(record).subspan(SealedRecord::kHeaderBytes, payload.size()));
  assert_int_equal(payload.size() + SealedRecord::kOverheadBytes, kSealed.size());
}

void provision_record_with_a_password_brings_everything_back(void**) {
  Provision written = FullProvision();
  written.settings.grant = Grant::kPassword;
  written.settings.username = "Administrator";
  written.settings.password = SecretView("p\xC3\xA4ssword");
  Room room{};

  Provision read;
  assert_int_equal(DecodeProvision(Encode(written, room), read), Status::kOk);

  assert_same_provision(read, written);
}

void provision_record_brings_each_grant_back_and_no_other(void**) {
  for (const Grant grant :
       {Grant::kPassword, Grant::kAuthorizationCode, Grant::kClientCredentials}) {
    Provision written = FullProvision();
    written.settings.grant = grant;
    Room room{};
    Provision read;
    assert_int_equal(DecodeProvision(Encode(written, room), read), Status::kOk);
    assert_true(read.settings.grant == grant);
  }
  Room room{};
  assert_int_equal(Decode(OneNumber(20, 3, room)), Status::kInvalidArgument);
}

void provision_record_without_fields_leaves_the_defaults(void**) {
  Provision provision;
  assert_int_equal(DecodeProvision({}, provision), Status::kOk);
  assert_same_provision(provision, Provision());
}

void provision_record_cut_short_anywhere_lacks_fields_or_is_malformed(void**) {
  const GuardedBytes memory(Provision::kMostRecordBytes);
  Room room{};
  const ConstBytes whole = Encode(FullProvision(), room);
  std::size_t legal = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Status status = Decode(memory.Copy(whole.first(size)));
    legal += status == Status::kOk ? 1 : 0;
    assert_true(status == Status::kOk || status == Status::kMalformed);
  }
  assert_int_equal(legal, 33);  // Before each field.
}

/// Only a record that opens is read; but whatever it holds, the reader stays inside.
void provision_record_with_any_bit_flipped_stays_inside_the_record(void**) {
  const GuardedBytes memory(Provision::kMostRecordBytes);
  Room room{};
  const ConstBytes whole = Encode(FullProvision(), room);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    const Bytes payload = memory.Copy(whole);
    payload[bit / 8] = static_cast<std::uint8_t>(payload[bit / 8] ^ (1U << bit % 8));
    Provision provision;
    const Status status = DecodeProvision(payload, provision);
    assert_true(status == Status::kOk || status == Status::kMalformed ||
                status == Status::kInvalidArgument);
    for (const std::string_view text :
         {provision.settings.url, provision.settings.client_id, provision.sample.target,
          provision.settings.client_secret.Reveal(), AsText(provision.settings.device_id)}) {
      assert_true(status != Status::kOk || IsInside(text, payload) || text.empty() ||
                  text == Provision().settings.token_path);
    }
  }
}

void provision_record_with_a_field_that_is_not_known_is_malformed(void**) {
  std::array<bool, 256> known{};
  for (const int tag : {1,  2,  3,  4,  5,  6,  10, 11, 12, 20, 21, 22, 23, 24, 30, 31, 32,
                        33, 34, 35, 36, 37, 38, 39, 40, 41, 50, 51, 52, 53, 54, 60, 61}) {
    known[static_cast<std::size_t>(tag)] = true;
  }
  Room room{};
  for (int tag = 0; tag < 256; ++tag) {
    // One of eight octets that is good for each kind of field but the Ethernet address.
    const Status status = Decode(OneNumber(static_cast<std::uint8_t>(tag), 1, room));
    assert_int_equal(status, tag == 54                              ? Status::kInvalidArgument
                             : known[static_cast<std::size_t>(tag)] ? Status::kOk
                                                                    : Status::kMalformed);
  }
}

void provision_record_with_a_field_twice_or_out_of_turn_is_malformed(void**) {
  Room room{};
  for (const std::string_view payload :
       {std::string_view("\x01\0\x01x\x01\0\x01x", 8),
        std::string_view("\x02\0\x01x\x01\0\x01x", 8),
        std::string_view("\x3D\0\x08\0\0\0\0\0\0\0\x01\x01\0\0", 14)}) {
    assert_int_equal(Decode(AsBytes(payload)), Status::kMalformed);
  }
  const Bytes whole = Encode(FullProvision(), room);
  CopyBytes(whole, Bytes(room).subspan(whole.size()));
  assert_int_equal(Decode(Bytes(room).first(2 * whole.size())), Status::kMalformed);
}

void provision_record_whose_field_is_longer_than_the_rest_is_malformed(void**) {
  const GuardedBytes memory(64);
  for (unsigned size = 6; size <= 0xFFFF; ++size) {
    std::array<std::uint8_t, 8> payload = {1, 0, 0, 'h', 't', 't', 'p', 's'};
    PutBigEndian(size, Bytes(payload).subspan(1, 2));
    assert_int_equal(Decode(memory.Copy(payload)), Status::kMalformed);
  }
}

void provision_record_with_a_number_of_another_size_is_refused(void**) {
  constexpr std::array<std::uint8_t, 16> kZeros{};
  const GuardedBytes memory(64);
  Room room{};
  for (std::size_t size = 0; size <= kZeros.size(); ++size) {
    const ConstBytes field = OneField(30, ConstBytes(kZeros).first(size), room);
    assert_int_equal(Decode(memory.Copy(field)),
                     size == 8 ? Status::kOk : Status::kInvalidArgument);
  }
}

void provision_record_with_a_value_out_of_range_is_refused(void**) {
  constexpr struct {
    std::uint8_t tag;
    std::uint64_t most;
  } kLimits[] = {{6, 253402300799},  {12, 1},          {20, 2},          {30, INT64_MAX},
                 {40, 253402300799}, {50, 0xFFFFFFFF}, {51, 0xFFFFFFFF}, {52, 0xFFFFFFFF},
                 {53, 0xFFFFFFFF},   {61, 86'400'000}};
  Room room{};
  for (const auto& limit : kLimits) {
    assert_int_equal(Decode(OneNumber(limit.tag, limit.most, room)), Status::kOk);
    assert_int_equal(Decode(OneNumber(limit.tag, limit.most + 1, room)), Status::kInvalidArgument);
    assert_int_equal(Decode(OneNumber(limit.tag, UINT64_MAX, room)), Status::kInvalidArgument);
  }
  assert_int_equal(Decode(OneNumber(61, 0, room)), Status::kInvalidArgument);
  for (std::size_t size = 0; size < 9; ++size) {
    constexpr std::array<std::uint8_t, 9> kOctets{};
    assert_int_equal(Decode(OneField(54, ConstBytes(kOctets).first(size), room)),
                     size == 0 || size == kMac.size() ? Status::kOk : Status::kInvalidArgument);
  }
}

void provision_record_of_another_key_is_told_from_a_damaged_one(void**) {
  std::array<std::uint8_t, Settings::kRecordKeyBytes> other_key = kKey;
  other_key[0] = 0xFF;
  assert_true(SealedForWhom(other_key, {}, kSealed) == SealedFor::kOtherKey);
  for (std::size_t at = SealedRecord::kHeaderBytes; at < kSealed.size(); ++at) {
    std::array<std::uint8_t, kSealed.size()> record = kSealed;
    record[at] = static_cast<std::uint8_t>(record[at] ^ 1U);
    assert_true(SealedForWhom(kKey, {}, record) == SealedFor::kUs);
    assert_int_equal(OpenRecord(RecordType::kProvision, kKey, {}, record).status(),
                     Status::kCorrupt);
  }
}

void provision_record_survives_in_the_area_for_settings(void**) {
  static std::array<std::uint8_t, std::size_t{Provision::kBlocks} * Provision::kBlockBytes> medium;
  static fake::FakeFlash flash(medium, {Provision::kBlockBytes, Provision::kBlocks, 1, true});
  medium.fill(0xFF);
  static RingStorage ring(flash);
  assert_int_equal(ring.Store(Provision::kName, kSealed), Status::kOk);

  static RingStorage after_reboot(flash);
  Room room{};
  const IoResult loaded = after_reboot.Load(Provision::kName, room);

  assert_true(loaded.ok());
  assert_same(ConstBytes(room).first(loaded.bytes()), kSealed);
}

std::array<std::uint8_t, 16384> arena;
fake::FakeClock test_clock;
fake::FakeEntropy test_entropy;
Engine engine;

int StartEngine(void**) {
  return engine.Start(arena, test_clock, test_entropy) == Status::kOk ? 0 : -1;
}
int StopEngine(void**) {
  engine.Stop();
  return 0;
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(provision_record_sealed_by_another_implementation_opens_in_place),
      cmocka_unit_test(provision_record_is_written_octet_by_octet_as_another_implementation_does),
      cmocka_unit_test(provision_record_with_a_password_brings_everything_back),
      cmocka_unit_test(provision_record_brings_each_grant_back_and_no_other),
      cmocka_unit_test(provision_record_without_fields_leaves_the_defaults),
      cmocka_unit_test(provision_record_cut_short_anywhere_lacks_fields_or_is_malformed),
      cmocka_unit_test(provision_record_with_any_bit_flipped_stays_inside_the_record),
      cmocka_unit_test(provision_record_with_a_field_that_is_not_known_is_malformed),
      cmocka_unit_test(provision_record_with_a_field_twice_or_out_of_turn_is_malformed),
      cmocka_unit_test(provision_record_whose_field_is_longer_than_the_rest_is_malformed),
      cmocka_unit_test(provision_record_with_a_number_of_another_size_is_refused),
      cmocka_unit_test(provision_record_with_a_value_out_of_range_is_refused),
      cmocka_unit_test(provision_record_of_another_key_is_told_from_a_damaged_one),
      cmocka_unit_test(provision_record_survives_in_the_area_for_settings),
  };
  return cmocka_run_group_tests_name("agent/provision_record", tests, StartEngine, StopEngine);
}
