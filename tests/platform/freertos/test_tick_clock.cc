// SPDX-License-Identifier: Apache-2.0
//
// platform/freertos's Clock keeps the contract of the port, also over wraps of the tick count and
// through sleep. Compiled twice: the tick count has 32 bits and milliseconds, or neither.
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

#include "FreeRTOS.h"
#include "platform/freertos/tick_clock.h"
#include "platform/freertos/ticks.h"
#include "task.h"
#include "tests/platform/freertos/stand_in/kernel.h"
#include "tests/port/contract_clock.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using freertos::kLongestSleep;
using freertos::kTicksPerSecond;
using freertos::TickClock;
using freertos::TicksFor;

constexpr std::uint64_t kWrap = std::uint64_t{portMAX_DELAY} + 1;
constexpr std::uint64_t kRate = kTicksPerSecond;

std::int64_t MillisOf(std::uint64_t ticks) {
  return static_cast<std::int64_t>(ticks * 1000 / kRate);
}

/// Waits until `clock` is at `millis` or later, and returns by how much later.
void assert_at(const Clock& clock, std::int64_t millis) {
  const std::int64_t late = clock.Now().millis - millis;
  assert_true(late >= 0);
  assert_true(late < 2000);
}

struct Contract {
  contract::ClockFixture fixture;
  TickClock first{1};
  TickClock second{2};
};

int RunContract() {
  Contract contract;
  contract.fixture.clock = &contract.first;
  contract.fixture.context = &contract;
  contract.fixture.pass = [](void*, Millis span) { vTaskDelay(TicksFor(span)); };
  contract.fixture.reboot = [](void* context) {
    auto& of = *static_cast<Contract*>(context);
    of.fixture.clock = &of.second;
  };
  contract.fixture.set_wall_time = [](void* context, bool known, UnixSeconds time) {
    auto& of = *static_cast<Contract*>(context);
    if (known) {
      static_cast<TickClock*>(of.fixture.clock)->SetWallTime(time);
    }
  };
  return contract::Run("freertos/clock", contract::ClockSuite(contract.fixture));
}

void tick_clock_goes_on_when_the_tick_count_wraps(void**) {
  const TickClock clock;
  stand_in::SetTicks(kWrap - kRate / 50);
  const Instant before = clock.Now();
  assert_at(clock, MillisOf(kWrap - kRate / 50));

  for (int i = 0; i < 1000 && clock.Now().millis < MillisOf(kWrap + kRate / 50); ++i) {
    vTaskDelay(1);
  }

  assert_true(clock.Now() > before);
  assert_at(clock, MillisOf(kWrap + kRate / 50));
}

void tick_clock_that_nobody_read_for_years_has_missed_no_wrap(void**) {
  const TickClock clock;
  stand_in::SetTicks(kWrap - 10);
  static_cast<void>(clock.Now());

  stand_in::SetTicks(kWrap * 100 + 10);

  assert_at(clock, MillisOf(kWrap * 100 + 10));
}

void tick_clock_counts_tickless_sleep(void**) {
  const TickClock clock;
  stand_in::SetTicks(kWrap * 3);
  const Instant before = clock.Now();

  vTaskStepTick(static_cast<TickType_t>(20 * kRate));

  const Millis passed = clock.Now() - before;
  assert_true(passed >= Millis{19'998});
  assert_true(passed < Millis{22'000});
}

void tick_clock_counts_sleep_over_a_wrap(void**) {
  const TickClock clock;
  stand_in::SetTicks(kWrap * 5 - kRate);
  const Instant before = clock.Now();

  xTaskCatchUpTicks(static_cast<TickType_t>(20 * kRate));

  assert_true(clock.Now() - before >= Millis{19'998});
}

void tick_clock_wall_time_goes_on_with_the_ticks(void**) {
  TickClock clock;
  stand_in::SetTicks(kWrap - kRate);
  clock.SetWallTime(UnixSeconds{4102444800});

  xTaskCatchUpTicks(static_cast<TickType_t>(30 * kRate));

  const UnixSeconds now = clock.WallTime().value();
  assert_true(now >= UnixSeconds{4102444829} && now <= UnixSeconds{4102444832});
}

/// What the tasks of the next test share.
struct Readers {
  static constexpr int kTasks = 4;

  TickClock clock;
  std::atomic<int> done{0};
  std::atomic<bool> ran_backwards{false};
  std::array<StaticTask_t, kTasks> tasks;
  std::array<std::array<StackType_t, 256>, kTasks> stacks;
};

void ReadOften(void* context) {
  auto& readers = *static_cast<Readers*>(context);
  Instant last = readers.clock.Now();
  for (int i = 0; i < 20'000; ++i) {
    const Instant now = readers.clock.Now();
    if (now < last) {
      readers.ran_backwards = true;
    }
    if (i % 100 == 0) {
      readers.clock.SetWallTime(UnixSeconds{4102444800});
    }
    if (!readers.clock.WallTime().ok()) {
      readers.ran_backwards = true;
    }
    last = now;
  }
  ++readers.done;
  for (;;) {
    vTaskDelay(portMAX_DELAY);
  }
}

void tick_clock_may_be_read_and_set_by_several_tasks(void**) {
  static Readers readers;  // Tasks do not end.
  stand_in::SetTicks(kWrap - 5);

  for (std::size_t i = 0; i < Readers::kTasks; ++i) {
    xTaskCreateStatic(ReadOften, "reader", readers.stacks[i].size(), &readers, 1,
                      readers.stacks[i].data(), &readers.tasks[i]);
  }
  while (readers.done < Readers::kTasks) {
    vTaskDelay(1);
  }

  assert_false(readers.ran_backwards);
}

void ticks_for_a_span_are_enough_for_it_and_never_mean_for_ever(void**) {
  assert_int_equal(TicksFor(Millis{-5}), 0);
  assert_int_equal(TicksFor(Millis{0}), 0);
  assert_int_equal(TicksFor(Millis{1}), (kRate + 999) / 1000 + 1);
  assert_int_equal(TicksFor(Millis::Seconds(10)), 10 * kRate + 1);
  assert_int_equal(TicksFor(Millis{MillisOf(kWrap) + 5000}), kLongestSleep);
  assert_int_equal(TicksFor(Millis{std::numeric_limits<std::int64_t>::max()}), kLongestSleep);
  for (std::int64_t millis = 1; millis < 30'000; ++millis) {
    assert_true(MillisOf(TicksFor(Millis{millis}) - 1U) >= millis);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(tick_clock_goes_on_when_the_tick_count_wraps),
      cmocka_unit_test(tick_clock_that_nobody_read_for_years_has_missed_no_wrap),
      cmocka_unit_test(tick_clock_counts_tickless_sleep),
      cmocka_unit_test(tick_clock_counts_sleep_over_a_wrap),
      cmocka_unit_test(tick_clock_wall_time_goes_on_with_the_ticks),
      cmocka_unit_test(tick_clock_may_be_read_and_set_by_several_tasks),
      cmocka_unit_test(ticks_for_a_span_are_enough_for_it_and_never_mean_for_ever),
  };
  return cmocka_run_group_tests_name("freertos/tick_clock", tests, nullptr, nullptr) +
         RunContract();
}
