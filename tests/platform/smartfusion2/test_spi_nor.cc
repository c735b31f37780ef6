// SPDX-License-Identifier: Apache-2.0
//
// The driver of the serial NOR, over a model of the part: the contracts of its ports, and the ring
// under power cuts.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "agent/store/ring_storage.h"
#include "platform/smartfusion2/spi_nor.h"
#include "platform/smartfusion2/spi_nor_flash.h"
#include "tests/cmocka.h"
#include "tests/platform/smartfusion2/spi_nor_model.h"
#include "tests/port/contract_flash.h"
#include "tests/port/contract_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using fake::FakeClock;
using fake::FakeFlash;
using fake::Tear;
using smartfusion2::SpiBus;
using smartfusion2::SpiNor;
using smartfusion2::SpiNorFlash;
using test::SpiNorModel;

constexpr std::uint32_t kBlocks = 5;
constexpr std::uint32_t kFirst = 1;
constexpr std::uint32_t kAreaBlocks = 3;
constexpr FlashGeometry kPart{SpiNor::kBlockBytes, kBlocks, 1, true};

std::array<std::uint8_t, kPart.size()> medium;

/// The part, its driver, and an area in the middle of it.
struct Chip {
  Chip() {
    cells.Blank();
    assert_true(nor.Identify() == Status::kOk);
  }

  FakeFlash cells{medium, kPart};
  FakeClock clock;
  SpiNorModel model{cells, clock};
  SpiNor nor{model, clock};
  SpiNorFlash area{nor, kFirst, kAreaBlocks};
};

std::vector<std::uint8_t> Pattern(std::size_t size, std::uint8_t seed) {
  std::vector<std::uint8_t> octets(size);
  for (std::size_t i = 0; i < size; ++i) {
    octets[i] = static_cast<std::uint8_t>(seed + i * 7 + i / 256);
  }
  return octets;
}

void spi_nor_finds_out_how_large_the_part_is(void**) {
  Chip chip;
  assert_int_equal(chip.nor.size(), 1U << 24);
  chip.model.SetIdentity({0xEF, 0x40, 0x15});
  assert_true(chip.nor.Identify() == Status::kOk);
  assert_int_equal(chip.nor.size(), 1U << 21);
}

void spi_nor_without_a_part_says_not_found(void**) {
  Chip chip;
  chip.model.SetPresent(false);
  assert_true(chip.nor.Identify() == Status::kNotFound);
  assert_int_equal(chip.nor.size(), 0);
  chip.model.SetPresent(true);
  for (const std::array<std::uint8_t, 3> identity : std::to_array<std::array<std::uint8_t, 3>>(
           {{0, 0, 0}, {0xFF, 0xFF, 0xFF}, {1, 0x20, 0x10}, {1, 0x20, 0x19}, {1, 0x20, 0xFF}})) {
    chip.model.SetIdentity(identity);
    assert_true(chip.nor.Identify() == Status::kNotFound);
  }
}

void spi_nor_waits_for_what_the_part_did_when_the_processor_was_reset(void**) {
  Chip chip;
  std::array<std::uint8_t, 1> none{};
  static_cast<void>(chip.model.Transfer(std::array<std::uint8_t, 1>{0x06}, {}, {}));
  static_cast<void>(chip.model.Transfer(std::array<std::uint8_t, 4>{0xD8, 0, 0, 0}, {}, {}));
  assert_true(chip.model.is_busy());
  assert_true(chip.nor.Identify() == Status::kOk);
  assert_true(chip.nor.Read(0, none) == Status::kOk);
  chip.model.Hang();
  assert_true(chip.nor.Identify() == Status::kUnavailable);
  assert_int_equal(chip.nor.size(), 0);
  assert_true(chip.area.Read(0, none) == Status::kUnavailable);
}

void spi_nor_programs_across_pages_and_reads_it_back(void**) {
  for (const std::uint32_t at : {0U, 1U, 255U, 256U, 4000U}) {
    for (const std::size_t size : {1U, 255U, 256U, 257U, 700U}) {
      Chip chip;
      const std::vector<std::uint8_t> data = Pattern(size, 3);
      std::vector<std::uint8_t> found(size);
      assert_true(chip.nor.Program(at, data) == Status::kOk);
      assert_true(chip.nor.Read(at, found) == Status::kOk);
      assert_true(found == data);
      assert_int_equal(chip.model.ignored(), 0);
      assert_int_equal(chip.cells.violations(), 0);
      const auto programmed = std::count_if(medium.begin(), medium.end(),
                                            [](std::uint8_t octet) { return octet != 0xFF; });
      const auto wanted =
          std::count_if(data.begin(), data.end(), [](std::uint8_t octet) { return octet != 0xFF; });
      assert_int_equal(programmed, wanted);
    }
  }
}

void spi_nor_reads_more_than_a_transaction_holds(void**) {
  Chip chip;
  const std::vector<std::uint8_t> data = Pattern(2 * SpiBus::kMostOctets, 9);
  std::copy(data.begin(), data.end(), medium.begin());
  std::vector<std::uint8_t> found(data.size());
  assert_true(chip.nor.Read(0, found) == Status::kOk);
  assert_true(found == data);
}

void spi_nor_gives_up_on_a_part_that_does_not_finish(void**) {
  Chip chip;
  const std::array<std::uint8_t, 1> octet{0};
  static_cast<void>(chip.nor.Program(0, octet));
  chip.model.Hang();
  const Instant begin = chip.clock.Now();
  assert_true(chip.nor.Program(1, octet) == Status::kUnavailable);
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
  assert_true(chip.clock.Now() - begin < Millis{100});  // It does not even let itself be enabled.
}

void spi_nor_says_when_a_part_is_protected(void**) {
  Chip chip;
  chip.model.SetProtected(true);
  const std::array<std::uint8_t, 1> octet{0};
  assert_true(chip.nor.Program(0, octet) == Status::kUnavailable);
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
}

void spi_nor_reports_each_transaction_that_fails(void**) {
  const std::array<std::uint8_t, 2> octets{0, 0};
  std::array<std::uint8_t, 2> into{};
  bool failed = true;
  for (std::uint32_t n = 1; failed; ++n) {
    Chip chip;
    chip.model.FailTransfer(n);
    const bool all_fine =
        chip.nor.Identify() == Status::kOk && chip.nor.Program(255, octets) == Status::kOk &&
        chip.nor.EraseBlock(0) == Status::kOk && chip.nor.Read(0, into) == Status::kOk;
    failed = !all_fine;
    assert_true(n < 1000);
  }
}

void spi_nor_flash_stays_in_its_area(void**) {
  Chip chip;
  std::array<std::uint8_t, 2> octets{};
  const std::uint32_t end = chip.area.geometry().size();
  assert_true(chip.area.Erase(kAreaBlocks) == Status::kInvalidArgument);
  assert_true(chip.area.Read(end - 1, octets) == Status::kInvalidArgument);
  assert_true(chip.area.Program(end - 1, octets) == Status::kInvalidArgument);
  assert_true(chip.area.Program(SpiNor::kBlockBytes - 1, octets) == Status::kInvalidArgument);
  assert_true(chip.area.Program(end - 2, octets) == Status::kOk);
  assert_true(chip.area.Erase(0) == Status::kOk);
  assert_int_equal(chip.cells.erases(kFirst), 1);
  assert_int_equal(chip.cells.erases(), 1);
  chip.model.SetIdentity({0x01, 0x20, 0x11});  // 128 KB: the area ends behind it.
  assert_true(chip.nor.Identify() == Status::kOk);
  assert_true(chip.area.Read(0, octets) == Status::kUnavailable);
}

/// What the ring holds after a cut at the n-th change while one record replaces another.
///
/// @return  Whether there were that many changes.
bool CutReplacing(std::uint32_t n, Tear tear) {
  const std::vector<std::uint8_t> before = Pattern(900, 1);
  const std::vector<std::uint8_t> after = Pattern(1100, 2);
  std::vector<std::uint8_t> found(2000);
  Chip chip;
  {
    RingStorage ring(chip.area);
    assert_true(ring.Store("state", before) == Status::kOk);
    chip.cells.CutAt(chip.cells.changes() + n, tear);
    static_cast<void>(ring.Store("state", after));
  }
  const bool was_cut = !chip.cells.is_powered();
  chip.cells.PowerOn();
  chip.model.Reset();
  assert_true(chip.nor.Identify() == Status::kOk);
  RingStorage ring(chip.area);
  const IoResult loaded = ring.Load("state", found);
  assert_true(loaded.ok());
  found.resize(loaded.bytes());
  assert_true(found == after || (was_cut && found == before));
  assert_int_equal(chip.cells.violations(), 0);
  assert_true(ring.Store("state", after) == Status::kOk);
  return was_cut;
}

void spi_nor_keeps_a_ring_through_a_cut_at_every_change(void**) {
  for (const Tear tear : fake::kTears) {
    std::uint32_t cuts = 0;
    while (CutReplacing(cuts + 1, tear)) {
      ++cuts;
    }
    assert_true(cuts >= 5);
  }
}

int RunContracts() {
  Chip chip;
  contract::FlashFixture flash;
  flash.flash = &chip.area;
  flash.context = &chip;
  flash.set_broken = [](void* context, bool broken) {
    static_cast<Chip*>(context)->model.SetBusFails(broken);
  };
  flash.reboot = [](contract::FlashFixture& fixture) {
    static_cast<Chip*>(fixture.context)->model.Reset();
  };
  int failed = contract::Run("smartfusion2/spi_nor_flash", contract::FlashSuite(flash));

  Chip for_ring;
  RingStorage ring(for_ring.area);
  contract::StorageFixture storage;
  storage.storage = &ring;
  storage.context = &for_ring;
  static std::array<std::uint8_t, 9000> scratch;
  storage.scratch = scratch;
  storage.largest = 4096;
  failed += contract::Run("ring on smartfusion2/spi_nor_flash", contract::StorageSuite(storage));
  return failed;
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(spi_nor_finds_out_how_large_the_part_is),
      cmocka_unit_test(spi_nor_without_a_part_says_not_found),
      cmocka_unit_test(spi_nor_waits_for_what_the_part_did_when_the_processor_was_reset),
      cmocka_unit_test(spi_nor_programs_across_pages_and_reads_it_back),
      cmocka_unit_test(spi_nor_reads_more_than_a_transaction_holds),
      cmocka_unit_test(spi_nor_gives_up_on_a_part_that_does_not_finish),
      cmocka_unit_test(spi_nor_says_when_a_part_is_protected),
      cmocka_unit_test(spi_nor_reports_each_transaction_that_fails),
      cmocka_unit_test(spi_nor_flash_stays_in_its_area),
      cmocka_unit_test(spi_nor_keeps_a_ring_through_a_cut_at_every_change),
  };
  return cmocka_run_group_tests_name("smartfusion2/spi_nor", tests, nullptr, nullptr) +
         RunContracts();
}
