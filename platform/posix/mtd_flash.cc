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

}  // namespace

MtdFlash::Kind MtdFlash::Open(const char* path) {
  path_ = path;
  struct stat about {};
  mtd_info_user info{};
  const Descriptor device(::open(path_, O_RDONLY | O_CLOEXEC));
  if (!device.valid() || ::fstat(device.get(), &about) != 0) {
    last_error_ = errno;
    return Kind::kUnreachable;
  }
  if (!IsMtd(about)) {
    return Kind::kNoMtd;
  }
  if (::ioctl(device.get(), MEMGETINFO, &info) != 0) {
    last_error_ = errno;
    return Kind::kUnreachable;
  }
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
  geometry_.block_bytes = info.erasesize;
  geometry_.block_count = std::min(info.size / info.erasesize, kMostBlocks);
  geometry_.program_bytes = info.writesize;
  geometry_.reprogrammable = (info.flags & MTD_BIT_WRITEABLE) != 0;
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
  erase_info_user region{block * geometry_.block_bytes, geometry_.block_bytes};
  const Descriptor device(::open(path_, O_RDWR | O_CLOEXEC));
  if (!device.valid()) {
    return Done(false);
  }
  // A part without a table of bad blocks does not know the question.
  loff_t at = region.start;
  if (::ioctl(device.get(), MEMGETBADBLOCK, &at) > 0) {
    errno = EIO;
    return Done(false);
  }
  return Done(::ioctl(device.get(), MEMERASE, &region) == 0);
}

Status MtdFlash::Done(bool fine) {
  if (fine) {
    return Status::kOk;
  }
  last_error_ = errno;
  return Status::kUnavailable;
}

}  // namespace connect_auth::posix
