// SPDX-License-Identifier: Apache-2.0
#include "agent/session/renewal.h"

#include <algorithm>
#include <array>

#include "agent/config.h"
#include "agent/session/lifetime.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"

namespace connect_auth {
namespace {

constexpr UnixSeconds kWall{1800000000};
constexpr Instant kSent{1000000};
constexpr std::uint32_t kDevices = 256;
constexpr std::array<std::int32_t, 14> kLifetimes = {
    0, 1, 14, 15, 18, 19, 30, 59, 60, 600, 3600, 86400, 604800, config::kMaxLifetimeSeconds};

Slot SlotOf(std::uint32_t device) {
  const std::array<std::uint8_t, 1> id = {static_cast<std::uint8_t>(device)};
  return Slot(id, Slot::Purpose::kRenewal);
}

/// A token asked for at `kSent`, on a clock that stands there.
class Fixture {
 public:
  explicit Fixture(std::int32_t lifetime_s) {
    clock.SetWallTime(kWall);
    static_cast<void>(token.Assign(SecretView("t"), lifetime_s, Anchor::Now(clock)));
  }
  Millis AgeAtRenewal(std::uint32_t device, Herd herd) const {
    return RenewalAt(token, clock, SlotOf(device), herd) - kSent;
  }

  fake::FakeClock clock{kSent};
  std::array<std::uint8_t, 8> storage{};
  Token token{storage};
};

void renewal_comes_in_the_eighth_tenth_of_a_life(void**) {
  static Fixture fixture(0);
  for (const std::int32_t lifetime_s : kLifetimes) {
    static_cast<void>(
        fixture.token.Assign(SecretView("t"), lifetime_s, Anchor::Now(fixture.clock)));
    const Millis from = std::max(Millis{lifetime_s * std::int64_t{700}}, kLeastPause);
    const Millis until = std::max(Millis{lifetime_s * std::int64_t{800}}, kLeastPause + Millis{1});
    for (std::uint32_t device = 0; device < kDevices; ++device) {
      const Millis age = fixture.AgeAtRenewal(device, Herd::kScattered);
      assert_true(age >= from && age < until);
    }
  }
}

void renewal_precedes_what_callers_would_ask_for_whatever_the_margin(void**) {
  static Fixture fixture(0);
  for (std::int32_t lifetime_s = 19; lifetime_s < 100000; lifetime_s = lifetime_s * 5 / 4) {
    static_cast<void>(
        fixture.token.Assign(SecretView("t"), lifetime_s, Anchor::Now(fixture.clock)));
    for (const Herd herd : {Herd::kScattered, Herd::kInStep}) {
      for (std::uint32_t device = 0; device < kDevices; device += 5) {
        const Millis left = Millis::Seconds(lifetime_s) - fixture.AgeAtRenewal(device, herd);
        assert_true(left > RequiredLife(fixture.token, Millis::Seconds(86400), Millis{0}));
      }
    }
  }
}

void renewal_of_tokens_that_came_in_step_is_spread_over_most_of_their_life(void**) {
  static Fixture fixture(3600);
  constexpr std::size_t kTenths = 10;
  std::array<std::uint32_t, kTenths> tenths{};
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    const Millis age = fixture.AgeAtRenewal(device, Herd::kInStep);
    ++tenths[static_cast<std::size_t>(age.count / 360000)];
  }
  for (std::size_t tenth = 0; tenth < kTenths; ++tenth) {
    const bool is_spread_over = tenth >= 1 && tenth < 8;
    assert_true(is_spread_over ? tenths[tenth] >= 30 && tenths[tenth] <= 43 : tenths[tenth] == 0);
  }
}

void renewal_is_no_loop_for_short_lives(void**) {
  static Fixture fixture(0);
  for (std::int32_t lifetime_s = 0; lifetime_s <= 600; ++lifetime_s) {
    static_cast<void>(
        fixture.token.Assign(SecretView("t"), lifetime_s, Anchor::Now(fixture.clock)));
    for (const Herd herd : {Herd::kScattered, Herd::kInStep}) {
      for (std::uint32_t device = 0; device < kDevices; device += 15) {
        assert_true(fixture.AgeAtRenewal(device, herd) >= kLeastPause);
      }
    }
  }
}

void renewal_of_a_token_older_than_the_boot_counts_on_the_wall_clock(void**) {
  static Fixture fixture(3600);
  const Millis age = fixture.AgeAtRenewal(77, Herd::kScattered);
  fixture.clock.Reboot(2);
  fixture.clock.SetWallTime(UnixSeconds{kWall.count + 1000});
  const Instant due = RenewalAt(fixture.token, fixture.clock, SlotOf(77), Herd::kScattered);
  assert_true(due == Instant{0} + (age - Millis::Seconds(1000)));

  fixture.clock.SetWallTime(UnixSeconds{kWall.count + 1000000});
  const Instant overdue = RenewalAt(fixture.token, fixture.clock, SlotOf(77), Herd::kScattered);
  assert_true(overdue < fixture.clock.Now());
}

void renewal_of_a_token_of_unknown_age_is_due(void**) {
  static Fixture fixture(3600);
  fixture.clock.Reboot(2);
  for (int i = 0; i < 3; ++i) {
    fixture.clock.Advance(Millis::Seconds(12345));
    assert_true(RenewalAt(fixture.token, fixture.clock, SlotOf(77), Herd::kInStep) ==
                fixture.clock.Now());
  }
}

void renewal_does_not_move_while_time_goes_on(void**) {
  static Fixture fixture(3600);
  const Instant due = RenewalAt(fixture.token, fixture.clock, SlotOf(7), Herd::kScattered);
  for (int i = 0; i < 100; ++i) {
    fixture.clock.Advance(Millis{123457});
    assert_true(RenewalAt(fixture.token, fixture.clock, SlotOf(7), Herd::kScattered) == due);
  }
}

void renewal_ends_at_the_end_of_time(void**) {
  static Fixture fixture(0);
  fixture.clock.Advance(Instant::Never() - kSent - Millis{1});
  static_cast<void>(fixture.token.Assign(SecretView("t"), config::kMaxLifetimeSeconds,
                                         {fixture.clock.Now(), fixture.clock.boot_id(), {}}));
  assert_true(RenewalAt(fixture.token, fixture.clock, SlotOf(7), Herd::kScattered) ==
              Instant::Never());
}

void renewal_scatters_a_fleet_at_one_stroke(void**) {
  // All tokens were asked for at once. They fall into the six minutes of a tenth of their life, or
  // into 42 minutes.
  static Fixture fixture(3600);
  std::array<std::uint32_t, 2> in_fullest_minute{};
  for (const Herd herd : {Herd::kScattered, Herd::kInStep}) {
    std::array<std::uint32_t, 60> minutes{};
    for (std::uint32_t device = 0; device < kDevices; ++device) {
      ++minutes[static_cast<std::size_t>(fixture.AgeAtRenewal(device, herd).count / 60000)];
    }
    in_fullest_minute[static_cast<std::size_t>(herd)] =
        *std::max_element(minutes.begin(), minutes.end());
  }
  assert_true(in_fullest_minute[0] >= kDevices / 6);
  assert_true(in_fullest_minute[1] <= kDevices * 3 / 2 / 42);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(renewal_comes_in_the_eighth_tenth_of_a_life),
      cmocka_unit_test(renewal_precedes_what_callers_would_ask_for_whatever_the_margin),
      cmocka_unit_test(renewal_of_tokens_that_came_in_step_is_spread_over_most_of_their_life),
      cmocka_unit_test(renewal_is_no_loop_for_short_lives),
      cmocka_unit_test(renewal_of_a_token_older_than_the_boot_counts_on_the_wall_clock),
      cmocka_unit_test(renewal_of_a_token_of_unknown_age_is_due),
      cmocka_unit_test(renewal_does_not_move_while_time_goes_on),
      cmocka_unit_test(renewal_ends_at_the_end_of_time),
      cmocka_unit_test(renewal_scatters_a_fleet_at_one_stroke),
  };
  return cmocka_run_group_tests_name("agent/renewal", tests, nullptr, nullptr);
}
