// SPDX-License-Identifier: Apache-2.0
#include "agent/session/wall_clock.h"

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"

namespace connect_auth {
namespace {

constexpr UnixSeconds kBuilt{1'790'000'000};
constexpr UnixSeconds kNow{1'800'000'000};

void wall_clock_shows_the_platforms_time_where_it_can_be(void**) {
  fake::FakeClock platform;
  WallClock clock(platform);
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  platform.SetWallTime(UnixSeconds{100});
  assert_true(clock.WallTime().value() == UnixSeconds{100});

  clock.SetLeast(kBuilt);
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  platform.SetWallTime(kBuilt);
  assert_true(clock.WallTime().value() == kBuilt);
  assert_false(clock.is_learned());
  platform.Advance(Millis{77});
  assert_true(clock.Now() == platform.Now());
  platform.Reboot(42);
  assert_int_equal(clock.boot_id(), 42);
}

void wall_clock_learns_the_time_and_keeps_it_going(void**) {
  fake::FakeClock platform;
  platform.SetWallTime(UnixSeconds{100});  // Its battery is empty.
  WallClock clock(platform);
  clock.SetLeast(kBuilt);

  clock.Learn(kNow);
  platform.Advance(Millis::Seconds(3600));

  assert_true(clock.is_learned());
  assert_true(clock.WallTime().value() == UnixSeconds{kNow.count + 3600});
  clock.Learn(kNow);  // The server is believed again, also where it goes back.
  assert_true(clock.WallTime().value() == kNow);
  platform.SetWallTime(UnixSeconds{kNow.count + 5});  // Somebody has set it.
  assert_false(clock.is_learned());
  assert_true(clock.WallTime().value() == UnixSeconds{kNow.count + 5});
}

void wall_clock_takes_no_time_that_cannot_be(void**) {
  fake::FakeClock platform;
  WallClock clock(platform);
  clock.Learn(UnixSeconds{0});
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  clock.Learn(UnixSeconds{-1});
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  clock.SetLeast(kBuilt);
  clock.Learn(UnixSeconds{kBuilt.count - 1});
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  assert_false(clock.is_learned());
  clock.Learn(UnixSeconds{0x100000000});  // After 2106.
  assert_true(clock.WallTime().value() == UnixSeconds{0x100000000});
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(wall_clock_shows_the_platforms_time_where_it_can_be),
      cmocka_unit_test(wall_clock_learns_the_time_and_keeps_it_going),
      cmocka_unit_test(wall_clock_takes_no_time_that_cannot_be),
  };
  return cmocka_run_group_tests_name("agent/wall_clock", tests, nullptr, nullptr);
}
