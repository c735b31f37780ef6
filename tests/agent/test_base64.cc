// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/base64.h"

#include <array>
#include <cstring>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"
#include "vectors.h"

namespace connect_auth {
namespace {

void base64_encodes_every_vector_up_to_a_guard_page(void**) {
  const GuardedBytes input(512);
  const GuardedBytes output(1024);
  for (const vectors::Base64& vector : vectors::kBase64) {
    assert_int_equal(Base64EncodedSize(vector.plain.size()), vector.encoded.size());
    const Bytes encoded = output.Last(vector.encoded.size());

    EncodeBase64(input.Copy(AsBytes(vector.plain)), encoded);

    assert_memory_equal(encoded.data(), vector.encoded.data(), encoded.size());
  }
}

void base64_encodes_in_place_from_the_end_of_the_output(void**) {
  const GuardedBytes memory(1024);
  for (const vectors::Base64& vector : vectors::kBase64) {
    const Bytes encoded = memory.Last(vector.encoded.size());
    CopyBytes(AsBytes(vector.plain), encoded.last(vector.plain.size()));

    EncodeBase64(encoded.last(vector.plain.size()), encoded);

    assert_memory_equal(encoded.data(), vector.encoded.data(), encoded.size());
  }
}

void base64_has_the_right_symbol_for_all_64_values_in_all_four_places(void**) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::uint32_t value = 0; value < 64; ++value) {
    for (unsigned place = 0; place < 4; ++place) {
      const std::uint32_t bits = value << (18 - 6 * place);
      const std::array<std::uint8_t, 3> octets = {static_cast<std::uint8_t>(bits >> 16),
                                                  static_cast<std::uint8_t>(bits >> 8),
                                                  static_cast<std::uint8_t>(bits)};
      std::array<std::uint8_t, 4> encoded{};

      EncodeBase64(octets, encoded);

      assert_int_equal(encoded[place], kAlphabet[value]);
    }
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(base64_encodes_every_vector_up_to_a_guard_page),
      cmocka_unit_test(base64_encodes_in_place_from_the_end_of_the_output),
      cmocka_unit_test(base64_has_the_right_symbol_for_all_64_values_in_all_four_places),
  };
  return cmocka_run_group_tests_name("agent/base64", tests, nullptr, nullptr);
}
