// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/calendar.h"

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

void calendar_knows_days_that_are_known(void**) {
  constexpr struct {
    std::int32_t days;
    Date date;
  } kKnown[] = {{0, {1970, 1, 1}},         {-1, {1969, 12, 31}},  {59, {1970, 3, 1}},
                {11016, {2000, 2, 29}},    {11017, {2000, 3, 1}}, {19782, {2024, 2, 29}},
                {47540, {2100, 2, 28}},    {47541, {2100, 3, 1}}, {24855, {2038, 1, 19}},
                {2932896, {9999, 12, 31}}, {-719468, {0, 3, 1}},  {-719469, {0, 2, 29}}};
  for (const auto& known : kKnown) {
    const Date date = DateOfDays(known.days);
    assert_int_equal(date.year, known.date.year);
    assert_int_equal(date.month, known.date.month);
    assert_int_equal(date.day, known.date.day);
    assert_int_equal(DaysOfDate(known.date), known.days);
  }
}

void calendar_goes_there_and_back(void**) {
  for (std::int32_t days = -800000; days <= 3000000; ++days) {
    assert_int_equal(DaysOfDate(DateOfDays(days)), days);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(calendar_knows_days_that_are_known),
      cmocka_unit_test(calendar_goes_there_and_back),
  };
  return cmocka_run_group_tests_name("agent/calendar", tests, nullptr, nullptr);
}
