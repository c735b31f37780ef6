// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// The shape of a raw NOR area.
struct FlashGeometry {
  std::uint32_t block_bytes = 0;    ///< Unit of erase: 4 KB..256 KB, a multiple of program_bytes.
  std::uint32_t block_count = 0;    ///< 2..255 blocks in the area.
  std::uint32_t program_bytes = 1;  ///< Unit of program and its alignment: 1, 2, 4, .. 32.
  /// Whether a programmed unit may be programmed again to clear more bits. False where the
  /// flash keeps an ECC beside each unit.
  bool reprogrammable = true;

  constexpr std::uint32_t size() const { return block_bytes * block_count; }
};

/// An area of raw NOR flash.
///
/// Erased is 0xFF. Programming only clears bits. What power loss may leave: after a torn
/// program, any subset of its bits cleared; after a torn erase, anything at all in that
/// block, also bits that read differently at the next boot. Other blocks never change.
///
/// The agent promises:    ranges inside the area, never empty; programs whose address and size are
///                        multiples of program_bytes, within one block; never a bit programmed
///                        from 0 to 1 without an erase, nor, where the flash is not
///                        reprogrammable, any unit programmed twice without one.
/// The platform promises: when a call returns, its effect is on the medium. Calls may block for
///                        as long as the part takes.
class Flash {
 public:
  virtual FlashGeometry geometry() const = 0;

  /// Reads `into.size()` bytes from `address`.
  ///
  /// @param into  Borrowed during the call.
  /// @return kOk               All bytes were read.
  /// @return kInvalidArgument  The range leaves the area.
  /// @return kUnavailable      The part did not answer; `into` is undefined.
  virtual Status Read(std::uint32_t address, Bytes into) = 0;

  /// Clears the bits that are 0 in `data`.
  ///
  /// @param data  Borrowed during the call.
  /// @return kOk               All bytes were programmed. The caller reads back to be sure.
  /// @return kInvalidArgument  Range outside the area, across blocks, or not of whole units.
  /// @return kUnavailable      The part failed; the range holds any subset of the change.
  virtual Status Program(std::uint32_t address, ConstBytes data) = 0;

  /// Sets every byte of one block to 0xFF.
  ///
  /// @param block  0..block_count-1.
  /// @return kOk               The block was erased. The caller checks that it is blank.
  /// @return kInvalidArgument  No such block.
  /// @return kUnavailable      The part failed (worn out or bad); the block holds anything.
  virtual Status Erase(std::uint32_t block) = 0;

 protected:
  ~Flash() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth
