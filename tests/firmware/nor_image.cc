// SPDX-License-Identifier: Apache-2.0
//
// The serial NOR of the board, through its real bus: the contracts of its ports, and whether what
// one boot leaves there is what the next one finds. See test_nor.py, which boots this three times.

#include <array>
#include <cstdint>
#include <cstdio>

#include "agent/store/ring_storage.h"
#include "platform/smartfusion2/mss_spi.h"
#include "platform/smartfusion2/nor_map.h"
#include "platform/smartfusion2/spi_nor.h"
#include "platform/smartfusion2/spi_nor_flash.h"
#include "platform/smartfusion2/systick_clock.h"
#include "tests/cmocka.h"
#include "tests/port/contract_flash.h"
#include "tests/port/contract_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using smartfusion2::MssSpi;
using smartfusion2::SpiBus;
using smartfusion2::SpiNor;
using smartfusion2::SpiNorFlash;
using smartfusion2::SystickClock;

// Behind what the firmware uses.
constexpr std::uint32_t kFirstFree = smartfusion2::kStateFirstBlock + smartfusion2::kStateBlocks;
constexpr std::uint32_t kPatternBlock = kFirstFree;
constexpr std::uint32_t kPatternAt = kPatternBlock * SpiNor::kBlockBytes;
// Not along the pages at its begin, and not up to the block's end.
constexpr std::uint32_t kPatternBegin = kPatternAt + 3;
constexpr std::size_t kPatternBytes = SpiNor::kBlockBytes - 3 - SpiNor::kPageBytes;

struct Board {
  Board() { clock.Start(); }

  SystickClock clock;
  MssSpi spi;
  SpiNor nor{spi, clock};
  SpiNorFlash state_area{nor, smartfusion2::kStateFirstBlock, smartfusion2::kStateBlocks};
  SpiNorFlash flash_area{nor, kFirstFree + 1, 2};
  SpiNorFlash ring_area{nor, kFirstFree + 3, 2};
};

Board* board = nullptr;
std::array<std::uint8_t, kPatternBytes> pattern;
std::array<std::uint8_t, kPatternBytes> found;

void FillPattern(std::uint32_t boot) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    pattern[i] = static_cast<std::uint8_t>(boot * 31 + i * 7 + i / 256);
  }
}

/// @return  How often the board was booted before.
std::uint32_t BootsBefore(RingStorage& ring) {
  std::array<std::uint8_t, 1> count{};
  const IoResult loaded = ring.Load("boots", count);
  assert_true(loaded.ok() || loaded.status() == Status::kNotFound);
  return count[0];
}

void nor_is_identified(void**) {
  assert_int_equal(board->nor.Identify(), Status::kOk);
  assert_int_equal(board->nor.size(), 16U << 20);
}

void nor_bus_refuses_more_than_a_transaction_holds(void**) {
  static std::array<std::uint8_t, SpiBus::kMostOctets> large;
  const std::array<std::uint8_t, 1> command{0x9F};
  assert_int_equal(board->spi.Transfer(command, {}, large), Status::kInvalidArgument);
  assert_int_equal(board->spi.Transfer(command, {}, Bytes(large).subspan(1)), Status::kOk);
}

void nor_holds_what_the_boot_before_left(void**) {
  RingStorage ring(board->state_area);
  const std::uint32_t boots = BootsBefore(ring);
  std::printf("booted before: %u\n", static_cast<unsigned>(boots));
  if (boots > 0) {
    FillPattern(boots);
    assert_int_equal(board->nor.Read(kPatternBegin, found), Status::kOk);
    assert_memory_equal(found.data(), pattern.data(), pattern.size());
  }

  const std::uint32_t now = boots + 1;
  FillPattern(now);
  assert_int_equal(board->nor.EraseBlock(kPatternAt), Status::kOk);
  assert_int_equal(board->nor.Program(kPatternBegin, pattern), Status::kOk);
  assert_int_equal(ring.Store("boots", std::array{static_cast<std::uint8_t>(now)}), Status::kOk);
}

int RunContracts() {
  static contract::FlashFixture flash;
  flash.flash = &board->flash_area;
  flash.reboot = [](contract::FlashFixture&) {
    assert_int_equal(board->nor.Identify(), Status::kOk);
  };
  static std::array<std::uint8_t, 9000> scratch;
  static RingStorage ring(board->ring_area);
  static contract::StorageFixture storage;
  storage.storage = &ring;
  storage.scratch = scratch;
  storage.largest = 4096;
  return contract::Run("spi_nor_flash on mss_spi", contract::FlashSuite(flash)) +
         contract::Run("ring on spi_nor_flash on mss_spi", contract::StorageSuite(storage));
}

}  // namespace

int main() {
  static Board the_board;
  board = &the_board;
  const CMUnitTest tests[] = {
      cmocka_unit_test(nor_is_identified),
      cmocka_unit_test(nor_bus_refuses_more_than_a_transaction_holds),
      cmocka_unit_test(nor_holds_what_the_boot_before_left),
  };
  return cmocka_run_group_tests_name("board nor", tests, nullptr, nullptr) + RunContracts();
}
