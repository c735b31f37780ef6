// SPDX-License-Identifier: Apache-2.0
#include "platform/posix/mtd_flash.h"

#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "platform/posix/descriptor.h"
#include "platform/posix/positioned_io.h"

namespace connect_auth::posix {
namespace {

constexpr unsigned kMtdMajor = 90;
constexpr std::uint32_t kLeastBlock = 4096;
constexpr std::uint32_t kMostBlock = 262144;
constexpr std::uint32_t kMostBlocks = 255;
constexpr std::uint32_t kMostUnit = 32;

bool IsMtd(const struct stat& about) {
  return S_ISCHR(about.st_mode) && major(about.st_rdev) == kMtdMajor;
}

/// /dev/mtdN and /dev/mtdNro are 2N and 2N + 1.
bool IsReadOnlyNode(const struct stat& about) {
  return minor(about.st_rdev) % 2 != 0;
}

erase_info_user RegionOf(const FlashGeometry& geometry, std::uint32_t block) {
  return {block * geometry.block_bytes, geometry.block_bytes};
}

/// SPI NOR ignores a program or erase of a locked block, and the kernel calls that a success. The
/// question is put block by block, as of an area that is locked in part the answer is "no".
bool HasLockedBlock(int device, const FlashGeometry& geometry) {
  int answer = 0;  // < 0: the driver knows no locks.
  for (std::uint32_t block = 0; answer == 0 && block < geometry.block_count; ++block) {
    erase_info_user region = RegionOf(geometry, block);
    answer = ::ioctl(device, MEMISLOCKED, &region);
  }
  return answer > 0;
}

}  // namespace

/// The path is looked at before it is opened: what is no MTD might block, or, like a watchdog, act.
MtdFlash::Kind MtdFlash::Open(const char* path) {
  path_ = path;
  geometry_ = {};
  struct stat about {};
  if (::stat(path_, &about) != 0) {
    return Unreachable();
  }
  if (!IsMtd(about)) {
    return Kind::kNoMtd;
  }
  mtd_info_user info{};
  const Descriptor device(::open(path_, O_RDONLY | O_CLOEXEC));
  if (!device.valid() || ::ioctl(device.get(), MEMGETINFO, &info) != 0) {
    return Unreachable();
  }
  FlashGeometry found;
  const Kind kind = Judge(info, found);
  if (kind != Kind::kUsable) {
    return kind;
  }
  if (IsReadOnlyNode(about) || HasLockedBlock(device.get(), found)) {
    return Kind::kProtected;
  }
  geometry_ = found;
  return Kind::kUsable;
}

MtdFlash::Kind MtdFlash::Judge(const mtd_info_user& info, FlashGeometry& into) {
  if (info.type != MTD_NORFLASH) {
    return Kind::kNotNor;
  }
  if (info.erasesize < kLeastBlock || info.erasesize > kMostBlock ||
      info.size / info.erasesize < 2) {
    return Kind::kBlocks;
  }
  if (info.writesize == 0 || info.writesize > kMostUnit ||
      (info.writesize & (info.writesize - 1)) != 0) {
    return Kind::kUnits;
  }
  if ((info.flags & MTD_WRITEABLE) == 0) {
    return Kind::kProtected;
  }
  into.block_bytes = info.erasesize;
  into.block_count = std::min(info.size / info.erasesize, kMostBlocks);
  into.program_bytes = info.writesize;
  // Drivers of parts that keep an ECC beside each unit take this flag away.
  into.reprogrammable = (info.flags & MTD_BIT_WRITEABLE) != 0;
  return Kind::kUsable;
}

Status MtdFlash::Read(std::uint32_t address, Bytes into) {
  if (!IsInside(geometry_, address, into.size())) {
    return Status::kInvalidArgument;
  }
  const Descriptor device(::open(path_, O_RDONLY | O_CLOEXEC));
  return Done(device.valid() && ReadAt(device.get(), address, into));
}

Status MtdFlash::Program(std::uint32_t address, ConstBytes data) {
  if (!IsProgrammable(geometry_, address, data.size())) {
    return Status::kInvalidArgument;
  }
  const Descriptor device(::open(path_, O_RDWR | O_CLOEXEC));
  return Done(device.valid() && WriteAt(device.get(), address, data));
}

Status MtdFlash::Erase(std::uint32_t block) {
  if (block >= geometry_.block_count) {
    return Status::kInvalidArgument;
  }
  erase_info_user region = RegionOf(geometry_, block);
  const Descriptor device(::open(path_, O_RDWR | O_CLOEXEC));
  return Done(device.valid() && ::ioctl(device.get(), MEMERASE, &region) == 0);
}

MtdFlash::Kind MtdFlash::Unreachable() {
  last_error_ = errno;
  return Kind::kUnreachable;
}

Status MtdFlash::Done(bool fine) {
  if (fine) {
    return Status::kOk;
  }
  last_error_ = errno;
  return Status::kUnavailable;
}

}  // namespace connect_auth::posix
