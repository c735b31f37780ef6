// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/flash.h"

namespace connect_auth::posix {

/// A NOR partition behind Linux's MTD character device (/dev/mtdN).
///
/// Nothing is buffered: what a call did is on the part when it returns, as MTD has no cache for
/// NOR. The device is opened for each call, so that nothing needs closing, and a device that comes
/// back works again. Of a partition with more than 255 blocks the first 255 are used.
class MtdFlash final : public Flash {
 public:
  enum class Kind : std::uint8_t {
    kUsable,
    kNoMtd,        ///< Not an MTD character device (major number 90).
    kUnreachable,  ///< It cannot be opened or asked: see `last_error()`.
    kNotNor,       ///< NAND, or something else that wears and fails in other ways.
    kBlocks,       ///< Erase blocks not of 4 KB to 256 KB, or fewer than two.
    kUnits,        ///< Write units of more than 32 octets, or not a power of two.
  };

  MtdFlash() = default;
  MtdFlash(const MtdFlash&) = delete;
  MtdFlash& operator=(const MtdFlash&) = delete;

  /// Finds out what a device is. Only with kUsable may the rest be called.
  ///
  /// @param path  NUL-terminated. Borrowed for the life of this object.
  Kind Open(const char* path);

  FlashGeometry geometry() const override { return geometry_; }
  Status Read(std::uint32_t address, Bytes into) override;
  Status Program(std::uint32_t address, ConstBytes data) override;

  /// A block in the device's bad-block table is kUnavailable at once.
  Status Erase(std::uint32_t block) override;

  /// The errno of the last failure, for messages.
  int last_error() const { return last_error_; }

 private:
  Status Done(bool fine);

  const char* path_ = nullptr;
  FlashGeometry geometry_;
  int last_error_ = 0;
};

}  // namespace connect_auth::posix
