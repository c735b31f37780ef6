// SPDX-License-Identifier: Apache-2.0
//
// platform/none: every port links, needs no code at start-up, and says that it has nothing.

#include <array>
#include <cstdint>
#include <type_traits>

#include "platform/none/clock.h"
#include "platform/none/entropy.h"
#include "platform/none/flash.h"
#include "platform/none/network.h"
#include "platform/none/storage.h"
#include "port/log.h"
#include "tests/cmocka.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

// As a firmware has them.
constinit none::NoClock no_clock;
constinit none::NoConnection no_connection;
constinit none::NoFlash no_flash;
constinit none::NoStorage no_storage;
constinit none::NoEntropy no_entropy;
static_assert(std::is_trivially_destructible_v<none::NoConnection>);

void clock_stands_still_and_knows_neither_date_nor_boot(void**) {
  const Clock& clock = no_clock;

  assert_true(clock.Now() == Instant{0});
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  assert_true(clock.boot_id() == 0);
}

void network_connects_to_nobody(void**) {
  Connection& connection = no_connection;
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(connection.Connect("server.example", 443), Status::kUnavailable);
  assert_int_equal(connection.Connect("", 443), Status::kInvalidArgument);
  assert_int_equal(connection.Connect("server.example", 0), Status::kInvalidArgument);
  assert_int_equal(connection.Read(buffer).status(), Status::kFailedPrecondition);
  assert_int_equal(connection.Write(buffer).status(), Status::kFailedPrecondition);
  connection.Close();
}

void flash_has_no_blocks_and_does_not_answer(void**) {
  Flash& flash = no_flash;
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(flash.geometry().size(), 0);
  assert_int_equal(flash.Read(0, buffer), Status::kUnavailable);
  assert_int_equal(flash.Program(0, buffer), Status::kUnavailable);
  assert_int_equal(flash.Erase(0), Status::kUnavailable);
}

void storage_keeps_nothing(void**) {
  Storage& storage = no_storage;
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(storage.Load("token", buffer).status(), Status::kUnavailable);
  assert_int_equal(storage.Store("token", buffer), Status::kUnavailable);
  assert_int_equal(storage.Erase("token"), Status::kUnavailable);
  assert_int_equal(storage.Idle(), Status::kUnavailable);
  assert_int_equal(storage.Load("No", buffer).status(), Status::kInvalidArgument);
  assert_int_equal(storage.Store("No", buffer), Status::kInvalidArgument);
  assert_int_equal(storage.Erase("No"), Status::kInvalidArgument);
}

void entropy_fails_instead_of_inventing_bytes(void**) {
  Entropy& entropy = no_entropy;
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(entropy.Fill(buffer), Status::kUnavailable);
}

void log_goes_nowhere(void**) {
  connect_auth_write_log(LogLevel::kError, "unheard", 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(clock_stands_still_and_knows_neither_date_nor_boot),
      cmocka_unit_test(network_connects_to_nobody),
      cmocka_unit_test(flash_has_no_blocks_and_does_not_answer),
      cmocka_unit_test(storage_keeps_nothing),
      cmocka_unit_test(entropy_fails_instead_of_inventing_bytes),
      cmocka_unit_test(log_goes_nowhere),
  };
  return cmocka_run_group_tests_name("none", tests, nullptr, nullptr);
}
