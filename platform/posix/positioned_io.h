// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "port/bytes.h"
#include "port/flash.h"

namespace connect_auth::posix {

/// Reads all of `into`; goes on after short reads and signals.
///
/// @return false  See errno; the end of the file is EIO.
inline bool ReadAt(int file, std::uint32_t address, Bytes into) {
  while (!into.empty()) {
    const ssize_t got = ::pread(file, into.data(), into.size(), static_cast<off_t>(address));
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
      address += static_cast<std::uint32_t>(got);
    } else if (got == 0) {
      errno = EIO;
      return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// Writes all of `data`; goes on after short writes and signals.
///
/// @return false  See errno.
inline bool WriteAt(int file, std::uint32_t address, ConstBytes data) {
  while (!data.empty()) {
    const ssize_t put = ::pwrite(file, data.data(), data.size(), static_cast<off_t>(address));
    if (put > 0) {
      data = data.subspan(static_cast<std::size_t>(put));
      address += static_cast<std::uint32_t>(put);
    } else if (put == 0) {
      errno = EIO;
      return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

inline bool IsInside(const FlashGeometry& geometry, std::uint32_t address, std::size_t size) {
  return address <= geometry.size() && size <= geometry.size() - address;
}

inline bool IsProgrammable(const FlashGeometry& geometry, std::uint32_t address, std::size_t size) {
  return IsInside(geometry, address, size) && address % geometry.program_bytes == 0 &&
         size % geometry.program_bytes == 0 &&
         address % geometry.block_bytes + size <= geometry.block_bytes;
}

}  // namespace connect_auth::posix
