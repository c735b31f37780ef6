// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/flash.h"

struct mtd_info_user;  // <mtd/mtd-user.h>: what the kernel tells of a device.

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
    kProtected,    ///< A read-only node (/dev/mtdNro) or partition, or blocks that are locked.
  };

  MtdFlash() = default;
  MtdFlash(const MtdFlash&) = delete;
  MtdFlash& operator=(const MtdFlash&) = delete;

  /// Finds out what a device is. Only with kUsable may the rest be called. Whether this process may
  /// write is not part of the answer: where it may not, `Program` and `Erase` are kUnavailable.
  ///
  /// @param path  NUL-terminated. Borrowed for the life of this object.
  Kind Open(const char* path);

  /// What the kernel's answer alone says: never kNoMtd or kUnreachable.
  ///
  /// @param into  Set with kUsable only.
  static Kind Judge(const mtd_info_user& info, FlashGeometry& into);

  FlashGeometry geometry() const override { return geometry_; }
  Status Read(std::uint32_t address, Bytes into) override;
  Status Program(std::uint32_t address, ConstBytes data) override;
  Status Erase(std::uint32_t block) override;

  /// The errno of the last failure, for messages.
  int last_error() const { return last_error_; }

 private:
  Kind Unreachable();
  Status Done(bool fine);

  const char* path_ = nullptr;
  FlashGeometry geometry_;
  int last_error_ = 0;
};

}  // namespace connect_auth::posix
