// SPDX-License-Identifier: Apache-2.0
//
// MtdFlash, and the ring store on it, keep the contracts of their ports on a kernel's real MTD.
// Runs on the emulated gateway, as root: makes partitions, and destroys what the part holds.

#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <new>

#include "agent/store/ring_storage.h"
#include "platform/posix/descriptor.h"
#include "platform/posix/mtd_flash.h"
#include "tests/gateway/partition.h"
#include "tests/port/contract_flash.h"
#include "tests/port/contract_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using Kind = posix::MtdFlash::Kind;
using test::AddPartition;

constexpr const char* kPart = "/dev/mtd0";
constexpr std::uint32_t kBlockBytes = 4096;
constexpr std::uint32_t kPartBytes = 2 * 1024 * 1024;
constexpr std::uint32_t kLockUnit = 64 * 1024;  // Of the sst25vf016b, from its end.

using DevicePath = std::array<char, 32>;

DevicePath PathOf(int number, const char* suffix = "") {
  DevicePath path{};
  std::snprintf(path.data(), path.size(), "/dev/mtd%d%s", number, suffix);
  return path;
}

Kind KindOf(const char* path) {
  posix::MtdFlash flash;
  return flash.Open(path);
}
Kind KindOf(int number) {
  return KindOf(PathOf(number).data());
}

void part_is_usable_up_to_block_254(void**) {
  posix::MtdFlash flash;
  assert_int_equal(flash.Open(kPart), Kind::kUsable);

  const FlashGeometry geometry = flash.geometry();

  assert_int_equal(geometry.block_bytes, kBlockBytes);
  assert_int_equal(geometry.block_count, 255);
  assert_int_equal(geometry.program_bytes, 1);
  assert_true(geometry.reprogrammable);
}

void block_255_is_left_alone(void**) {
  posix::MtdFlash flash;
  std::array<std::uint8_t, 1> octet{};
  assert_int_equal(flash.Open(kPart), Kind::kUsable);

  assert_int_equal(flash.Read(255 * kBlockBytes - 1, octet), Status::kOk);
  assert_int_equal(flash.Read(255 * kBlockBytes, octet), Status::kInvalidArgument);
  assert_int_equal(flash.Program(255 * kBlockBytes, octet), Status::kInvalidArgument);
  assert_int_equal(flash.Erase(255), Status::kInvalidArgument);
}

void other_character_device_is_no_mtd(void**) {
  assert_int_equal(KindOf("/dev/null"), Kind::kNoMtd);
}

void block_device_of_an_mtd_is_no_mtd(void**) {
  assert_int_equal(::mknod("/tmp/mtdblock0", S_IFBLK | 0600, makedev(31, 0)), 0);

  assert_int_equal(KindOf("/tmp/mtdblock0"), Kind::kNoMtd);
}

void node_without_a_part_is_unreachable(void**) {
  posix::MtdFlash flash;
  assert_int_equal(::mknod("/tmp/mtd100", S_IFCHR | 0600, makedev(90, 200)), 0);

  assert_int_equal(flash.Open("/tmp/mtd100"), Kind::kUnreachable);

  assert_int_equal(flash.last_error(), ENODEV);
}

void nand_is_not_nor(void**) {
  const int number = test::NumberOfMtd("NAND simulator");
  assert_true(number > 0);

  assert_int_equal(KindOf(number), Kind::kNotNor);
}

void partition_of_one_block_has_too_few(void**) {
  const int number = AddPartition("single", 0, kBlockBytes);
  assert_true(number > 0);

  assert_int_equal(KindOf(number), Kind::kBlocks);
}

void partition_of_two_blocks_is_usable(void**) {
  const int number = AddPartition("pair", 0, 2 * kBlockBytes);
  assert_true(number > 0);

  assert_int_equal(KindOf(number), Kind::kUsable);
}

void read_only_node_is_protected(void**) {
  assert_int_equal(KindOf("/dev/mtd0ro"), Kind::kProtected);
}

/// The kernel lets nobody write where a neighbour's block would be erased.
void partition_off_the_border_of_a_block_is_protected(void**) {
  const int number = AddPartition("skewed", kBlockBytes / 2, 4 * kBlockBytes);
  assert_true(number > 0);

  assert_int_equal(KindOf(number), Kind::kProtected);
}

bool SetLocked(bool locked) {
  erase_info_user region{kPartBytes - kLockUnit, kLockUnit};
  const posix::Descriptor device(::open(kPart, O_RDWR | O_CLOEXEC));
  return device.valid() && ::ioctl(device.get(), locked ? MEMLOCK : MEMUNLOCK, &region) == 0;
}

void partition_with_locked_blocks_is_protected(void**) {
  const std::uint32_t start = kPartBytes - kLockUnit - 2 * kBlockBytes;
  const int number = AddPartition("locked", start, 4 * kBlockBytes);
  assert_true(number > 0);

  assert_true(SetLocked(true));
  const Kind locked = KindOf(number);
  assert_true(SetLocked(false));

  assert_int_equal(locked, Kind::kProtected);
  assert_int_equal(KindOf(number), Kind::kUsable);
}

/// A partition behind a symbolic link, which can be pointed elsewhere.
struct Board {
  explicit Board(const char* name, std::uint32_t first_block)
      : number(AddPartition(name, first_block * kBlockBytes, kBlocks * kBlockBytes)) {
    std::snprintf(link.data(), link.size(), "/dev/%s", name);
  }

  bool PointTo(contract::Medium medium) const {
    const DevicePath target = medium == contract::Medium::kHealthy    ? PathOf(number)
                              : medium == contract::Medium::kReadOnly ? PathOf(number, "ro")
                                                                      : DevicePath{"/dev/nothing"};
    ::unlink(link.data());
    return ::symlink(target.data(), link.data()) == 0;
  }

  bool Begin() {
    return number > 0 && PointTo(contract::Medium::kHealthy) &&
           flash.Open(link.data()) == Kind::kUsable;
  }

  static constexpr std::uint32_t kBlocks = 4;
  int number;
  DevicePath link{};
  posix::MtdFlash flash;
};

void part_that_may_only_be_read_is_read_and_not_changed(void**) {
  Board board("reading", 16);
  assert_true(board.Begin());
  std::array<std::uint8_t, 16> data{};
  assert_true(board.PointTo(contract::Medium::kReadOnly));

  assert_int_equal(board.flash.Read(0, data), Status::kOk);
  assert_int_equal(board.flash.Program(0, data), Status::kUnavailable);
  assert_int_equal(board.flash.last_error(), EACCES);
  assert_int_equal(board.flash.Erase(0), Status::kUnavailable);
  assert_int_equal(board.flash.last_error(), EACCES);
}

int RunSpecifics() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(part_is_usable_up_to_block_254),
      cmocka_unit_test(block_255_is_left_alone),
      cmocka_unit_test(other_character_device_is_no_mtd),
      cmocka_unit_test(block_device_of_an_mtd_is_no_mtd),
      cmocka_unit_test(node_without_a_part_is_unreachable),
      cmocka_unit_test(nand_is_not_nor),
      cmocka_unit_test(partition_of_one_block_has_too_few),
      cmocka_unit_test(partition_of_two_blocks_is_usable),
      cmocka_unit_test(read_only_node_is_protected),
      cmocka_unit_test(partition_off_the_border_of_a_block_is_protected),
      cmocka_unit_test(partition_with_locked_blocks_is_protected),
      cmocka_unit_test(part_that_may_only_be_read_is_read_and_not_changed),
  };
  return cmocka_run_group_tests_name("mtd", tests, nullptr, nullptr);
}

int RunFlash() {
  Board board("contract", 32);
  if (!board.Begin()) {
    return 1;
  }
  contract::FlashFixture fixture;
  fixture.flash = &board.flash;
  fixture.context = &board;
  fixture.set_broken = [](void* context, bool broken) {
    static_cast<void>(static_cast<Board*>(context)->PointTo(broken ? contract::Medium::kDead
                                                                   : contract::Medium::kHealthy));
  };
  fixture.reboot = [](contract::FlashFixture&) {};  // The device is opened afresh by every call.
  return contract::Run("mtd/flash", contract::FlashSuite(fixture));
}

struct Store {
  Store() : board("storage", 64), ring(board.flash) {}

  Board board;
  RingStorage ring;
};

int RunStorage() {
  static std::array<std::uint8_t, Storage::kMaxRecordBytes + 1> memory;
  Store store;
  if (!store.board.Begin()) {
    return 1;
  }
  contract::StorageFixture fixture;
  fixture.storage = &store.ring;
  fixture.context = &store;
  fixture.scratch = memory;
  fixture.largest = RingStorage::LargestRecord(store.board.flash.geometry());
  fixture.reboot = [](contract::StorageFixture& of) {
    Store& self = *static_cast<Store*>(of.context);
    of.storage = new (&self.ring) RingStorage(self.board.flash);
  };
  fixture.set_medium = [](void* context, contract::Medium medium) {
    return static_cast<Store*>(context)->board.PointTo(medium);
  };
  fixture.make_idle_work = [](void* context) {
    Storage& storage = static_cast<Store*>(context)->ring;
    assert_int_equal(storage.Store("gone", AsBytes("x")), Status::kOk);
    assert_int_equal(storage.Erase("gone"), Status::kOk);
  };
  return contract::Run("mtd/storage", contract::StorageSuite(fixture));
}

}  // namespace

int main() {
  return RunSpecifics() + RunFlash() + RunStorage() == 0 ? 0 : 1;
}
