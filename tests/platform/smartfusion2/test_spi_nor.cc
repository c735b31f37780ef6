// SPDX-License-Identifier: Apache-2.0
//
// The driver of the serial NOR, over a model of the part, and the contracts of its ports.

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
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

void spi_nor_wakes_a_part_that_sleeps(void**) {
  Chip chip;
  std::array<std::uint8_t, 1> octet{};
  assert_true(chip.nor.Program(0, octet) == Status::kOk);
  static_cast<void>(chip.model.Transfer(std::array<std::uint8_t, 1>{0xB9}, {}, {}));
  assert_true(chip.nor.Read(0, octet) == Status::kUnavailable);
  assert_true(chip.nor.Identify() == Status::kOk);
  assert_true(chip.nor.Read(0, octet) == Status::kOk);
  assert_int_equal(octet[0], 0);
}

void spi_nor_waits_for_as_long_as_parts_may_take_and_no_longer(void**) {
  const std::array<std::uint8_t, 1> octet{0};
  const Millis some{50};
  Chip chip;
  chip.model.HangAtNextChange();
  Instant begin = chip.clock.Now();
  assert_true(chip.nor.Program(0, octet) == Status::kUnavailable);
  assert_true(chip.clock.Now() - begin > SpiNor::kProgramTime);
  assert_true(chip.clock.Now() - begin < SpiNor::kProgramTime + some);
  chip.model.Reset();
  chip.model.HangAtNextChange();
  begin = chip.clock.Now();
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
  assert_true(chip.clock.Now() - begin > SpiNor::kEraseTime);
  assert_true(chip.clock.Now() - begin < SpiNor::kEraseTime + some);
}

void spi_nor_gives_up_on_a_part_that_is_still_busy(void**) {
  Chip chip;
  std::array<std::uint8_t, 1> octet{0};
  static_cast<void>(chip.nor.Program(0, octet));
  chip.model.Hang();
  const Instant begin = chip.clock.Now();
  assert_true(chip.nor.Program(1, octet) == Status::kUnavailable);
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
  assert_true(chip.nor.Read(0, octet) == Status::kUnavailable);
  assert_true(chip.clock.Now() - begin < Millis{100});  // It does not even let itself be enabled.
}

void spi_nor_does_not_take_nobody_for_erased_cells(void**) {
  Chip chip;
  std::array<std::uint8_t, 1> octet{0};
  chip.model.SetPresent(false);
  assert_true(chip.nor.Read(0, octet) == Status::kUnavailable);
  assert_true(chip.nor.Program(0, octet) == Status::kUnavailable);
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
}

void spi_nor_says_when_a_part_does_not_let_itself_be_written(void**) {
  Chip chip;
  chip.model.SetReadOnly(true);
  const std::array<std::uint8_t, 1> octet{0};
  assert_true(chip.nor.Program(0, octet) == Status::kUnavailable);
  assert_true(chip.nor.EraseBlock(0) == Status::kUnavailable);
}

// The part takes the change and says it is done: only who reads back notices.
void spi_nor_under_a_ring_reports_protected_blocks(void**) {
  Chip chip;
  std::array<std::uint8_t, 8> record{1, 2, 3};
  RingStorage before(chip.area);
  assert_true(before.Store("state", record) == Status::kOk);
  chip.model.SetProtected(true);
  assert_true(chip.nor.Program(0, record) == Status::kOk);
  RingStorage ring(chip.area);
  assert_true(ring.Store("state", std::array<std::uint8_t, 1>{9}) == Status::kUnavailable);
  const IoResult loaded = ring.Load("state", record);
  assert_true(loaded.ok());
  assert_int_equal(loaded.bytes(), record.size());
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

/// One received octet after the other comes over wrong while a record replaces another.
void spi_nor_under_a_ring_survives_each_bit_error_of_the_bus(void**) {
  const std::vector<std::uint8_t> before = Pattern(300, 1);
  const std::vector<std::uint8_t> after = Pattern(310, 2);
  bool was_disturbed = true;
  for (std::uint32_t n = 1; was_disturbed; ++n) {
    for (const std::uint8_t bits : std::to_array<std::uint8_t>({0x01, 0x02, 0x80, 0xFF})) {
      Chip chip;
      RingStorage ring(chip.area);
      assert_true(ring.Store("state", before) == Status::kOk);
      const std::uint32_t so_far = chip.model.transfers();
      chip.model.Disturb(n, bits);
      const Status stored = ring.Store("state", after);
      was_disturbed = chip.model.transfers() - so_far >= n;
      chip.model.Reset();
      RingStorage rebooted(chip.area);
      std::vector<std::uint8_t> found(400);
      const IoResult loaded = rebooted.Load("state", found);
      assert_true(loaded.ok());
      found.resize(loaded.bytes());
      assert_true(found == after || (stored != Status::kOk && found == before));
    }
  }
}

int RunFlashContract() {
  Chip chip;
  contract::FlashFixture fixture;
  fixture.flash = &chip.area;
  fixture.context = &chip;
  fixture.set_broken = [](void* context, bool broken) {
    static_cast<Chip*>(context)->model.SetBusFails(broken);
  };
  fixture.reboot = [](contract::FlashFixture& of) {
    Chip& rebooted = *static_cast<Chip*>(of.context);
    rebooted.model.Reset();
    assert_true(rebooted.nor.Identify() == Status::kOk);
  };
  return contract::Run("smartfusion2/spi_nor_flash", contract::FlashSuite(fixture));
}

/// A chip with a ring on it, and what the storage suite wants of both.
struct RingRig {
  RingRig() {
    fixture.storage = &ring;
    fixture.context = this;
    fixture.scratch = scratch;
    fixture.largest = RingStorage::LargestRecord(chip.area.geometry());
    fixture.reboot = [](contract::StorageFixture& of) {
      RingRig& rig = *static_cast<RingRig*>(of.context);
      rig.chip.model.Reset();
      of.storage = new (&rig.ring) RingStorage(rig.chip.area);
    };
    fixture.set_medium = [](void* context, contract::Medium medium_state) {
      SpiNorModel& model = static_cast<RingRig*>(context)->chip.model;
      model.SetPresent(medium_state != contract::Medium::kDead);
      model.SetProtected(medium_state == contract::Medium::kReadOnly);
      return true;
    };
    fixture.make_idle_work = [](void* context) {
      RingStorage& storage = static_cast<RingRig*>(context)->ring;
      assert_int_equal(storage.Store("gone", AsBytes("x")), Status::kOk);
      assert_int_equal(storage.Erase("gone"), Status::kOk);
    };
  }

  Chip chip;
  RingStorage ring{chip.area};
  std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(140'000);
  contract::StorageFixture fixture;
};

int RunStorageContract() {
  RingRig rig;
  return contract::Run("ring on smartfusion2/spi_nor_flash", contract::StorageSuite(rig.fixture));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(spi_nor_finds_out_how_large_the_part_is),
      cmocka_unit_test(spi_nor_without_a_part_says_not_found),
      cmocka_unit_test(spi_nor_waits_for_what_the_part_did_when_the_processor_was_reset),
      cmocka_unit_test(spi_nor_programs_across_pages_and_reads_it_back),
      cmocka_unit_test(spi_nor_reads_more_than_a_transaction_holds),
      cmocka_unit_test(spi_nor_wakes_a_part_that_sleeps),
      cmocka_unit_test(spi_nor_waits_for_as_long_as_parts_may_take_and_no_longer),
      cmocka_unit_test(spi_nor_gives_up_on_a_part_that_is_still_busy),
      cmocka_unit_test(spi_nor_does_not_take_nobody_for_erased_cells),
      cmocka_unit_test(spi_nor_says_when_a_part_does_not_let_itself_be_written),
      cmocka_unit_test(spi_nor_under_a_ring_reports_protected_blocks),
      cmocka_unit_test(spi_nor_reports_each_transaction_that_fails),
      cmocka_unit_test(spi_nor_flash_stays_in_its_area),
      cmocka_unit_test(spi_nor_under_a_ring_survives_each_bit_error_of_the_bus),
  };
  return cmocka_run_group_tests_name("smartfusion2/spi_nor", tests, nullptr, nullptr) +
         RunFlashContract() + RunStorageContract();
}
