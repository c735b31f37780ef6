// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/digest.h"

#include <vector>

#include "port/bytes.h"
#include "tests/cmocka.h"

namespace connect_auth {
namespace {

using Fields = std::vector<std::string_view>;

void digest_is_sha_256_over_fields_with_their_sizes(void**) {
  // SHA-256 of nothing, and of 00 00 00 03 "abc": as sha256sum says.
  constexpr Digest kOfNothing = {0xE3, 0xB0, 0xC4, 0x42, 0x98, 0xFC, 0x1C, 0x14, 0x9A, 0xFB, 0xF4,
                                 0xC8, 0x99, 0x6F, 0xB9, 0x24, 0x27, 0xAE, 0x41, 0xE4, 0x64, 0x9B,
                                 0x93, 0x4C, 0xA4, 0x95, 0x99, 0x1B, 0x78, 0x52, 0xB8, 0x55};
  constexpr Digest kOfAbc = {0xD0, 0x4B, 0x72, 0xA6, 0x50, 0xCE, 0x0F, 0x8C, 0xE4, 0x96, 0x33,
                             0x30, 0xA5, 0x3E, 0xE2, 0x83, 0x27, 0x33, 0xD2, 0xBA, 0xEF, 0xFF,
                             0xF3, 0xC1, 0xD8, 0xE2, 0x56, 0xCC, 0xA0, 0x96, 0xD1, 0x20};
  assert_true(DigestOf(Fields{}) == kOfNothing);
  assert_true(DigestOf(Fields{"abc"}) == kOfAbc);
}

void digest_tells_lists_apart_whose_text_is_the_same(void**) {
  assert_true(DigestOf(Fields{"ab", "c"}) != DigestOf(Fields{"a", "bc"}));
  assert_true(DigestOf(Fields{"abc"}) != DigestOf(Fields{"abc", ""}));
  assert_true(DigestOf(Fields{"", "abc"}) != DigestOf(Fields{"abc", ""}));
  assert_true(DigestOf(Fields{"ab", "c"}) == DigestOf(Fields{"ab", "c"}));
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(digest_is_sha_256_over_fields_with_their_sizes),
      cmocka_unit_test(digest_tells_lists_apart_whose_text_is_the_same),
  };
  return cmocka_run_group_tests_name("agent/digest", tests, nullptr, nullptr);
}
