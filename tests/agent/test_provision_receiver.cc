// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provision_receiver.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

constexpr std::string_view kFullLine =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d";
static_assert(kFullLine.size() == 2 * ProvisionReceiver::kOctetsPerLine);

void provision_receiver_puts_lines_together_until_the_end(void**) {
  std::array<std::uint8_t, 40> room{};
  ProvisionReceiver receiver(room);

  assert_int_equal(receiver.Take(kFullLine), Status::kPending);
  assert_int_equal(receiver.Take("fe"), Status::kPending);
  assert_int_equal(receiver.Take("0a9f"), Status::kPending);
  assert_int_equal(receiver.Take("end"), Status::kOk);

  const Bytes record = receiver.record();
  assert_ptr_equal(record.data(), room.data());
  assert_int_equal(record.size(), 33);
  for (std::size_t i = 0; i < ProvisionReceiver::kOctetsPerLine; ++i) {
    assert_int_equal(record[i], i);
  }
  assert_int_equal(record[30], 0xFE);
  assert_int_equal(record[31], 0x0A);
  assert_int_equal(record[32], 0x9F);
}

void provision_receiver_takes_any_octet(void**) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::uint8_t, 256> room{};
  ProvisionReceiver receiver(room);
  for (std::size_t octet = 0; octet < room.size(); ++octet) {
    const char line[] = {kDigits[octet / 16], kDigits[octet % 16]};
    assert_int_equal(receiver.Take({line, 2}), Status::kPending);
  }
  for (std::size_t octet = 0; octet < room.size(); ++octet) {
    assert_int_equal(room[octet], octet);
  }
}

void provision_receiver_refuses_an_end_without_a_beginning(void**) {
  std::array<std::uint8_t, 4> room{};
  ProvisionReceiver receiver(room);
  assert_int_equal(receiver.Take("end"), Status::kFailedPrecondition);
  assert_int_equal(receiver.Take("00"), Status::kPending);
  assert_int_equal(receiver.Take("end"), Status::kOk);
}

void provision_receiver_drops_all_with_a_line_that_is_none(void**) {
  std::array<std::uint8_t, 128> room{};
  ProvisionReceiver receiver(room);
  for (const std::string_view line :
       {std::string_view(""), std::string_view("0"), std::string_view("000"),
        std::string_view("0g"), std::string_view("g0"), std::string_view("0A"),
        std::string_view("en"), std::string_view("END"), std::string_view("end "),
        std::string_view(" 00"), std::string_view("0x00"), std::string_view("00\r\n"),
        std::string_view("\0\0", 2), std::string_view("\xFF\xFF"), std::string_view("provision 00"),
        std::string_view("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e")}) {
    assert_int_equal(receiver.Take("0102"), Status::kPending);
    assert_int_equal(receiver.Take(line), Status::kMalformed);
    assert_int_equal(receiver.record().size(), 0);
    assert_int_equal(receiver.Take("end"), Status::kFailedPrecondition);
  }
}

void provision_receiver_refuses_each_character_that_is_no_digit_in_both_places(void**) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::uint8_t, 4> room{};
  ProvisionReceiver receiver(room);
  for (int character = 0; character < 256; ++character) {
    const char c = static_cast<char>(character);
    const bool is_digit = kDigits.find(c) != std::string_view::npos;
    for (const std::array<char, 2> line : {std::array{c, '0'}, std::array{'0', c}}) {
      receiver.Reset();
      assert_int_equal(receiver.Take({line.data(), line.size()}),
                       is_digit ? Status::kPending : Status::kMalformed);
    }
  }
}

void provision_receiver_never_writes_beyond_its_room(void**) {
  const GuardedBytes memory(ProvisionReceiver::kOctetsPerLine + 1);
  for (std::size_t size = 0; size <= ProvisionReceiver::kOctetsPerLine; ++size) {
    for (std::size_t count = 1; count <= ProvisionReceiver::kOctetsPerLine; ++count) {
      const Bytes room = memory.Last(size);
      ProvisionReceiver receiver(room);
      const std::string_view line = kFullLine.substr(0, 2 * count);
      assert_int_equal(receiver.Take(line),
                       count <= size ? Status::kPending : Status::kBufferTooSmall);
      assert_int_equal(receiver.record().size(), count <= size ? count : 0);
      assert_int_equal(receiver.Take(line),
                       2 * count <= size ? Status::kPending : Status::kBufferTooSmall);
    }
  }
}

void provision_receiver_begins_again_when_told(void**) {
  std::array<std::uint8_t, 2> room{};
  ProvisionReceiver receiver(room);
  assert_int_equal(receiver.Take("0102"), Status::kPending);
  assert_int_equal(receiver.Take("03"), Status::kBufferTooSmall);
  assert_int_equal(receiver.Take("0405"), Status::kPending);
  receiver.Reset();
  assert_int_equal(receiver.Take("end"), Status::kFailedPrecondition);
  assert_int_equal(receiver.Take("06"), Status::kPending);
  assert_int_equal(receiver.record().size(), 1);
  assert_int_equal(room[0], 6);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(provision_receiver_puts_lines_together_until_the_end),
      cmocka_unit_test(provision_receiver_takes_any_octet),
      cmocka_unit_test(provision_receiver_refuses_an_end_without_a_beginning),
      cmocka_unit_test(provision_receiver_drops_all_with_a_line_that_is_none),
      cmocka_unit_test(provision_receiver_refuses_each_character_that_is_no_digit_in_both_places),
      cmocka_unit_test(provision_receiver_never_writes_beyond_its_room),
      cmocka_unit_test(provision_receiver_begins_again_when_told),
  };
  return cmocka_run_group_tests_name("agent/provision_receiver", tests, nullptr, nullptr);
}
