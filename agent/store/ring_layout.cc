// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_layout.h"

#include <algorithm>

namespace connect_auth {
namespace {

/// Above the bits that the sizes of block and unit take.
constexpr std::uint32_t kMagicAndVersion = 0xCA100000;

constexpr std::uint32_t kDistanceBits = 15;
constexpr std::uint32_t kDistanceMask = (1 << kDistanceBits) - 1;
constexpr std::uint32_t kDistanceStep = RingLayout::kLeastUnit;

// Not `PutBigEndian`: that is for 64 bits, and four times the code on a 32-bit part.

void PutWord(std::uint32_t word, std::uint8_t* into) {
  for (int i = 3; i >= 0; --i) {
    into[i] = static_cast<std::uint8_t>(word);
    word >>= 8;
  }
}

std::uint32_t GetWord(const std::uint8_t* from) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    word = word << 8 | from[i];
  }
  return word;
}

/// One step of the CRC, without an octet to go in.
std::uint32_t Shift(std::uint32_t crc) {
  constexpr std::uint32_t kPolynomial = 0xEDB88320;
  return (crc >> 1) ^ (kPolynomial & (0U - (crc & 1U)));
}

bool IsPowerOfTwoOrZero(std::uint32_t word) {
  return (word & (word - 1)) == 0;
}

}  // namespace

Mark RingLayout::MarkOf(std::uint32_t number) const {
  constexpr std::size_t kCheckAt = 4;
  Mark mark;
  PutWord(number, mark.data());
  PutWord(Crc32(ConstBytes(mark).first(kCheckAt), kMagicAndVersion + block_bytes + unit),
          &mark[kCheckAt]);
  return mark;
}

bool RingLayout::IsMark(const Mark& mark, std::uint32_t& number) const {
  number = GetWord(mark.data());
  return MarkOf(number) == mark;
}

RecordHeader::RecordHeader(Kind kind, std::string_view name, std::size_t size) : image_{} {
  PutWord(static_cast<std::uint32_t>(size) << kDistanceBits, image_.data());
  image_[kKindAt] = static_cast<std::uint8_t>(kind);
  CopyBytes(AsBytes(name), image().subspan(kNameAt));
}

void RecordHeader::Seal(std::uint32_t distance) {
  PutWord(size() << kDistanceBits | (distance / kDistanceStep - 1), image_.data());
  PutWord(Crc(), &image_[kCrcAt]);
}

/// A flipped bit changes the CRC by what one bit becomes on its way through the bits behind it, and
/// no two bits by the same. So it is found in one walk from the last bit to the first.
bool RecordHeader::Check() {
  std::uint32_t difference = Crc() ^ GetWord(&image_[kCrcAt]);
  std::uint32_t effect = 1;
  for (std::size_t bit = kCrcAt * 8; bit > 0 && !IsPowerOfTwoOrZero(difference);) {
    --bit;
    effect = Shift(effect);
    if (effect == difference) {
      image_[bit / 8] = static_cast<std::uint8_t>(image_[bit / 8] ^ (1U << (bit % 8)));
      difference = 0;
    }
  }
  // One bit of difference is a flipped bit of the CRC itself.
  return IsPowerOfTwoOrZero(difference) && kind() != Kind::kNone && kind() <= Kind::kBadBlocks;
}

bool RecordHeader::IsNamedLike(const RecordHeader& other) const {
  return std::equal(image_.begin() + kNameAt, image_.begin() + kCrcAt,
                    other.image_.begin() + kNameAt);
}

std::uint32_t RecordHeader::size() const {
  return GetWord(image_.data()) >> kDistanceBits;
}

std::uint32_t RecordHeader::distance() const {
  return ((GetWord(image_.data()) & kDistanceMask) + 1) * kDistanceStep;
}

std::uint32_t RecordHeader::Crc() const {
  return Crc32(ConstBytes(image_).first(kCrcAt));
}

/// Bit by bit: a table would cost more flash than it saves time beside the flash's own.
std::uint32_t Crc32(ConstBytes bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = Shift(crc);
    }
  }
  return ~crc;
}

}  // namespace connect_auth
