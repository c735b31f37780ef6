// SPDX-License-Identifier: Apache-2.0
//
// The parts of the board that need no peer, on the board.
#include <array>
#include <cstdint>

#include "platform/smartfusion2/mpu.h"
#include "platform/smartfusion2/stack.h"
#include "platform/smartfusion2/systick_clock.h"
#include "tests/cmocka.h"
#include "tests/port/contract_clock.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint64_t kTicksPerMilli = SystickClock::kTicksPerSecond / 1000;

class MaskedInterrupts {
 public:
  MaskedInterrupts() { asm volatile("cpsid i" ::: "memory"); }
  ~MaskedInterrupts() { asm volatile("cpsie i" ::: "memory"); }
  MaskedInterrupts(const MaskedInterrupts&) = delete;
  MaskedInterrupts& operator=(const MaskedInterrupts&) = delete;
};

void clock_never_runs_backwards(void**) {
  SystickClock clock;
  clock.Start();
  std::uint64_t backwards = 0;
  std::uint64_t last = clock.Ticks();
  for (std::uint64_t end = last + 500 * kTicksPerMilli; last < end;) {
    const std::uint64_t now = clock.Ticks();
    backwards += now < last ? 1 : 0;
    last = now;
  }

  assert_int_equal(backwards, 0);
}

// The interrupt is due in half of the rounds, and comes when they end.
void clock_never_runs_backwards_while_interrupts_are_masked(void**) {
  SystickClock clock;
  clock.Start();
  std::uint64_t backwards = 0;
  std::uint64_t last = clock.Ticks();
  for (int round = 0; round < 400; ++round) {
    const MaskedInterrupts masked;
    for (const std::uint64_t end = last + kTicksPerMilli / 2; last < end;) {
      const std::uint64_t now = clock.Ticks();
      backwards += now < last ? 1 : 0;
      last = now;
    }
  }

  // An emulator that is kept from running for a millisecond loses a tick. A clock that does not
  // look for a pending one runs backwards in every other round.
  assert_true(backwards < 20);
}

void clock_counts_milliseconds_while_the_processor_sleeps(void**) {
  SystickClock clock;
  clock.Start();

  for (int i = 0; i < 20; ++i) {
    asm volatile("wfi");
  }

  assert_in_range(clock.Now().millis, 20, 500);
  assert_in_range(clock.Ticks() / kTicksPerMilli, 20, 500);
}

void clock_knows_the_time_of_day_once_told(void**) {
  SystickClock clock;
  clock.Start();
  assert_true(clock.WallTime().status() == Status::kUnavailable);

  clock.SetStartTime(UnixSeconds{1000});

  assert_in_range(clock.WallTime().value().count, 1000, 1001);
}

void stack_use_shows_the_deepest_call(void**) {
  const StackUse before = ThreadStack();
  const auto use = [](auto size) {
    std::array<volatile std::uint8_t, decltype(size)::value> room;
    room[0] = 1;
    return room[0];
  };
  use(std::integral_constant<std::size_t, 64 * 1024>());

  assert_in_range(ThreadStack().most_used, 64 * 1024, ThreadStack().size - 1);
  assert_true(before.most_used < ThreadStack().most_used);
  assert_in_range(HandlerStack().most_used, 1, HandlerStack().size - 1);
}

void mpu_says_when_all_its_regions_are_in_use(void**) {
  alignas(32) static std::array<std::uint8_t, 32> watched;
  std::array<int, 6> regions;  // Two more guard the page at 0 and the stack of the handlers.
  for (int& region : regions) {
    region = ForbidAccess(watched.data(), 5);
    assert_true(region >= 0);
  }

  assert_int_equal(ForbidAccess(watched.data(), 5), -1);

  for (const int region : regions) {
    AllowAccess(region);
  }
  watched[0] = 1;
}

int RunClockContract() {
  static SystickClock clock;
  clock.Start();
  contract::ClockFixture fixture;
  fixture.clock = &clock;
  fixture.pass = [](void*, Millis span) {
    for (const Instant end = clock.Now() + span; clock.Now() < end;) {
    }
  };
  fixture.set_wall_time = [](void*, bool known, UnixSeconds time) {
    clock.SetStartTime(known ? time : UnixSeconds{});
  };
  fixture.knows_boots = false;
  return contract::Run("smartfusion2/systick_clock", contract::ClockSuite(fixture));
}

}  // namespace
}  // namespace connect_auth::smartfusion2

int main() {
  using namespace connect_auth::smartfusion2;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(clock_never_runs_backwards),
      cmocka_unit_test(clock_never_runs_backwards_while_interrupts_are_masked),
      cmocka_unit_test(clock_counts_milliseconds_while_the_processor_sleeps),
      cmocka_unit_test(clock_knows_the_time_of_day_once_told),
      cmocka_unit_test(stack_use_shows_the_deepest_call),
      cmocka_unit_test(mpu_says_when_all_its_regions_are_in_use),
  };
  return cmocka_run_group_tests_name("board", tests, nullptr, nullptr) + RunClockContract();
}
