// SPDX-License-Identifier: Apache-2.0
#include "agent/session/latch_timer.h"

#include <array>
#include <limits>

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"

namespace connect_auth {
namespace {

constexpr UnixSeconds kWall{1800000000};
constexpr std::int64_t kHour = 3600;
constexpr std::uint32_t kDevices = 256;
constexpr Instant kFound{0};
constexpr Millis kMost{std::numeric_limits<std::int64_t>::max()};

Slot SlotOf(std::uint32_t device) {
  const std::array<std::uint8_t, 1> id = {static_cast<std::uint8_t>(device)};
  return Slot(id, Slot::Purpose::kLatch);
}

fake::FakeClock ClockWithWallTime() {
  fake::FakeClock clock{Instant{5000}};
  clock.SetWallTime(kWall);
  return clock;
}

Latch RefusedNow(const Clock& clock) {
  return {401, OAuthError::kInvalidClient, Anchor::Now(clock)};
}

void latch_timer_opens_after_the_wait_at_the_place_of_the_device(void**) {
  const fake::FakeClock clock = ClockWithWallTime();
  for (const Millis wait : {Millis{1}, Millis::Seconds(kHour), kLatchWait}) {
    for (std::uint32_t device = 0; device < kDevices; ++device) {
      const Millis span =
          LatchOpensAt(RefusedNow(clock), clock, SlotOf(device), wait, kFound) - clock.Now();
      assert_true(span >= wait && span < wait + wait);
      assert_true(span == wait + SlotOf(device).Of(wait));
    }
  }
}

void latch_timer_allows_two_refusals_in_any_day(void**) {
  constexpr std::size_t kRefusals = 200;
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    fake::FakeClock clock = ClockWithWallTime();
    std::array<Instant, kRefusals> refused{};
    for (std::size_t i = 0; i < kRefusals; ++i) {
      refused[i] = clock.Now();
      const Instant next =
          LatchOpensAt(RefusedNow(clock), clock, SlotOf(device), kLatchWait, kFound);
      assert_true(i < 2 || refused[i] - refused[i - 2] >= Millis::Seconds(24 * kHour));
      clock.Advance(next - clock.Now());
    }
  }
}

void latch_timer_does_not_move_while_time_goes_on(void**) {
  fake::FakeClock clock = ClockWithWallTime();
  const Latch latch = RefusedNow(clock);
  const Instant opens = LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound);
  for (int hour = 0; hour < 12; ++hour) {
    clock.Advance(Millis::Seconds(kHour));
    assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == opens);
  }
  clock.Advance(Millis::Seconds(100 * kHour));
  assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == clock.Now());
}

void latch_timer_goes_on_over_a_restart_where_the_time_is_known(void**) {
  fake::FakeClock clock = ClockWithWallTime();
  const Latch latch = RefusedNow(clock);
  clock.Reboot(2);
  clock.SetWallTime(UnixSeconds{kWall.count + 5 * kHour});
  const Millis left = LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) - clock.Now();
  assert_true(left == kLatchWait + SlotOf(9).Of(kLatchWait) - Millis::Seconds(5 * kHour));
}

void latch_timer_begins_anew_where_the_time_is_not_known(void**) {
  fake::FakeClock clock = ClockWithWallTime();
  const Latch latch = RefusedNow(clock);
  const Millis whole = kLatchWait + SlotOf(9).Of(kLatchWait);
  for (std::uint64_t boot = 2; boot < 100; ++boot) {  // Restarts every eleven hours: never asks.
    clock.Reboot(boot);
    assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == Instant{0} + whole);
    clock.Advance(Millis::Seconds(11 * kHour));
    assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == Instant{0} + whole);
  }
  clock.Reboot(2);
  clock.SetWallTime(UnixSeconds{kWall.count - 1});  // ran back
  assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == Instant{0} + whole);
}

void latch_timer_takes_a_refusal_in_the_future_as_one_of_now(void**) {
  fake::FakeClock clock = ClockWithWallTime();
  Latch latch = RefusedNow(clock);
  latch.since.sent = Instant::Never();
  const Millis whole = kLatchWait + SlotOf(9).Of(kLatchWait);
  assert_true(LatchOpensAt(latch, clock, SlotOf(9), kLatchWait, kFound) == clock.Now() + whole);
}

void latch_timer_without_a_wait_never_opens(void**) {
  fake::FakeClock clock = ClockWithWallTime();
  const Latch latch = RefusedNow(clock);
  clock.Advance(Millis::Seconds(100000 * kHour));
  for (const Millis none : {Millis{0}, Millis{-1}, Millis{0} - kMost}) {
    assert_true(LatchOpensAt(latch, clock, SlotOf(9), none, kFound) == Instant::Never());
  }
  assert_true(LatchOpensAt(latch, clock, SlotOf(9), kMost, kFound) == Instant::Never());
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(latch_timer_opens_after_the_wait_at_the_place_of_the_device),
      cmocka_unit_test(latch_timer_allows_two_refusals_in_any_day),
      cmocka_unit_test(latch_timer_does_not_move_while_time_goes_on),
      cmocka_unit_test(latch_timer_goes_on_over_a_restart_where_the_time_is_known),
      cmocka_unit_test(latch_timer_begins_anew_where_the_time_is_not_known),
      cmocka_unit_test(latch_timer_takes_a_refusal_in_the_future_as_one_of_now),
      cmocka_unit_test(latch_timer_without_a_wait_never_opens),
  };
  return cmocka_run_group_tests_name("agent/latch_timer", tests, nullptr, nullptr);
}
