// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/flash.h"

namespace connect_auth::posix {

/// A file that behaves like raw NOR: program only clears bits, erase sets a block to 0xFF.
///
/// For tests and for trying out the ring store on a PC; also an example of a `Flash`. One
/// process at a time. The file is made (mode 0600, all 0xFF) when missing, and lengthened with
/// 0xFF when short. It is opened for each call, so that nothing needs closing.
class FileFlash final : public Flash {
 public:
  /// @param path      NUL-terminated. Borrowed for the life of this object.
  /// @param geometry  As the contract says; not checked.
  constexpr FileFlash(const char* path, const FlashGeometry& geometry)
      : path_(path), geometry_(geometry) {}
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;

  FlashGeometry geometry() const override { return geometry_; }
  Status Read(std::uint32_t address, Bytes into) override;

  /// Where the geometry is not reprogrammable, programming a unit twice fails as it would on a
  /// part with ECC: kUnavailable.
  Status Program(std::uint32_t address, ConstBytes data) override;
  Status Erase(std::uint32_t block) override;

  /// The errno of the last failure, for messages.
  int last_error() const { return last_error_; }

 private:
  enum class Use : std::uint8_t { kRead, kChange };

  int Open(Use use);
  bool ProgramPiece(int file, std::uint32_t address, ConstBytes data) const;
  Status Done(bool fine);

  const char* path_;
  FlashGeometry geometry_;
  int last_error_ = 0;
};

}  // namespace connect_auth::posix
