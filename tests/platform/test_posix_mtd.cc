// SPDX-License-Identifier: Apache-2.0
//
// What MtdFlash makes of a device, as far as it shows without one. The rest is in tests/gateway.

#include <mtd/mtd-user.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "platform/posix/mtd_flash.h"
#include "tests/cmocka.h"
#include "tests/platform/scratch_directory.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using posix::MtdFlash;
using Kind = posix::MtdFlash::Kind;

/// A 2 MiB part of SPI NOR, as the kernel describes it.
mtd_info_user SpiNor() {
  mtd_info_user info{};
  info.type = MTD_NORFLASH;
  info.flags = MTD_CAP_NORFLASH;
  info.size = 2 * 1024 * 1024;
  info.erasesize = 4096;
  info.writesize = 1;
  return info;
}

Kind KindOf(const mtd_info_user& info) {
  FlashGeometry geometry;
  return MtdFlash::Judge(info, geometry);
}

FlashGeometry GeometryOf(const mtd_info_user& info) {
  FlashGeometry geometry;
  assert_int_equal(MtdFlash::Judge(info, geometry), Kind::kUsable);
  return geometry;
}

void device_of_another_kind_is_no_mtd(void**) {
  MtdFlash flash;
  assert_int_equal(flash.Open("/dev/null"), Kind::kNoMtd);
}

void file_and_directory_are_no_mtd(void**) {
  const test::ScratchDirectory scratch;
  std::array<char, 300> path{};
  std::snprintf(path.data(), path.size(), "%s/file", scratch.path());
  std::fclose(std::fopen(path.data(), "w"));
  MtdFlash flash;

  const Kind file = flash.Open(path.data());
  const Kind directory = flash.Open(scratch.path());
  scratch.Remove();

  assert_int_equal(file, Kind::kNoMtd);
  assert_int_equal(directory, Kind::kNoMtd);
}

void pipe_that_nobody_writes_to_is_no_mtd_and_does_not_block(void**) {
  const test::ScratchDirectory scratch;
  std::array<char, 300> path{};
  std::snprintf(path.data(), path.size(), "%s/pipe", scratch.path());
  assert_int_equal(::mkfifo(path.data(), 0600), 0);
  MtdFlash flash;

  ::alarm(10);
  const Kind kind = flash.Open(path.data());
  ::alarm(0);
  scratch.Remove();

  assert_int_equal(kind, Kind::kNoMtd);
}

void path_that_leads_nowhere_is_unreachable(void**) {
  MtdFlash flash;

  assert_int_equal(flash.Open("/dev/no-such-device"), Kind::kUnreachable);

  assert_int_equal(flash.last_error(), ENOENT);
}

void what_is_no_mtd_has_no_room(void**) {
  MtdFlash flash;
  std::array<std::uint8_t, 1> octet{};
  assert_int_equal(flash.Open("/dev/null"), Kind::kNoMtd);

  assert_int_equal(flash.geometry().size(), 0);
  assert_int_equal(flash.Read(0, octet), Status::kInvalidArgument);
  assert_int_equal(flash.Program(0, octet), Status::kInvalidArgument);
  assert_int_equal(flash.Erase(0), Status::kInvalidArgument);
}

void nor_is_usable_as_the_kernel_describes_it(void**) {
  mtd_info_user info = SpiNor();
  info.size = 64 * 4096;

  const FlashGeometry geometry = GeometryOf(info);

  assert_int_equal(geometry.block_bytes, 4096);
  assert_int_equal(geometry.block_count, 64);
  assert_int_equal(geometry.program_bytes, 1);
  assert_true(geometry.reprogrammable);
}

void part_with_ecc_is_not_reprogrammable(void**) {
  mtd_info_user info = SpiNor();
  info.flags = MTD_WRITEABLE;
  info.writesize = 16;

  const FlashGeometry geometry = GeometryOf(info);

  assert_int_equal(geometry.program_bytes, 16);
  assert_false(geometry.reprogrammable);
}

void large_part_is_used_up_to_block_254(void**) {
  assert_int_equal(GeometryOf(SpiNor()).block_count, 255);
}

void last_block_that_is_not_whole_is_not_used(void**) {
  mtd_info_user info = SpiNor();
  info.size = 3 * info.erasesize - 1;

  assert_int_equal(GeometryOf(info).block_count, 2);
}

void what_is_not_nor_is_not_used(void**) {
  constexpr std::uint8_t kOthers[] = {MTD_ABSENT,    MTD_RAM,       MTD_ROM,         MTD_NANDFLASH,
                                      MTD_DATAFLASH, MTD_UBIVOLUME, MTD_MLCNANDFLASH};
  mtd_info_user info = SpiNor();
  for (const std::uint8_t type : kOthers) {
    info.type = type;
    assert_int_equal(KindOf(info), Kind::kNotNor);
  }
}

void blocks_too_small_too_large_or_too_few_are_not_used(void**) {
  mtd_info_user info = SpiNor();
  for (const std::uint32_t size : {0U, 2048U, 524288U}) {
    info.erasesize = size;
    assert_int_equal(KindOf(info), Kind::kBlocks);
  }
  info.erasesize = 65536;
  for (const std::uint32_t size : {0U, 65536U, 2 * 65536U - 1}) {
    info.size = size;
    assert_int_equal(KindOf(info), Kind::kBlocks);
  }
}

void write_units_that_the_port_does_not_know_are_not_used(void**) {
  mtd_info_user info = SpiNor();
  for (const std::uint32_t size : {0U, 3U, 48U, 64U}) {
    info.writesize = size;
    assert_int_equal(KindOf(info), Kind::kUnits);
  }
}

void part_that_may_only_be_read_is_protected(void**) {
  mtd_info_user info = SpiNor();
  info.flags = 0;

  assert_int_equal(KindOf(info), Kind::kProtected);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(device_of_another_kind_is_no_mtd),
      cmocka_unit_test(file_and_directory_are_no_mtd),
      cmocka_unit_test(pipe_that_nobody_writes_to_is_no_mtd_and_does_not_block),
      cmocka_unit_test(path_that_leads_nowhere_is_unreachable),
      cmocka_unit_test(what_is_no_mtd_has_no_room),
      cmocka_unit_test(nor_is_usable_as_the_kernel_describes_it),
      cmocka_unit_test(part_with_ecc_is_not_reprogrammable),
      cmocka_unit_test(large_part_is_used_up_to_block_254),
      cmocka_unit_test(last_block_that_is_not_whole_is_not_used),
      cmocka_unit_test(what_is_not_nor_is_not_used),
      cmocka_unit_test(blocks_too_small_too_large_or_too_few_are_not_used),
      cmocka_unit_test(write_units_that_the_port_does_not_know_are_not_used),
      cmocka_unit_test(part_that_may_only_be_read_is_protected),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
