// SPDX-License-Identifier: Apache-2.0
//
// Fails, so that a failed assertion on the board is seen to fail the test in ctest.
#include "tests/cmocka.h"

namespace {

void one_is_two(void**) {
  assert_int_equal(1, 2);
}
void one_is_one(void**) {
  assert_int_equal(1, 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(one_is_two), cmocka_unit_test(one_is_one)};
  return cmocka_run_group_tests_name("seeded", tests, nullptr, nullptr);
}
