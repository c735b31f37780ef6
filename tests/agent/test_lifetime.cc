// SPDX-License-Identifier: Apache-2.0
#include "agent/session/lifetime.h"

#include <array>

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"

namespace connect_auth {
namespace {

constexpr UnixSeconds kWall{1800000000};
constexpr std::uint64_t kBoot = 7;
constexpr std::int32_t kLife = 3600;

/// A token asked for at 1000 s after boot, on a clock that stands there.
class Fixture {
 public:
  Fixture() {
    clock.Reboot(kBoot);
    clock.Advance(Millis::Seconds(1000));
    clock.SetWallTime(kWall);
  }
  void Assign(std::int32_t lifetime_s = kLife) {
    assert_int_equal(token.Assign(SecretView("t"), lifetime_s, Anchor::Now(clock)), Status::kOk);
  }
  std::int64_t LeftSeconds() const { return RemainingLife(token, clock).value().count / 1000; }

  fake::FakeClock clock;
  std::array<std::uint8_t, 8> storage{};
  Token token{storage};
};

void lifetime_counts_on_the_monotonic_clock_within_a_boot(void**) {
  static Fixture fixture;
  fixture.Assign();
  fixture.clock.Advance(Millis::Seconds(600));
  assert_int_equal(fixture.LeftSeconds(), kLife - 600);

  fixture.clock.SetWallTime(UnixSeconds{kWall.count + 1000000});
  assert_int_equal(fixture.LeftSeconds(), kLife - 600);
  fixture.clock.ForgetWallTime();
  assert_int_equal(fixture.LeftSeconds(), kLife - 600);

  fixture.clock.Advance(Millis::Seconds(kLife));
  assert_int_equal(fixture.LeftSeconds(), -600);
}

void lifetime_counts_on_the_wall_clock_after_a_reboot(void**) {
  static Fixture fixture;
  fixture.Assign();
  fixture.clock.Reboot(kBoot + 1);
  fixture.clock.SetWallTime(UnixSeconds{kWall.count + 100});
  assert_int_equal(fixture.LeftSeconds(), kLife - 100);
}

void lifetime_is_unknown_after_a_reboot_without_a_usable_wall_clock(void**) {
  static Fixture fixture;
  fixture.Assign();
  fixture.clock.Reboot(kBoot + 1);
  assert_int_equal(RemainingLife(fixture.token, fixture.clock).status(), Status::kUnavailable);

  fixture.clock.SetWallTime(UnixSeconds{kWall.count - 1});  // ran back
  assert_int_equal(RemainingLife(fixture.token, fixture.clock).status(), Status::kUnavailable);
}

void lifetime_is_unknown_when_the_token_was_asked_for_without_any_clock(void**) {
  static Fixture fixture;
  fixture.clock.Reboot(0);
  fixture.Assign();
  fixture.clock.SetWallTime(kWall);
  assert_int_equal(RemainingLife(fixture.token, fixture.clock).status(), Status::kUnavailable);
}

void age_counts_from_the_request_on_the_clock_that_knows(void**) {
  static Fixture fixture;
  const Anchor anchor = Anchor::Now(fixture.clock);
  fixture.clock.Advance(Millis{1234567});
  fixture.clock.SetWallTime(UnixSeconds{1});
  assert_int_equal(AgeOf(anchor, fixture.clock).value().count, 1234567);

  fixture.clock.Reboot(kBoot + 1);
  assert_int_equal(AgeOf(anchor, fixture.clock).status(), Status::kUnavailable);
  fixture.clock.SetWallTime(UnixSeconds{kWall.count + 77});
  assert_int_equal(AgeOf(anchor, fixture.clock).value().count, 77000);
}

void instants_end_with_the_range_of_numbers(void**) {
  constexpr std::int64_t kLimit = INT64_MAX;
  for (const std::int64_t span : {std::int64_t{0}, std::int64_t{1}, kLimit}) {
    assert_true(Instant::Never() + Millis{span} == Instant::Never());
    assert_true(Instant{kLimit - span} + Millis{span} == Instant::Never());
    assert_true(Instant{INT64_MIN} + Millis{-span} == Instant{INT64_MIN});
  }
  assert_true(Instant{-5} + Millis{7} == Instant{2});
}

void required_life_bounds_the_margin_by_a_fifth_of_the_lifetime(void**) {  // CFG-12
  static Fixture fixture;
  constexpr struct {
    std::int32_t lifetime_s;
    std::int64_t margin_s;
    std::int64_t min_valid_s;
    std::int64_t required_ms;
  } kCases[] = {
      {3600, 60, 0, 60000},      {3600, 60, 30, 60000},
      {3600, 60, 300, 300000},   {3600, 86400, 0, 720000},
      {3600, 60, 7200, 7200000}, {60, 60, 0, 12000},
      {1, 60, 0, 200},           {0, 60, 0, 0},
      {3600, 0, 0, 0},
  };
  for (const auto& wanted : kCases) {
    fixture.Assign(wanted.lifetime_s);
    const Millis required = RequiredLife(fixture.token, Millis::Seconds(wanted.margin_s),
                                         Millis::Seconds(wanted.min_valid_s));
    assert_int_equal(required.count, wanted.required_ms);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(lifetime_counts_on_the_monotonic_clock_within_a_boot),
      cmocka_unit_test(lifetime_counts_on_the_wall_clock_after_a_reboot),
      cmocka_unit_test(lifetime_is_unknown_after_a_reboot_without_a_usable_wall_clock),
      cmocka_unit_test(lifetime_is_unknown_when_the_token_was_asked_for_without_any_clock),
      cmocka_unit_test(age_counts_from_the_request_on_the_clock_that_knows),
      cmocka_unit_test(instants_end_with_the_range_of_numbers),
      cmocka_unit_test(required_life_bounds_the_margin_by_a_fifth_of_the_lifetime),
  };
  return cmocka_run_group_tests_name("agent/lifetime", tests, nullptr, nullptr);
}
