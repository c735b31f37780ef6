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

/// A number that vouches for itself: its four octets, and a CRC-32 of them that begins with the
/// shape of the ring, so that a ring of another shape or version is not understood. Zeros are no
/// mark, nor is blank flash.
using Mark = std::array<std::uint8_t, 8>;

/// How a ring lies in flash; agent/store/README.md has the picture and the reasons. All numbers are
/// big-endian. Every field begins on a unit: the flash's program_bytes, at least 8; a power of two.
struct RingLayout {
  static constexpr std::uint32_t kLeastUnit = 8;
  static constexpr std::uint32_t kMostUnit = 32;
  static constexpr std::uint32_t kHeaderBytes = 24;

  std::uint32_t block_bytes = 0;
  std::uint32_t unit = kLeastUnit;

  constexpr std::uint32_t Align(std::size_t size) const {
    return (static_cast<std::uint32_t>(size) + unit - 1) & ~(unit - 1);
  }

  /// A block, from its front, a unit each: erased mark, taken mark, open mark, copy of the open
  /// mark; then the log. The erased mark reads 0, the taken mark is zeros, the open mark
  /// reads the epoch: one more than that of the block before. The highest is that of the log.
  static constexpr std::uint32_t kErasedMarkAt = 0;
  constexpr std::uint32_t taken_mark_at() const { return unit; }
  constexpr std::uint32_t open_mark_at() const { return 2 * unit; }
  constexpr std::uint32_t open_copy_at() const { return 3 * unit; }
  constexpr std::uint32_t log_at() const { return 4 * unit; }
  constexpr std::uint32_t log_bytes() const { return block_bytes - log_at(); }

  /// A record, from its front: intent mark of zeros, header, content, commit mark, its copy. The
  /// number of the commit mark is the CRC-32 of the content.
  constexpr std::uint32_t header_at() const { return unit; }
  constexpr std::uint32_t content_at() const { return unit + Align(kHeaderBytes); }
  constexpr std::uint32_t commit_at(std::size_t size) const { return content_at() + Align(size); }
  constexpr std::uint32_t RecordBytes(std::size_t size) const { return commit_at(size) + 2 * unit; }

  Mark MarkOf(std::uint32_t number) const;
  /// @param number  Receives what the mark reads, if it is one; else undefined.
  bool IsMark(const Mark& mark, std::uint32_t& number) const;
};

/// What begins a record, as it lies in flash.
///
///     offset  size
///          0     4  size of the content in the upper 17 bits; in the lower 15 the distance to the
///                   front of the record before, or of the block, in units of 8 octets, less one
///          4     1  kind
///          5    15  name, filled up with zeros
///         20     4  CRC-32 of the above
class RecordHeader {
 public:
  enum class Kind : std::uint8_t {
    kNone = 0,    ///< No record at all.
    kErased = 1,  ///< No such record from here on. Has no content.
    kRecord = 2,
    kBadBlocks = 3,  ///< The list of bad blocks, a bit each.
  };

  RecordHeader() = default;
  /// @pre name.size() <= Storage::kMaxNameBytes, size <= Storage::kMaxRecordBytes
  RecordHeader(Kind kind, std::string_view name, std::size_t size);

  /// Completes the header.
  ///
  /// @param distance  To the front of what comes before; 8 to 262144 octets, in steps of 8.
  void Seal(std::uint32_t distance);

  /// Whether this is a header. Mends one flipped bit, so that it does not hide the records that
  /// follow; the CRC itself only counts as mended.
  bool Check();

  bool IsNamedLike(const RecordHeader& other) const;
  Kind kind() const { return static_cast<Kind>(image_[kKindAt]); }
  bool has_content() const { return kind() >= Kind::kRecord; }
  std::uint32_t size() const;
  std::uint32_t distance() const;
  Bytes image() { return image_; }

 private:
  static constexpr std::size_t kKindAt = 4;
  static constexpr std::size_t kNameAt = 5;
  static constexpr std::size_t kCrcAt = 20;

  std::uint32_t Crc() const;

  std::array<std::uint8_t, RingLayout::kHeaderBytes> image_;
};

/// CRC-32 (ISO-HDLC, as in IEEE 802.3) that goes on from `crc`; begin with 0.
std::uint32_t Crc32(ConstBytes bytes, std::uint32_t crc = 0);

}  // namespace connect_auth
