// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/engine.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "mbedtls/platform.h"
#include "mbedtls/platform_util.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"

namespace connect_auth {
namespace {

constexpr std::size_t kArenaBytes = 16384;
std::array<std::uint8_t, kArenaBytes> arena;

void engine_starts_once_at_a_time(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Engine engine;
  Engine second;
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);

  assert_int_equal(second.Start(arena, clock, entropy), Status::kFailedPrecondition);
  engine.Stop();
  assert_int_equal(second.Start(arena, clock, entropy), Status::kOk);
  second.Stop();
  second.Stop();
}

void engine_does_not_start_without_entropy(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  entropy.SetFailing(true);
  Engine engine;

  assert_int_equal(engine.Start(arena, clock, entropy), Status::kUnavailable);

  assert_false(engine.started());
  std::array<std::uint8_t, 1> byte{};
  assert_int_equal(engine.Random(byte), Status::kFailedPrecondition);
}

void engine_says_when_its_arena_is_too_small_at_every_size(void**) {
  fake::FakeClock clock;
  bool fitted = false;
  for (std::size_t size = 0; size <= kArenaBytes; size += 64) {
    fake::FakeEntropy entropy;
    Engine engine;
    const Status status = engine.Start(Bytes(arena).first(size), clock, entropy);
    assert_true(status == Status::kOk || (status == Status::kOutOfMemory && !fitted));
    fitted = status == Status::kOk;
    engine.Stop();
  }
  assert_true(fitted);
}

void engine_counts_the_memory_it_has_to_refuse(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Engine engine;
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
  assert_int_equal(Engine::refused_allocations(), 0);

  assert_null(mbedtls_calloc(1, kArenaBytes));

  assert_int_equal(Engine::refused_allocations(), 1);
  engine.Stop();
}

void engine_wipes_its_arena(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Engine engine;
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
  auto* const secret = static_cast<std::uint8_t*>(mbedtls_calloc(1, 16));
  std::fill_n(secret, 16, std::uint8_t{0x5A});
  mbedtls_free(secret);

  engine.Stop();

  assert_true(std::all_of(arena.begin(), arena.end(), [](std::uint8_t b) { return b == 0; }));
}

void engine_draws_any_number_of_random_octets(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Engine engine;
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
  std::array<std::uint8_t, 3000> first{};
  std::array<std::uint8_t, 3000> second{};

  assert_int_equal(engine.Random(first), Status::kOk);
  assert_int_equal(engine.Random(second), Status::kOk);

  assert_true(first != second);
  assert_true(std::count(first.begin(), first.end(), 0) < 100);
  engine.Stop();
}

void engine_knows_the_time_only_when_the_clock_does(void**) {
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Engine engine;
  assert_int_equal(engine.WallTime().status(), Status::kFailedPrecondition);
  assert_int_equal(engine.Start(arena, clock, entropy), Status::kOk);
  assert_int_equal(engine.WallTime().status(), Status::kUnavailable);
  assert_true(mbedtls_time(nullptr) == 0);

  clock.SetWallTime(UnixSeconds{1800000000});

  assert_true(engine.WallTime().value() == UnixSeconds{1800000000});
  mbedtls_time_t now = 0;
  assert_true(mbedtls_time(&now) == 1800000000);
  assert_true(now == 1800000000);
  engine.Stop();
}

void engine_converts_days_to_dates_as_the_c_library_does(void**) {
  constexpr mbedtls_time_t kDay = 86400;
  constexpr mbedtls_time_t kFirst = -800000;  // Year -221
  constexpr mbedtls_time_t kLast = 3000000;   // Year 10183
  for (mbedtls_time_t day = kFirst; day <= kLast; day += day % 7 == 0 ? 1 : 13) {
    const mbedtls_time_t time = day * kDay + (day & 0xFFFF);
    const auto wanted_time = static_cast<std::time_t>(time);
    struct tm wanted {};
    struct tm got {};
    assert_non_null(gmtime_r(&wanted_time, &wanted));

    assert_non_null(mbedtls_platform_gmtime_r(&time, &got));

    assert_int_equal(got.tm_year, wanted.tm_year);
    assert_int_equal(got.tm_mon, wanted.tm_mon);
    assert_int_equal(got.tm_mday, wanted.tm_mday);
    assert_int_equal(got.tm_hour, wanted.tm_hour);
    assert_int_equal(got.tm_min, wanted.tm_min);
    assert_int_equal(got.tm_sec, wanted.tm_sec);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(engine_starts_once_at_a_time),
      cmocka_unit_test(engine_does_not_start_without_entropy),
      cmocka_unit_test(engine_says_when_its_arena_is_too_small_at_every_size),
      cmocka_unit_test(engine_counts_the_memory_it_has_to_refuse),
      cmocka_unit_test(engine_wipes_its_arena),
      cmocka_unit_test(engine_draws_any_number_of_random_octets),
      cmocka_unit_test(engine_knows_the_time_only_when_the_clock_does),
      cmocka_unit_test(engine_converts_days_to_dates_as_the_c_library_does),
  };
  return cmocka_run_group_tests_name("agent/engine", tests, nullptr, nullptr);
}
