// SPDX-License-Identifier: Apache-2.0

#include "tests/port/contract_clock.h"

namespace connect_auth::contract {
namespace {

void clock_read_many_times_never_runs_backwards(void** state) {
  const Clock& clock = *FixtureOf<ClockFixture>(state).clock;

  Instant last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = clock.Now();
    assert_true(now >= last);
    last = now;
  }
}

void clock_after_a_span_has_advanced_by_that_span(void** state) {
  const ClockFixture& fixture = FixtureOf<ClockFixture>(state);
  if (fixture.pass == nullptr) {
    skip();
  }
  const Instant before = fixture.clock->Now();

  fixture.pass(fixture.context, Millis{50});

  const Millis passed = fixture.clock->Now() - before;
  assert_true(passed >= Millis{49});    // Both readings may be rounded down.
  assert_true(passed <= Millis{5000});  // Milliseconds, not ticks of something else.
}

void clock_wall_time_is_a_plausible_date_or_unavailable(void** state) {
  const Clock& clock = *FixtureOf<ClockFixture>(state).clock;

  const Result<UnixSeconds> now = clock.WallTime();

  if (now.ok()) {
    assert_true(now.value() > UnixSeconds{1704067200});  // 2024: seconds, and of this epoch.
    assert_true(now.value() < UnixSeconds{16725225600});
  } else {
    assert_int_equal(now.status(), Status::kUnavailable);
  }
}

void clock_wall_time_never_set_is_unavailable_and_set_is_a_value(void** state) {
  const ClockFixture& fixture = FixtureOf<ClockFixture>(state);
  if (fixture.set_wall_time == nullptr) {
    skip();
  }

  fixture.set_wall_time(fixture.context, false, {});
  assert_int_equal(fixture.clock->WallTime().status(), Status::kUnavailable);

  fixture.set_wall_time(fixture.context, true, UnixSeconds{4102444800});  // Beyond 2038.
  const Result<UnixSeconds> now = fixture.clock->WallTime();
  assert_int_equal(now.status(), Status::kOk);
  assert_true(now.value() >= UnixSeconds{4102444800});
  assert_true(now.value() <= UnixSeconds{4102444802});
}

void clock_boot_id_is_the_same_for_the_whole_of_a_boot(void** state) {
  const ClockFixture& fixture = FixtureOf<ClockFixture>(state);
  const std::uint64_t before = fixture.clock->boot_id();

  if (fixture.pass != nullptr) {
    fixture.pass(fixture.context, Millis{10});
  }

  assert_true(fixture.clock->boot_id() == before);
  assert_true((before != 0) == fixture.knows_boots);
}

void clock_boot_id_differs_from_boot_to_boot(void** state) {
  const ClockFixture& fixture = FixtureOf<ClockFixture>(state);
  if (fixture.reboot == nullptr || !fixture.knows_boots) {
    skip();
  }
  const std::uint64_t before = fixture.clock->boot_id();

  fixture.reboot(fixture.context);

  assert_true(fixture.clock->boot_id() != before);
}

}  // namespace

Suite<6> ClockSuite(ClockFixture& fixture) {
  return {
      CONNECT_AUTH_CONTRACT(fixture, clock_read_many_times_never_runs_backwards),
      CONNECT_AUTH_CONTRACT(fixture, clock_after_a_span_has_advanced_by_that_span),
      CONNECT_AUTH_CONTRACT(fixture, clock_wall_time_is_a_plausible_date_or_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, clock_wall_time_never_set_is_unavailable_and_set_is_a_value),
      CONNECT_AUTH_CONTRACT(fixture, clock_boot_id_is_the_same_for_the_whole_of_a_boot),
      CONNECT_AUTH_CONTRACT(fixture, clock_boot_id_differs_from_boot_to_boot),
  };
}

}  // namespace connect_auth::contract
