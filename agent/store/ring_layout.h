// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/flash.h"
#include "port/storage.h"

namespace connect_auth {

/// How a ring lies in flash; agent/store/README.md has the picture and the reasons. All numbers are
/// big-endian. Every field begins on a unit: the flash's program_bytes, at least 8; a power of two.
struct RingLayout {
  static constexpr std::uint32_t kLeastUnit = 8;
  static constexpr std::uint32_t kMostUnit = 32;

  std::uint32_t block_bytes = 0;
  std::uint32_t unit = kLeastUnit;

  constexpr std::uint32_t Align(std::size_t size) const {
    return (static_cast<std::uint32_t>(size) + unit - 1) & ~(unit - 1);
  }

  /// A block, from its front: erased mark, taken mark, open mark, copy of the open mark, log.
  static constexpr std::uint32_t kErasedMarkAt = 0;
  constexpr std::uint32_t taken_mark_at() const { return unit; }
  constexpr std::uint32_t open_mark_at() const { return 2 * unit; }
  constexpr std::uint32_t open_copy_at() const { return open_mark_at() + Align(kOpenMarkBytes); }
  constexpr std::uint32_t log_at() const { return open_copy_at() + Align(kOpenMarkBytes); }
  constexpr std::uint32_t log_bytes() const { return block_bytes - log_at(); }

  /// A record, from its front: intent mark, header with name, content, commit mark, its copy.
  static constexpr std::uint32_t kHeaderBytes = 8;
  static constexpr std::uint32_t kMostHeaderBytes = kHeaderBytes + Storage::kMaxNameBytes;
  constexpr std::uint32_t header_at() const { return unit; }
  constexpr std::uint32_t content_at(std::size_t name_bytes) const {
    return unit + Align(kHeaderBytes + name_bytes);
  }
  constexpr std::uint32_t RecordBytes(std::size_t name_bytes, std::size_t size) const {
    return content_at(name_bytes) + Align(size) + 2 * unit;
  }

  static constexpr std::uint32_t kOpenMarkBytes = 16;
};

/// What the erased mark reads: the block was erased, and seen to be blank, after whatever it held.
inline constexpr std::array<std::uint8_t, 8> kErasedMark = {0xC5, 0x3A, 0x96, 0x69,
                                                            0x5A, 0xA3, 0x71, 0x8E};

/// The open mark: with it a block becomes the one that counts, if no epoch is higher.
///
///     offset  size
///          0     3  magic "CA", and 1, the version of this layout
///          3     1  1: other blocks still hold what is to be wiped; else 0
///          4     4  block_bytes + unit
///          8     4  epoch: one more than that of the block before, from 1
///         12     4  CRC-32 of the above
struct OpenMark {
  std::uint32_t epoch = 0;
  bool wipe_others = false;

  using Image = std::array<std::uint8_t, RingLayout::kOpenMarkBytes>;
  Image Encode(const RingLayout& layout) const;
  /// @return false  Not an open mark of this layout; `this` is unchanged.
  bool Decode(const Image& image, const RingLayout& layout);
};

/// What begins a record.
///
///     offset  size
///          0     1  high half: kind; low half: length of the name
///          1     3  size of the content
///          4     4  CRC-32 of the above and the name
///          8     n  name; none: the list of bad blocks, a bit each
struct RecordHeader {
  enum class Kind : std::uint8_t {
    kRecord = 0xA,
    kErased = 0x5,  ///< No such record from here on. Has no content.
  };
  using Image = std::array<std::uint8_t, RingLayout::kMostHeaderBytes>;

  Kind kind = Kind::kRecord;
  std::uint32_t size = 0;
  std::string_view name;  ///< Borrowed; of a decoded header: from its image.

  /// Writes kHeaderBytes + name.size() octets.
  void Encode(Image& image) const;

  /// Mends one flipped bit, so that it does not hide the records that follow.
  ///
  /// @param image  Corrected, if it was wrong. Must outlive this object.
  /// @return false  Not a header; `this` is undefined.
  bool Decode(Image& image);

  std::size_t encoded_size() const { return RingLayout::kHeaderBytes + name.size(); }
};

/// What ends a record: it counts if one of two marks reads like this. First the CRC-32 of header
/// and content, then its complement, so that all zeros and all ones never count.
using CommitMark = std::array<std::uint8_t, 8>;

/// CRC-32 (ISO-HDLC, as in IEEE 802.3) that goes on from `crc`; begin with 0.
std::uint32_t Crc32(ConstBytes bytes, std::uint32_t crc = 0);

CommitMark CommitMarkOf(std::uint32_t crc);

}  // namespace connect_auth
