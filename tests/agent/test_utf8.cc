// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/utf8.h"

#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

bool IsUtf8(std::string_view text) {
  Utf8Checker checker;
  for (const char c : text) {
    if (!checker.Accept(static_cast<std::uint8_t>(c))) {
      return false;
    }
  }
  return checker.complete();
}

/// Encodes any value below 2^21 in `size` octets, legal or not.
std::string_view Encode(std::uint32_t value, unsigned size, char (&into)[4]) {
  constexpr std::uint8_t kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (unsigned i = size; i-- > 1;) {
    into[i] = static_cast<char>(0x80 | (value & 0x3F));
    value >>= 6;
  }
  into[0] = static_cast<char>(kLead[size] | value);
  return {into, size};
}

void utf8_accepts_each_code_point_in_its_shortest_form_only(void**) {
  char room[4];
  for (std::uint32_t value = 0x80; value < 0x800; ++value) {
    assert_true(IsUtf8(Encode(value, 2, room)));
  }
  for (std::uint32_t value = 0; value < 0x10000; ++value) {
    const bool legal = value >= 0x800 && (value < 0xD800 || value > 0xDFFF);
    assert_int_equal(IsUtf8(Encode(value, 3, room)), legal);
  }
  for (std::uint32_t value = 0; value < 0x200000; ++value) {
    const bool legal = value >= 0x10000 && value <= 0x10FFFF;
    assert_int_equal(IsUtf8(Encode(value, 4, room)), legal);
  }
}

void utf8_refuses_overlong_and_broken_sequences(void**) {
  assert_true(IsUtf8("plain"));
  assert_false(IsUtf8("\xC0\xAF"));  // overlong solidus
  assert_false(IsUtf8("\xC1\xBF"));  // overlong in two octets
  assert_false(IsUtf8("\x80"));      // continuation first
  assert_false(IsUtf8("\xC3"));      // ends inside
  assert_false(
      IsUtf8("\xC3"
             "a"));                          // not continued
  assert_false(IsUtf8("\xF5\x80\x80\x80"));  // beyond the last plane
  assert_false(IsUtf8("\xFF"));
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(utf8_accepts_each_code_point_in_its_shortest_form_only),
      cmocka_unit_test(utf8_refuses_overlong_and_broken_sequences),
  };
  return cmocka_run_group_tests_name("agent/utf8", tests, nullptr, nullptr);
}
