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
    fixture.largest = RingStorage::LargestRecord(geometry, Storage::kMaxNameBytes);
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
  const Bytes largest = Bytes(scratch).first(RingStorage::LargestRecord(kGeometry, 5));
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
  const std::size_t log = RingLayout{kBlockBytes, 8}.log_at();
  const std::size_t block = kBlockBytes;  // The first log lies in block 1.
  const std::size_t content =
      block + log + RingLayout{kBlockBytes, 8}.content_at(std::string_view("first").size());

  for (std::size_t bit = block * 8; bit < content * 8; ++bit) {
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
  };
  int failed = cmocka_run_group_tests_name("agent/ring_storage", tests, nullptr, nullptr);
  failed += RunContract("agent/ring_storage/contract, units of 1", 1, true);
  failed += RunContract("agent/ring_storage/contract, units of 16", 16, true);
  failed += RunContract("agent/ring_storage/contract, units of 32 with ECC", 32, false);
  return failed;
}
