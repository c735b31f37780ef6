// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/form.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

void form_escapes_every_octet_but_letters_digits_and_four_marks(void**) {
  constexpr std::string_view kKept =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const std::string_view value(&c, 1);
    std::array<std::uint8_t, 3> room{};
    ByteWriter into(room);

    FormEncode(value, into);

    assert_int_equal(into.size(), FormEncodedSize(value));
    if (kKept.find(c) != std::string_view::npos) {
      assert_true(AsText(into.written()) == value);
    } else if (c == ' ') {
      assert_true(AsText(into.written()) == "+");
    } else {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      assert_int_equal(into.size(), 3);
      assert_int_equal(room[0], '%');
      assert_int_equal(room[1], kHex[static_cast<std::size_t>(octet) / 16]);
      assert_int_equal(room[2], kHex[static_cast<std::size_t>(octet) % 16]);
    }
  }
}

void form_stops_in_front_of_a_guard_page_when_the_room_ends(void**) {
  constexpr std::string_view kValue = "a b&c\xC3\xA4";
  const GuardedBytes memory(64);
  for (std::size_t room = 0; room <= FormEncodedSize(kValue); ++room) {
    ByteWriter into(memory.Last(room));

    FormEncode(kValue, into);

    assert_int_equal(into.overflowed(), room < FormEncodedSize(kValue));
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(form_escapes_every_octet_but_letters_digits_and_four_marks),
      cmocka_unit_test(form_stops_in_front_of_a_guard_page_when_the_room_ends),
  };
  return cmocka_run_group_tests_name("agent/form", tests, nullptr, nullptr);
}
