// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_storage.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_flash.h"
#include "tests/port/contract_storage.h"

namespace connect_auth {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;
constexpr std::uint32_t kBlocks = 4;

std::array<std::uint8_t, kBlockBytes * kBlocks> medium;
std::array<std::uint8_t, 2 * kBlockBytes> scratch;

/// A ring on a fake part, with the hooks of the contract suite.
struct Rig {
  explicit Rig(const FlashGeometry& geometry) : flash(medium, geometry), ring(flash) {
    flash.Blank();
    fixture.storage = &ring;
    fixture.context = this;
    fixture.scratch = scratch;
    fixture.largest = RingStorage::LargestRecord(geometry);
    fixture.reboot = [](contract::StorageFixture& of) {
      Rig& rig = *static_cast<Rig*>(of.context);
      of.storage = new (&rig.ring) RingStorage(rig.flash);
    };
    fixture.set_medium = [](void* context, contract::Medium medium_state) {
      Rig& rig = *static_cast<Rig*>(context);
      rig.flash.SetBroken(medium_state == contract::Medium::kDead);
      rig.flash.SetReadOnly(medium_state == contract::Medium::kReadOnly);
      return true;
    };
    fixture.make_idle_work = [](void* context) {
      Storage& storage = static_cast<Rig*>(context)->ring;
      assert_int_equal(storage.Store("gone", AsBytes("x")), Status::kOk);
      assert_int_equal(storage.Erase("gone"), Status::kOk);
    };
  }

  fake::FakeFlash flash;
  RingStorage ring;
  contract::StorageFixture fixture;
};

int RunContract(const char* name, std::uint32_t program_bytes, bool reprogrammable) {
  static Rig* rig = nullptr;
  alignas(Rig) static std::array<std::uint8_t, sizeof(Rig)> room;
  rig = new (room.data()) Rig({kBlockBytes, kBlocks, program_bytes, reprogrammable});
  return contract::Run(name, contract::StorageSuite(rig->fixture));
}

constexpr FlashGeometry kGeometry{kBlockBytes, kBlocks, 1, true};
constexpr std::string_view kSecret = "a secret that is to be gone";

void RunIdle(RingStorage& ring) {
  Status status = Status::kPending;
  while (status == Status::kPending) {
    status = ring.Idle();
  }
  assert_int_equal(status, Status::kOk);
}

bool MediumHolds(std::string_view text) {
  return AsText(medium).find(text) != std::string_view::npos;
}

void AssertLoads(RingStorage& ring, std::string_view name, std::string_view text) {
  std::array<std::uint8_t, 64> found{};
  const IoResult loaded = ring.Load(name, found);
  assert_int_equal(loaded.status(), Status::kOk);
  assert_true(AsText(ConstBytes(found).first(loaded.bytes())) == text);
}

void ring_is_not_misled_by_a_read_that_fails_once(void**) {
  fake::FakeFlash flash(medium, kGeometry);
  flash.Blank();
  RingStorage writer(flash);
  for (const char* record : {"1", "2", "3"}) {
    assert_int_equal(writer.Store("state", AsBytes(record)), Status::kOk);
  }
  std::array<std::uint8_t, 1> loaded{};
  RingStorage reader(flash);
  const std::uint32_t before = flash.reads();
  assert_true(reader.Load("state", loaded).ok());
  const std::uint32_t reads = flash.reads() - before;
  for (std::uint32_t n = 1; n <= reads; ++n) {
    RingStorage ring(flash);
    flash.FailRead(flash.reads() + n);
    assert_true(ring.Load("state", loaded).ok());
    assert_true(AsText(loaded) == "3");
  }
}

void ring_storage_geometry_out_of_its_limits_is_an_invalid_argument(void**) {
  for (const FlashGeometry& wrong :
       {FlashGeometry{2048, 4, 1, true}, FlashGeometry{524288, 4, 1, true},
        FlashGeometry{4096, 1, 1, true}, FlashGeometry{4096, 256, 1, true},
        FlashGeometry{4096, 4, 0, true}, FlashGeometry{4096, 4, 3, true},
        FlashGeometry{4096, 4, 64, true}, FlashGeometry{4100, 4, 1, true}}) {
    fake::FakeFlash flash(medium, wrong);
    RingStorage ring(flash);

    assert_int_equal(ring.Mount(), Status::kInvalidArgument);
    assert_int_equal(ring.Store("token", {}), Status::kUnavailable);
  }
}

void ring_storage_part_that_does_not_answer_is_unavailable(void**) {
  Rig rig(kGeometry);
  rig.flash.SetBroken(true);

  assert_int_equal(rig.ring.Mount(), Status::kUnavailable);
  rig.flash.SetBroken(false);
  assert_int_equal(rig.ring.Mount(), Status::kOk);
}

void ring_storage_of_rubbish_is_empty_and_takes_records(void**) {
  Rig rig(kGeometry);
  for (std::size_t i = 0; i < medium.size(); ++i) {
    medium[i] = static_cast<std::uint8_t>(i * 37 + i / 251);
  }

  assert_int_equal(rig.ring.Mount(), Status::kOk);
  assert_int_equal(rig.ring.moves(), 0);
  assert_int_equal(rig.ring.Store("token", AsBytes("new")), Status::kOk);

  AssertLoads(rig.ring, "token", "new");
  assert_int_equal(rig.ring.moves(), 1);
}

void ring_storage_moves_when_the_block_is_full_and_takes_all_names_along(void**) {
  Rig rig(kGeometry);
  std::array<std::uint8_t, 1000> large{};
  assert_int_equal(rig.ring.Store("kept", AsBytes("kept")), Status::kOk);
  assert_int_equal(rig.ring.Store("gone", AsBytes("gone")), Status::kOk);
  assert_int_equal(rig.ring.Erase("gone"), Status::kOk);

  for (int update = 0; update < 20; ++update) {
    assert_int_equal(rig.ring.Store("large", large), Status::kOk);
    RunIdle(rig.ring);
  }

  assert_in_range(rig.ring.moves(), 6, 9);
  AssertLoads(rig.ring, "kept", "kept");
  RingStorage rebooted(rig.flash);
  AssertLoads(rebooted, "kept", "kept");
  assert_int_equal(rebooted.moves(), rig.ring.moves());
  std::array<std::uint8_t, 8> found{};
  assert_int_equal(rebooted.Load("gone", found).status(), Status::kNotFound);
}

void ring_storage_refuses_what_does_not_fit_beside_the_rest_and_goes_on(void**) {
  Rig rig(kGeometry);
  const Bytes largest = Bytes(scratch).first(RingStorage::LargestRecord(kGeometry));
  assert_int_equal(rig.ring.Store("other", AsBytes("kept")), Status::kOk);
  const std::uint32_t erases = rig.flash.erases();

  assert_int_equal(rig.ring.Store("large", largest), Status::kUnavailable);

  assert_int_equal(rig.flash.erases(), erases);
  AssertLoads(rig.ring, "other", "kept");
  assert_int_equal(rig.ring.Erase("other"), Status::kOk);
  assert_int_equal(rig.ring.Store("large", largest), Status::kOk);
}

void ring_storage_clean_boot_and_load_only_read(void**) {
  Rig rig(kGeometry);
  for (int update = 0; update < 9; ++update) {
    assert_int_equal(rig.ring.Store("token", scratch), Status::kUnavailable);
    assert_int_equal(rig.ring.Store("token", Bytes(scratch).first(1000)), Status::kOk);
  }
  const std::uint32_t changes = rig.flash.changes();

  RingStorage rebooted(rig.flash);
  assert_int_equal(rebooted.Load("token", scratch).bytes(), 1000);

  assert_int_equal(rig.flash.changes(), changes);
}

void ring_storage_erased_record_is_wiped_everywhere_by_idle_work(void**) {
  Rig rig(kGeometry);
  for (int update = 0; update < 12; ++update) {
    assert_int_equal(rig.ring.Store("large", Bytes(scratch).first(900)), Status::kOk);
    assert_int_equal(rig.ring.Store("secret", AsBytes(kSecret)), Status::kOk);
  }
  assert_true(MediumHolds(kSecret));

  assert_int_equal(rig.ring.Erase("secret"), Status::kOk);
  assert_int_equal(rig.ring.Idle(), Status::kPending);
  RingStorage rebooted(rig.flash);
  RunIdle(rebooted);

  assert_false(MediumHolds(kSecret));
  assert_int_equal(rebooted.Load("large", scratch).bytes(), 900);
}

void ring_storage_flipped_bit_in_a_header_or_mark_hides_nothing(void**) {
  Rig rig(kGeometry);
  assert_int_equal(rig.ring.Store("first", AsBytes("one")), Status::kOk);
  assert_int_equal(rig.ring.Store("second", AsBytes("two")), Status::kOk);
  const RingLayout layout{kBlockBytes, 8};
  const std::size_t content = layout.log_at() + layout.content_at();

  for (std::size_t bit = 0; bit < content * 8; ++bit) {
    medium[bit / 8] = static_cast<std::uint8_t>(medium[bit / 8] ^ 1U << bit % 8);
    RingStorage rebooted(rig.flash);
    AssertLoads(rebooted, "first", "one");
    AssertLoads(rebooted, "second", "two");
    medium[bit / 8] = static_cast<std::uint8_t>(medium[bit / 8] ^ 1U << bit % 8);
  }
}

void ring_storage_damaged_record_gives_way_to_the_one_before(void**) {
  Rig rig(kGeometry);
  assert_int_equal(rig.ring.Store("token", AsBytes("before")), Status::kOk);
  assert_int_equal(rig.ring.Store("token", AsBytes("newest")), Status::kOk);
  const std::size_t at = AsText(medium).find("newest");

  medium[at] = static_cast<std::uint8_t>(medium[at] ^ 4);

  AssertLoads(rig.ring, "token", "before");
}

void ring_storage_area_of_other_shape_is_not_believed(void**) {
  Rig rig(kGeometry);
  assert_int_equal(rig.ring.Store("token", AsBytes("one")), Status::kOk);
  fake::FakeFlash other(medium, {kBlockBytes, kBlocks, 16, true});
  RingStorage ring(other);
  std::array<std::uint8_t, 8> found{};

  assert_int_equal(ring.Load("token", found).status(), Status::kNotFound);
  assert_int_equal(ring.moves(), 0);
}

void ring_storage_header_that_follows_on_nothing_ends_the_log(void**) {
  Rig rig(kGeometry);
  const RingLayout layout{kBlockBytes, 8};
  assert_int_equal(rig.ring.Store("token", AsBytes("one")), Status::kOk);
  // Sound, but as if it stood in another place.
  RecordHeader header(RecordHeader::Kind::kRecord, "token", 0);
  header.Seal(8);
  const std::size_t second = layout.log_at() + layout.RecordBytes(3);
  CopyBytes(header.image(), Bytes(medium).subspan(second + layout.header_at()));
  for (const std::uint32_t at : {layout.commit_at(0), layout.commit_at(0) + layout.unit}) {
    CopyBytes(layout.MarkOf(0), Bytes(medium).subspan(second + at));
  }

  RingStorage rebooted(rig.flash);
  AssertLoads(rebooted, "token", "one");
  assert_int_equal(rebooted.Store("token", AsBytes("two")), Status::kOk);
  AssertLoads(rebooted, "token", "two");
}

void ring_storage_block_whose_open_mark_could_not_be_copied_is_the_log_all_the_same(void**) {
  Rig rig(kGeometry);
  const RingLayout layout{kBlockBytes, 8};
  rig.flash.SetStuck(kBlockBytes + layout.open_copy_at(), 0xFF, 0xFF);

  while (rig.ring.moves() < 2) {
    assert_int_equal(rig.ring.Store("token", Bytes(scratch).first(1000)), Status::kOk);
  }
  assert_int_equal(rig.ring.Store("token", AsBytes("newest")), Status::kOk);

  RingStorage rebooted(rig.flash);
  AssertLoads(rebooted, "token", "newest");
}

void ring_storage_epoch_that_wraps_round_is_the_newest(void**) {
  constexpr std::uint32_t kLastEpoch = 0xFFFFFFFF;
  Rig rig(kGeometry);
  const RingLayout layout{kBlockBytes, 8};
  for (const std::uint32_t at : {layout.open_mark_at(), layout.open_copy_at()}) {
    CopyBytes(layout.MarkOf(kLastEpoch), Bytes(medium).subspan(at));
  }
  assert_int_equal(rig.ring.Mount(), Status::kOk);
  assert_int_equal(rig.ring.moves(), kLastEpoch);

  while (rig.ring.moves() != 1) {
    assert_int_equal(rig.ring.Store("token", Bytes(scratch).first(1000)), Status::kOk);
    RingStorage rebooted(rig.flash);
    assert_int_equal(rebooted.Mount(), Status::kOk);
    assert_int_equal(rebooted.moves(), rig.ring.moves());
  }
}

/// A part that does not answer for a range of addresses.
class DeafFlash final : public Flash {
 public:
  DeafFlash(Flash& flash, std::uint32_t begin, std::uint32_t end)
      : flash_(flash), begin_(begin), end_(end) {}

  FlashGeometry geometry() const override { return flash_.geometry(); }
  Status Read(std::uint32_t address, Bytes into) override {
    const bool deaf = address < end_ && address + into.size() > begin_;
    return deaf ? Status::kUnavailable : flash_.Read(address, into);
  }
  Status Program(std::uint32_t address, ConstBytes data) override {
    return flash_.Program(address, data);
  }
  Status Erase(std::uint32_t block) override { return flash_.Erase(block); }

 private:
  Flash& flash_;
  std::uint32_t begin_;
  std::uint32_t end_;
};

void ring_storage_boot_erases_no_log_whose_marks_do_not_read_for_once(void**) {
  Rig rig(kGeometry);
  const RingLayout layout{kBlockBytes, 8};
  assert_int_equal(rig.ring.Store("token", AsBytes("one")), Status::kOk);
  const std::uint32_t erases = rig.flash.erases();

  DeafFlash deaf(rig.flash, layout.open_mark_at(), layout.log_at());
  RingStorage ring(deaf);
  assert_int_equal(ring.Mount(), Status::kOk);
  assert_int_equal(rig.flash.erases(), erases);

  RingStorage rebooted(rig.flash);
  AssertLoads(rebooted, "token", "one");
}

void ring_storage_empty_record_is_a_record(void**) {
  Rig rig(kGeometry);
  assert_int_equal(rig.ring.Store("token", {}), Status::kOk);
  for (int update = 0; update < 9; ++update) {
    assert_int_equal(rig.ring.Store("large", Bytes(scratch).first(1000)), Status::kOk);
  }

  RingStorage rebooted(rig.flash);
  assert_int_equal(rebooted.Load("token", {}).status(), Status::kOk);
  assert_in_range(rebooted.moves(), 2, 9);
}

void ring_storage_bad_block_is_left_alone_after_a_reboot(void**) {
  Rig rig(kGeometry);
  rig.flash.SetBad(2);
  assert_int_equal(rig.ring.Store("token", AsBytes("one")), Status::kOk);
  RunIdle(rig.ring);
  const std::uint32_t erases = rig.flash.erases(2);
  assert_int_equal(erases, 2);

  RingStorage rebooted(rig.flash);
  for (int update = 0; update < 40; ++update) {
    assert_int_equal(rebooted.Store("token", Bytes(scratch).first(1000)), Status::kOk);
    RunIdle(rebooted);
  }

  assert_int_equal(rig.flash.erases(2), erases);
}

void ring_storage_read_only_part_makes_no_block_bad(void**) {
  Rig rig(kGeometry);
  assert_int_equal(rig.ring.Store("token", AsBytes("one")), Status::kOk);

  rig.flash.SetReadOnly(true);
  assert_int_equal(rig.ring.Idle(), Status::kUnavailable);
  rig.flash.SetReadOnly(false);

  RunIdle(rig.ring);
  for (std::uint32_t block = 1; block < kBlocks; ++block) {
    assert_in_range(rig.flash.erases(block), 1, 3);
  }
}

std::array<std::uint8_t, 255 * kBlockBytes> large_medium;

void ring_storage_goes_round_255_blocks(void**) {
  fake::FakeFlash flash(large_medium, {kBlockBytes, 255, 1, true});
  flash.Blank();
  RingStorage ring(flash);
  while (ring.moves() < 300) {
    assert_int_equal(ring.Store("token", Bytes(scratch).first(1900)), Status::kOk);
    RunIdle(ring);
  }

  assert_in_range(flash.erases(0), 2, 3);
  assert_in_range(flash.erases(254), 1, 2);
  RingStorage rebooted(flash);
  assert_int_equal(rebooted.Load("token", scratch).bytes(), 1900);
  assert_int_equal(rebooted.moves(), 300);
}

void ring_storage_move_reads_little_more_than_the_block_however_many_records_it_holds(void**) {
  constexpr std::uint32_t kLargeBlock = 262144;
  fake::FakeFlash flash(Bytes(large_medium).first(2 * kLargeBlock), {kLargeBlock, 2, 1, true});
  flash.Blank();
  RingStorage ring(flash);
  std::uint64_t before = 0;
  for (int update = 0; ring.moves() < 2; ++update) {
    before = flash.read_bytes();
    assert_int_equal(ring.Store(update % 2 == 0 ? "state" : "session", Bytes(scratch).first(20)),
                     Status::kOk);
  }

  // One look at the block to come, and two at all records of this one.
  assert_in_range(flash.read_bytes() - before, kLargeBlock, 6 * kLargeBlock);
  RingStorage rebooted(flash);
  assert_int_equal(rebooted.Load("session", scratch).bytes(), 20);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(ring_is_not_misled_by_a_read_that_fails_once),
      cmocka_unit_test(ring_storage_geometry_out_of_its_limits_is_an_invalid_argument),
      cmocka_unit_test(ring_storage_part_that_does_not_answer_is_unavailable),
      cmocka_unit_test(ring_storage_of_rubbish_is_empty_and_takes_records),
      cmocka_unit_test(ring_storage_moves_when_the_block_is_full_and_takes_all_names_along),
      cmocka_unit_test(ring_storage_refuses_what_does_not_fit_beside_the_rest_and_goes_on),
      cmocka_unit_test(ring_storage_clean_boot_and_load_only_read),
      cmocka_unit_test(ring_storage_erased_record_is_wiped_everywhere_by_idle_work),
      cmocka_unit_test(ring_storage_flipped_bit_in_a_header_or_mark_hides_nothing),
      cmocka_unit_test(ring_storage_damaged_record_gives_way_to_the_one_before),
      cmocka_unit_test(ring_storage_area_of_other_shape_is_not_believed),
      cmocka_unit_test(ring_storage_header_that_follows_on_nothing_ends_the_log),
      cmocka_unit_test(
          ring_storage_block_whose_open_mark_could_not_be_copied_is_the_log_all_the_same),
      cmocka_unit_test(ring_storage_epoch_that_wraps_round_is_the_newest),
      cmocka_unit_test(ring_storage_boot_erases_no_log_whose_marks_do_not_read_for_once),
      cmocka_unit_test(ring_storage_empty_record_is_a_record),
      cmocka_unit_test(ring_storage_bad_block_is_left_alone_after_a_reboot),
      cmocka_unit_test(ring_storage_read_only_part_makes_no_block_bad),
      cmocka_unit_test(ring_storage_goes_round_255_blocks),
      cmocka_unit_test(
          ring_storage_move_reads_little_more_than_the_block_however_many_records_it_holds),
  };
  int failed = cmocka_run_group_tests_name("agent/ring_storage", tests, nullptr, nullptr);
  failed += RunContract("agent/ring_storage/contract, units of 1", 1, true);
  failed += RunContract("agent/ring_storage/contract, units of 16", 16, true);
  failed += RunContract("agent/ring_storage/contract, units of 32 with ECC", 32, false);
  return failed;
}
