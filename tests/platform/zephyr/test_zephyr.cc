// SPDX-License-Identifier: Apache-2.0
//
// The contract suites over a stand-in for Zephyr.
#include <zephyr/logging/log.h>
#include <zephyr/settings/settings.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "platform/zephyr/csrand_entropy.h"
#include "platform/zephyr/settings_storage.h"
#include "platform/zephyr/uptime_clock.h"
#include "port/log.h"
#include "tests/cmocka.h"
#include "tests/platform/zephyr/stand_in/stand_in.h"
#include "tests/port/contract_clock.h"
#include "tests/port/contract_entropy.h"
#include "tests/port/contract_storage.h"

namespace connect_auth::zephyr {
namespace {

void settings_of_others_are_no_records(void**) {
  std::array<std::uint8_t, 16> room;
  std::array<std::uint8_t, 16> into;
  SettingsStorage storage("tokens", room);
  for (const char* const value : {"x", "a value that is longer than the room"}) {
    assert_int_equal(::settings_save_one("tokens/state", value, std::strlen(value)), 0);
    assert_int_equal(storage.Load("state", into).status(), Status::kUnavailable);
  }
  assert_int_equal(storage.Store("state", room), Status::kUnavailable);
  assert_int_equal(storage.Erase("state"), Status::kOk);
  assert_int_equal(::settings_save_one("tokens/state/below", "\1", 1), 0);
  assert_int_equal(storage.Load("state", into).status(), Status::kNotFound);
}

void log_goes_where_all_goes(void**) {
  const char* const lines[] = {"ERR connect_auth: a: 7", "WRN connect_auth: a: 7",
                               "INF connect_auth: a: 7", "DBG connect_auth: a: 7"};
  for (std::uint8_t level = 1; level <= 4; ++level) {
    connect_auth_write_log(LogLevel{level}, "a", 7);
    assert_string_equal(stand_in_log, lines[level - 1]);
  }
}

int RunStorage() {
  static std::array<std::uint8_t, 2 * Storage::kMaxRecordBytes> memory;
  static std::array<std::uint8_t, Storage::kMaxRecordBytes + 1> room;
  SettingsStorage storage("tokens", room);
  contract::StorageFixture fixture;
  fixture.storage = &storage;
  fixture.scratch = memory;
  fixture.largest = Storage::kMaxRecordBytes;
  fixture.reboot = [](contract::StorageFixture&) {};  // The object remembers nothing.
  fixture.set_medium = [](void*, contract::Medium medium) {
    tests::SetSettings(medium);
    return true;
  };
  return contract::Run("zephyr/storage", contract::StorageSuite(fixture));
}

int RunEntropy() {
  CsrandEntropy entropy;
  contract::EntropyFixture fixture;
  fixture.entropy = &entropy;
  fixture.set_failing = [](void*, bool failing) { tests::SetCsrand(failing); };
  return contract::Run("zephyr/entropy", contract::EntropySuite(fixture));
}

int RunClock() {
  UptimeClock clock(1);
  contract::ClockFixture fixture;
  fixture.clock = &clock;
  fixture.context = &clock;
  fixture.pass = [](void*, Millis span) { tests::PassUptime(span); };
  fixture.set_wall_time = [](void* context, bool known, UnixSeconds time) {
    static_cast<UptimeClock*>(context)->SetWallTime(known, time);
  };
  return contract::Run("zephyr/clock", contract::ClockSuite(fixture));
}

}  // namespace
}  // namespace connect_auth::zephyr

int main() {
  using namespace connect_auth::zephyr;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {cmocka_unit_test(settings_of_others_are_no_records),
                              cmocka_unit_test(log_goes_where_all_goes)};
  return cmocka_run_group_tests_name("zephyr", tests, nullptr, nullptr) + RunStorage() +
         RunEntropy() + RunClock();
}
