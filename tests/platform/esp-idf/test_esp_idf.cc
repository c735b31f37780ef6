// SPDX-License-Identifier: Apache-2.0
//
// The contract suites over a stand-in for ESP-IDF.
#include <array>
#include <cstdint>

#include "esp_log.h"
#include "platform/esp-idf/nvs_storage.h"
#include "platform/esp-idf/radio_entropy.h"
#include "port/log.h"
#include "tests/cmocka.h"
#include "tests/platform/esp-idf/stand_in/stand_in.h"
#include "tests/port/contract_entropy.h"
#include "tests/port/contract_storage.h"

namespace connect_auth::esp_idf {
namespace {

void storage_that_is_not_open_has_nothing(void**) {
  NvsStorage storage;
  std::array<std::uint8_t, 4> room{};
  assert_int_equal(storage.Load("state", room).status(), Status::kUnavailable);
  assert_int_equal(storage.Store("state", room), Status::kUnavailable);
  assert_int_equal(storage.Erase("state"), Status::kUnavailable);
  assert_int_equal(storage.Open("other", "tokens"), Status::kUnavailable);
  assert_int_equal(storage.Open("nvs", "a-name-of-sixteen"), Status::kInvalidArgument);
  assert_int_equal(storage.Open("nvs", "tokens"), Status::kOk);
}

void entropy_is_none_before_there_is_noise(void**) {
  RadioEntropy entropy;
  std::array<std::uint8_t, 4> room{};
  assert_int_equal(entropy.Fill(room), Status::kUnavailable);
  entropy.SetNoisy(true);
  assert_int_equal(entropy.Fill(room), Status::kOk);
}

void log_goes_where_all_goes(void**) {
  const char* const lines[] = {"1 connect-auth: a: 7", "2 connect-auth: a: 7",
                               "3 connect-auth: a: 7", "4 connect-auth: a: 7"};
  for (std::uint8_t level = 1; level <= 4; ++level) {
    connect_auth_write_log(LogLevel{level}, "a", 7);
    assert_string_equal(stand_in_log, lines[level - 1]);
  }
}

int RunStorage() {
  static std::array<std::uint8_t, 2 * Storage::kMaxRecordBytes> memory;
  NvsStorage storage;
  if (storage.Open("nvs", "tokens") != Status::kOk) {
    return 1;
  }
  contract::StorageFixture fixture;
  fixture.storage = &storage;
  fixture.scratch = memory;
  fixture.largest = Storage::kMaxRecordBytes;
  fixture.reboot = [](contract::StorageFixture&) {};  // The object remembers nothing.
  fixture.set_medium = [](void*, contract::Medium medium) {
    tests::SetNvs(medium);
    return true;
  };
  return contract::Run("esp-idf/storage", contract::StorageSuite(fixture));
}

int RunEntropy() {
  RadioEntropy entropy;
  entropy.SetNoisy(true);
  contract::EntropyFixture fixture;
  fixture.entropy = &entropy;
  fixture.context = &entropy;
  fixture.set_failing = [](void* context, bool failing) {
    static_cast<RadioEntropy*>(context)->SetNoisy(!failing);
  };
  return contract::Run("esp-idf/entropy", contract::EntropySuite(fixture));
}

}  // namespace
}  // namespace connect_auth::esp_idf

int main() {
  using namespace connect_auth::esp_idf;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(storage_that_is_not_open_has_nothing),
      cmocka_unit_test(entropy_is_none_before_there_is_noise),
      cmocka_unit_test(log_goes_where_all_goes),
  };
  return cmocka_run_group_tests_name("esp-idf", tests, nullptr, nullptr) + RunStorage() +
         RunEntropy();
}
