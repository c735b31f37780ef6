// SPDX-License-Identifier: Apache-2.0
//
// A few of the power cuts of tests/agent/test_ring_power_cuts.cc, for the emulated processor: what
// could differ there is the width of a word, not which of the many moments is cut.
#include <cstdint>

#include "tests/agent/ring_sweep.h"
#include "tests/cmocka.h"

namespace connect_auth::tests {
namespace {

constexpr std::uint32_t kSmall = 4096;

void ring_keeps_its_promises_through_power_cuts(void**) {
  const SweepCase cases[] = {
      {.geometry = {kSmall, 2, 1, true}, .updates = 5},
      {.geometry = {kSmall, 3, 16, true}, .lengths = Lengths::kSmall, .updates = 6},
      {.geometry = {kSmall, 3, 1, true}, .updates = 3, .undecided = true},
      {.geometry = {kSmall, 2, 32, false}, .updates = 4, .ecc_errors = true},
      {.geometry = {65536, 8, 1, true}, .updates = 2, .cuts_every = 7},  // as on the board
  };
  for (const SweepCase& sweep : cases) {
    const SweepTally tally = Sweep(sweep);
    assert_true(tally.cuts > 0);
    assert_true(tally.kept_old > 0);
    assert_true(tally.kept_new > 0);
    assert_int_equal(tally.failures, 0);
  }
}

void ring_keeps_its_promises_through_a_second_cut(void**) {
  const SweepTally tally =
      Sweep({.geometry = {kSmall, 3, 8, true}, .updates = 3, .second_cuts_every = 40});

  assert_true(tally.second_cuts > 0);
  assert_int_equal(tally.failures, 0);
}

void ring_keeps_its_promises_where_bits_flip(void**) {
  const SweepCase sweep{
      .geometry = {kSmall, 4, 1, true}, .lengths = Lengths::kSteady, .updates = 6};

  assert_int_equal(FlipBits(sweep, 100).failures, 0);
  assert_int_equal(WearOut(sweep, 10).failures, 0);
}

}  // namespace
}  // namespace connect_auth::tests

int main() {
  using namespace connect_auth::tests;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(ring_keeps_its_promises_through_power_cuts),
      cmocka_unit_test(ring_keeps_its_promises_through_a_second_cut),
      cmocka_unit_test(ring_keeps_its_promises_where_bits_flip),
  };
  return cmocka_run_group_tests_name("agent/ring_power_cuts", tests, nullptr, nullptr);
}
