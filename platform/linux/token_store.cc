// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/token_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/store/ring_layout.h"
#include "platform/linux/text.h"
#include "platform/posix/descriptor.h"
#include "platform/posix/positioned_io.h"

namespace connect_auth::program {
namespace {

constexpr std::uint32_t kImageBlockBytes = 4096;
constexpr std::uint32_t kImageBlocks = 8;  // Of a new image.
constexpr std::uint32_t kMostBlocks = 255;
using Piece = std::array<std::uint8_t, kImageBlockBytes>;

bool IsErased(ConstBytes octets) {
  return std::all_of(octets.begin(), octets.end(),
                     [](std::uint8_t octet) { return octet == 0xFF; });
}

/// Whether a file holds nothing, or only what a new image begins with: it is being made, or
/// somebody was killed who made it.
bool IsNewImage(const std::string& path, std::uint64_t size) {
  Piece piece;
  const posix::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    const auto rest = std::min<std::uint64_t>(size - at, piece.size());
    const Bytes part = Bytes(piece).first(static_cast<std::size_t>(rest));
    if (!posix::ReadAt(file.get(), static_cast<std::uint32_t>(at), part) || !IsErased(part)) {
      return false;
    }
  }
  return true;
}

Problem NoStore(const std::string& path, std::string_view why, std::string_view next) {
  return {ExitCode::kStorage, Join({"cannot use the store ", path, ": ", why, "; ", next})};
}

}  // namespace

StoreKind StoreKindOf(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || S_ISDIR(about.st_mode)) {
    return StoreKind::kFiles;
  }
  return S_ISREG(about.st_mode) ? StoreKind::kImage : StoreKind::kMtd;
}

std::string ShapeOf(const FlashGeometry& geometry) {
  return Join({Decimal(geometry.block_count), " x ", Decimal(geometry.block_bytes),
               " octets in units of ", Decimal(geometry.program_bytes)});
}

Problem TokenStore::Open() {
  kind_ = StoreKindOf(path_);
  Problem problem;
  switch (kind_) {
    case StoreKind::kFiles:
      return OpenFiles();
    case StoreKind::kImage:
      problem = OpenImage();
      break;
    case StoreKind::kMtd:
      problem = OpenMtd();
      break;
  }
  if (!problem.exists()) {
    ring_.emplace(*flash_);
  }
  return problem;
}

/// A directory that is not there will be made, but not in place of a device.
Problem TokenStore::OpenFiles() const {
  const bool missing_device = path_.starts_with("/dev/") && ::access(path_.c_str(), F_OK) != 0;
  return missing_device
             ? NoStore(path_, ErrorText(errno), "see to the device, or set path in [store]")
             : Problem();
}

Problem TokenStore::OpenImage() {
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0) {
    return NoStore(path_, ErrorText(errno), "see to the file, or set path in [store]");
  }
  const auto size = static_cast<std::uint64_t>(about.st_size);
  constexpr std::uint64_t kNewSize = std::uint64_t{kImageBlocks} * kImageBlockBytes;
  const bool is_new = size < kNewSize && IsNewImage(path_, size);
  const std::uint64_t blocks = is_new ? kImageBlocks : size / kImageBlockBytes;
  if ((!is_new && size % kImageBlockBytes != 0) || blocks < 2 || blocks > kMostBlocks) {
    return NoStore(path_, "its size is not that of 2 to 255 blocks of 4096 octets",
                   "an image is made from an empty file; or name a directory with path in [store]");
  }
  flash_ = &image_.emplace(
      path_.c_str(), FlashGeometry{kImageBlockBytes, static_cast<std::uint32_t>(blocks), 1, true});
  return {};
}

Problem TokenStore::OpenMtd() {
  constexpr std::string_view kOther = "name a NOR partition, or a directory, with path in [store]";
  flash_ = &mtd_.emplace();
  switch (mtd_->Open(path_.c_str())) {
    case posix::MtdFlash::Kind::kUsable:
      return {};
    case posix::MtdFlash::Kind::kNoMtd:
      return NoStore(path_, "it is neither a directory nor a file nor an MTD character device",
                     "name a directory, or /dev/mtdN, with path in [store]");
    case posix::MtdFlash::Kind::kUnreachable:
      return NoStore(path_, ErrorText(mtd_->last_error()), "see to its permissions");
    case posix::MtdFlash::Kind::kNotNor:
      return NoStore(path_, "it is not NOR flash", kOther);
    case posix::MtdFlash::Kind::kBlocks:
      return NoStore(path_, "it does not have two erase blocks of 4 KB to 256 KB", kOther);
    case posix::MtdFlash::Kind::kProtected:
      return NoStore(path_, "it is write-protected",
                     "unlock it (flash_unlock), or name another partition with path in [store]");
    case posix::MtdFlash::Kind::kUnits:
      break;
  }
  return NoStore(path_, "it cannot be written in units of 32 octets or less", kOther);
}

/// Whether what is there was not put there by a ring. Reads the area whole, as this is asked only
/// as long as there is no ring.
bool TokenStore::HoldsSomethingElse() {
  const FlashGeometry geometry = flash_->geometry();
  const Mark erased_mark = RingStorage::LayoutOf(geometry).MarkOf(0);
  bool blank = true;
  for (std::uint32_t at = 0; at < geometry.size(); at += kImageBlockBytes) {
    Piece piece;
    if (flash_->Read(at, piece) != Status::kOk) {
      return true;
    }
    const std::string_view front = AsText(ConstBytes(piece).first(erased_mark.size()));
    if (at % geometry.block_bytes == 0 && front == AsText(erased_mark)) {
      return false;
    }
    blank = blank && IsErased(piece);
  }
  return !blank;
}

/// @param changes  Whether the work writes, so that it may not be somebody else's area.
template <typename Work>
Status TokenStore::OnRing(bool changes, Work work) {
  const posix::Descriptor lock(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  lock_error_ = 0;
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0) {
    lock_error_ = errno;
    return Status::kUnavailable;
  }
  if (ring_->Mount() != Status::kOk) {
    return Status::kUnavailable;
  }
  foreign_ = ring_->moves() == 0 && HoldsSomethingElse();
  return foreign_ && changes ? Status::kUnavailable : work();
}

IoResult TokenStore::Load(std::string_view name, Bytes into) {
  if (!ring_) {
    return files_.Load(name, into);
  }
  IoResult loaded = IoResult::Error(Status::kUnavailable);
  static_cast<void>(OnRing(false, [&] {
    loaded = foreign_ ? loaded : ring_->Load(name, into);
    return Status::kOk;
  }));
  return loaded;
}

Status TokenStore::Store(std::string_view name, ConstBytes record) {
  const Status status =
      ring_ ? OnRing(true, [&] { return ring_->Store(name, record); }) : files_.Store(name, record);
  if (status != Status::kOk) {
    too_large_ = is_ring() && record.size() > RingStorage::LargestRecord(geometry());
  }
  return status;
}

Status TokenStore::Erase(std::string_view name) {
  return ring_ ? OnRing(true, [&] { return ring_->Erase(name); }) : files_.Erase(name);
}

Status TokenStore::Idle() {
  return ring_ ? OnRing(true, [&] { return ring_->Idle(); }) : files_.Idle();
}

std::string_view TokenStore::kind() const {
  switch (kind_) {
    case StoreKind::kFiles:
      return "files";
    case StoreKind::kImage:
      return "emulated NOR flash";
    case StoreKind::kMtd:
      break;
  }
  return "NOR flash";
}

std::string TokenStore::LastError() const {
  if (foreign_) {
    return "it holds something else, which was not changed";
  }
  if (too_large_) {
    return "it is longer than a block of the flash";
  }
  if (lock_error_ != 0) {
    return ErrorText(lock_error_);
  }
  if (!is_ring()) {
    return ErrorText(files_.last_error());
  }
  return ErrorText(image_ ? image_->last_error() : mtd_->last_error());
}

}  // namespace connect_auth::program
