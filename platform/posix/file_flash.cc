// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/file_flash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "platform/posix/descriptor.h"
#include "platform/posix/positioned_io.h"

namespace connect_auth::posix {
namespace {

constexpr std::uint8_t kErased = 0xFF;

/// Bytes moved at a time; a multiple of every legal program_bytes.
constexpr std::size_t kPieceBytes = 512;

bool FillErased(int file, std::uint32_t from, std::uint32_t to) {
  std::array<std::uint8_t, kPieceBytes> erased;
  erased.fill(kErased);
  while (from < to) {
    const std::size_t size = std::min<std::size_t>(erased.size(), to - from);
    if (!WriteAt(file, from, ConstBytes(erased).first(size))) {
      return false;
    }
    from += static_cast<std::uint32_t>(size);
  }
  return true;
}

}  // namespace

Status FileFlash::Read(std::uint32_t address, Bytes into) {
  if (!IsInside(geometry_, address, into.size())) {
    return Status::kInvalidArgument;
  }
  const Descriptor file(Open(Use::kRead));
  return Done(file.valid() && ReadAt(file.get(), address, into));
}

Status FileFlash::Program(std::uint32_t address, ConstBytes data) {
  if (!IsProgrammable(geometry_, address, data.size())) {
    return Status::kInvalidArgument;
  }
  const Descriptor file(Open(Use::kChange));
  bool fine = file.valid();
  while (fine && !data.empty()) {
    const std::size_t size = std::min(data.size(), kPieceBytes);
    fine = ProgramPiece(file.get(), address, data.first(size));
    data = data.subspan(size);
    address += static_cast<std::uint32_t>(size);
  }
  return Done(fine && ::fdatasync(file.get()) == 0);
}

/// @pre data.size() <= kPieceBytes
bool FileFlash::ProgramPiece(int file, std::uint32_t address, ConstBytes data) const {
  std::array<std::uint8_t, kPieceBytes> buffer;
  const Bytes cells = Bytes(buffer).first(data.size());
  if (!ReadAt(file, address, cells)) {
    return false;
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (!geometry_.reprogrammable && cells[i] != kErased) {
      errno = EIO;
      return false;
    }
    cells[i] = static_cast<std::uint8_t>(cells[i] & data[i]);
  }
  return WriteAt(file, address, cells);
}

Status FileFlash::Erase(std::uint32_t block) {
  if (block >= geometry_.block_count) {
    return Status::kInvalidArgument;
  }
  const std::uint32_t from = block * geometry_.block_bytes;
  const Descriptor file(Open(Use::kChange));
  return Done(file.valid() && FillErased(file.get(), from, from + geometry_.block_bytes) &&
              ::fdatasync(file.get()) == 0);
}

/// Opens the file and sees to it that it is as long as the area. One that may only be read will do
/// for reading.
/// @return a descriptor, or -1 with errno.
int FileFlash::Open(Use use) {
  int file = ::open(path_, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 && use == Use::kRead && (errno == EACCES || errno == EROFS)) {
    file = ::open(path_, O_RDONLY | O_CLOEXEC);
  }
  if (file < 0) {
    return -1;
  }
  struct stat about {};
  if (::fstat(file, &about) == 0 &&
      (about.st_size >= static_cast<off_t>(geometry_.size()) ||
       FillErased(file, static_cast<std::uint32_t>(about.st_size), geometry_.size()))) {
    return file;
  }
  const int error = errno;
  ::close(file);
  errno = error;
  return -1;
}

Status FileFlash::Done(bool fine) {
  if (fine) {
    return Status::kOk;
  }
  last_error_ = errno;
  return Status::kUnavailable;
}

}  // namespace connect_auth::posix
