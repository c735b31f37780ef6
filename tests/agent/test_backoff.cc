// SPDX-License-Identifier: Apache-2.0
#include "agent/session/backoff.h"

#include <algorithm>
#include <array>
#include <limits>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

constexpr BackoffPlan kPlan;
constexpr Instant kStart{123456789};
constexpr Instant kNoToken{0};
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t kDevices = 997;
/// A server that does not answer is noticed after this much, or at once.
constexpr Millis kDurations[] = {Millis{0}, Millis{1}, Millis::Seconds(30)};

Slot SlotOf(std::uint32_t device) {
  const std::array<std::uint8_t, 2> id = {static_cast<std::uint8_t>(device >> 8),
                                          static_cast<std::uint8_t>(device)};
  return Slot(id, Slot::Purpose::kRetry);
}

Backoff::Setback After(std::uint32_t seconds) {
  Backoff::Setback setback;
  setback.retry_after_s = seconds;
  return setback;
}

Backoff::Setback With(Instant token_ends) {
  Backoff::Setback setback;
  setback.token_ends = token_ends;
  return setback;
}

Backoff::Setback Slow() {
  Backoff::Setback setback;
  setback.remedy = Remedy::kRetrySlowly;
  return setback;
}

void backoff_spreads_the_first_attempts_of_a_start(void**) {
  for (const Millis spread : {Millis{0}, Millis::Seconds(30), Millis::Seconds(300)}) {
    BackoffPlan plan;
    plan.boot_spread = spread;
    Millis least{kMost};
    Millis most{0};
    for (std::uint32_t device = 0; device < kDevices; ++device) {
      const Millis wait = Backoff(plan, SlotOf(device), kStart).First() - kStart;
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    assert_true(least.count <= spread.count / 50);
    assert_true(most.count >= spread.count - spread.count / 50 && most <= spread);
  }
}

void backoff_keeps_each_device_to_its_place_for_ever(void**) {
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    for (const Millis duration : kDurations) {
      const Slot slot = SlotOf(device);
      Backoff backoff(kPlan, slot, kStart);
      Instant at = kStart + slot.Of(kPlan.period);
      assert_true(backoff.First() == at);
      for (int attempt = 0; attempt < 1000; ++attempt) {
        const Instant next = backoff.AfterFailure({}, at + duration);
        assert_true(next == at + kPlan.period);
        at = next;
      }
    }
  }
}

void backoff_of_devices_that_asked_at_once_goes_to_their_places(void**) {
  BackoffPlan plan;
  plan.boot_spread = Millis{0};
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    Backoff backoff(plan, SlotOf(device), kStart);
    assert_true(backoff.First() == kStart);

    const Instant second = backoff.AfterFailure({}, kStart);
    const Instant third = backoff.AfterFailure({}, second);

    const Millis place = SlotOf(device).Of(plan.period);
    assert_true(second == kStart + place || (place == Millis{0} && second == kStart + plan.period));
    assert_true(third == second + plan.period);
  }
}

void backoff_finds_a_new_place_after_a_token_or_a_long_sleep(void**) {
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    const Slot slot = SlotOf(device);
    const Instant later = kStart + Millis::Seconds(86400);
    Backoff asleep(kPlan, slot, kStart);
    assert_true(asleep.AfterFailure({}, later) == later + slot.Of(kPlan.period));

    Backoff served(kPlan, slot, kStart);
    static_cast<void>(served.AfterFailure(After(UINT32_MAX), kStart));
    served.Succeed();
    assert_true(served.AfterFailure({}, later) == later + slot.Of(kPlan.period));
    assert_int_equal(served.failures(), 1);
  }
}

void backoff_is_slower_where_a_person_has_to_act(void**) {
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    Backoff backoff(kPlan, SlotOf(device), kStart);
    Instant at = backoff.AfterFailure(Slow(), kStart + kPlan.slow_period);
    assert_true(at <= kStart + kPlan.slow_period + kPlan.slow_period);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const Instant next = backoff.AfterFailure(Slow(), at);
      assert_true(next == at + kPlan.slow_period);
      at = next;
    }
  }
}

void backoff_never_asks_before_the_server_said(void**) {
  for (std::uint32_t device = 0; device < kDevices; device += 7) {
    for (std::uint32_t seconds = 0; seconds <= 200000; seconds = seconds * 3 / 2 + 1) {
      Backoff backoff(kPlan, SlotOf(device), kStart);
      Instant at = backoff.First();
      for (int attempt = 0; attempt < 5; ++attempt) {
        const Millis wait = backoff.AfterFailure(After(seconds), at) - at;
        const Millis floor = std::min(Millis::Seconds(seconds), Backoff::kMostRetryAfter);
        assert_true(wait >= floor && wait <= floor + kPlan.period);
        at = at + wait;
      }
    }
  }
}

void backoff_of_a_fleet_that_was_told_one_moment_is_spread_behind_it(void**) {
  constexpr std::size_t kParts = 30;
  std::array<std::uint32_t, kParts> parts{};
  const Instant reopens = kStart + Millis::Seconds(3600);
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    Backoff backoff(kPlan, SlotOf(device), kStart);
    const Instant at = kStart + Millis::Seconds(device % 600);
    const auto seconds = static_cast<std::uint32_t>((reopens - at).count / 1000);
    const Millis behind = backoff.AfterFailure(After(seconds), at) - reopens;
    assert_true(behind >= Millis{0} && behind < kPlan.period);
    ++parts[static_cast<std::size_t>(behind.count / (kPlan.period.count / 30))];
  }
  assert_true(*std::max_element(parts.begin(), parts.end()) <= kDevices * 5 / 4 / kParts);
}

void backoff_is_not_silenced_for_longer_than_a_day(void**) {
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    Backoff backoff(kPlan, SlotOf(device), kStart);
    const Instant next = backoff.AfterFailure(After(UINT32_MAX), kStart);
    assert_true(next <= kStart + Backoff::kMostRetryAfter + kPlan.period);
  }
}

void backoff_tries_once_more_soon_when_the_token_runs_out(void**) {
  for (std::uint32_t device = 0; device < kDevices; device += 5) {
    const Slot slot = SlotOf(device);
    for (std::int64_t left_s = 1; left_s <= 400; ++left_s) {
      Backoff backoff(kPlan, slot, kStart);
      backoff.Succeed();
      const Instant failed = kStart + Millis::Seconds(5000);
      const Instant ends = failed + Millis::Seconds(left_s);
      const Instant place = failed + slot.Of(kPlan.period);

      const Instant second = backoff.AfterFailure(With(ends), failed);

      const bool waits = ends >= place || left_s < 90;
      const Instant soonest = failed + Millis::Seconds(5);
      const Instant latest = failed + Millis::Seconds(30);
      assert_true(waits ? second == place : second >= soonest && second <= latest);
      // Once only: after that the place counts, whatever the token does.
      const Instant third = backoff.AfterFailure(With(ends), second);
      assert_true(third == (second < place ? place : place + kPlan.period));
    }
  }
}

void backoff_does_not_hurry_without_a_token_or_against_the_server(void**) {
  for (std::uint32_t device = 0; device < kDevices; ++device) {
    const Slot slot = SlotOf(device);
    const Instant failed = kStart + Millis::Seconds(5000);
    const Instant place = failed + slot.Of(kPlan.period);
    for (const Instant none : {kNoToken, Instant{-1}, failed, Instant::Never()}) {
      Backoff backoff(kPlan, slot, kStart);
      assert_true(backoff.AfterFailure(With(none), failed) == place);
    }
    Backoff told(kPlan, slot, kStart);
    Backoff::Setback setback = After(1);
    setback.token_ends = failed + Millis::Seconds(90);
    assert_true(told.AfterFailure(setback, failed) ==
                failed + Millis::Seconds(1) + slot.Of(kPlan.period));

    Backoff hopeless(kPlan, slot, kStart);
    setback = Slow();
    setback.token_ends = failed + Millis::Seconds(90);
    assert_true(hopeless.AfterFailure(setback, failed) == failed + slot.Of(kPlan.slow_period));
  }
}

void backoff_counts_failures_up_to_255(void**) {
  Backoff backoff(kPlan, SlotOf(1), kStart);
  for (int failures = 1; failures < 600; ++failures) {
    static_cast<void>(backoff.AfterFailure({}, kStart + Millis::Seconds(failures * 300)));
    assert_int_equal(backoff.failures(), std::min(failures, 255));
  }
  backoff.Succeed();
  assert_int_equal(backoff.failures(), 0);
}

void backoff_ends_at_the_end_of_time(void**) {
  for (const Instant now : {Instant::Never(), Instant{kMost - 1}, Instant{kMost - 1000}}) {
    Backoff backoff(kPlan, SlotOf(500), now);
    assert_true(backoff.First() >= now);
    for (const std::uint32_t seconds : std::to_array<std::uint32_t>({0, 1, UINT32_MAX})) {
      assert_true(backoff.AfterFailure(After(seconds), now) >= now);
    }
  }
}

void backoff_that_was_not_begun_is_due_at_once(void**) {
  Backoff backoff;
  assert_true(backoff.First() <= Instant{0});
  assert_true(backoff.AfterFailure({}, kStart) == kStart);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(backoff_spreads_the_first_attempts_of_a_start),
      cmocka_unit_test(backoff_keeps_each_device_to_its_place_for_ever),
      cmocka_unit_test(backoff_of_devices_that_asked_at_once_goes_to_their_places),
      cmocka_unit_test(backoff_finds_a_new_place_after_a_token_or_a_long_sleep),
      cmocka_unit_test(backoff_is_slower_where_a_person_has_to_act),
      cmocka_unit_test(backoff_never_asks_before_the_server_said),
      cmocka_unit_test(backoff_of_a_fleet_that_was_told_one_moment_is_spread_behind_it),
      cmocka_unit_test(backoff_is_not_silenced_for_longer_than_a_day),
      cmocka_unit_test(backoff_tries_once_more_soon_when_the_token_runs_out),
      cmocka_unit_test(backoff_does_not_hurry_without_a_token_or_against_the_server),
      cmocka_unit_test(backoff_counts_failures_up_to_255),
      cmocka_unit_test(backoff_ends_at_the_end_of_time),
      cmocka_unit_test(backoff_that_was_not_begun_is_due_at_once),
  };
  return cmocka_run_group_tests_name("agent/backoff", tests, nullptr, nullptr);
}
