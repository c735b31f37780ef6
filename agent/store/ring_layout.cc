// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_layout.h"

namespace connect_auth {
namespace {

constexpr std::uint32_t kMagicAndVersion = 0x43410100;
constexpr std::uint32_t kWipeOthers = 1;
constexpr std::size_t kShapeAt = 4;
constexpr std::size_t kEpochAt = 8;
constexpr std::size_t kMarkCrcAt = 12;

constexpr unsigned kKindShift = 28;
constexpr unsigned kNameShift = 24;
constexpr std::uint32_t kNibble = 0xF;
constexpr std::uint32_t kSizeMask = 0xFFFFFF;
constexpr std::size_t kHeaderCrcAt = 4;

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

std::size_t NameBytes(const RecordHeader::Image& image) {
  return image[0] & kNibble;
}

std::uint32_t HeaderCrc(const RecordHeader::Image& image) {
  return Crc32({&image[RingLayout::kHeaderBytes], NameBytes(image)},
               Crc32(ConstBytes(image).first(kHeaderCrcAt)));
}

bool IsSound(const RecordHeader::Image& image) {
  return HeaderCrc(image) == GetWord(&image[kHeaderCrcAt]);
}

void Flip(RecordHeader::Image& image, std::size_t bit) {
  image[bit / 8] = static_cast<std::uint8_t>(image[bit / 8] ^ (1U << (bit % 8)));
}

bool Mend(RecordHeader::Image& image) {
  for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
    Flip(image, bit);
    if (IsSound(image)) {
      return true;
    }
    Flip(image, bit);
  }
  return false;
}

}  // namespace

OpenMark::Image OpenMark::Encode(const RingLayout& layout) const {
  Image image;
  PutWord(kMagicAndVersion + (wipe_others ? kWipeOthers : 0), image.data());
  PutWord(layout.block_bytes + layout.unit, &image[kShapeAt]);
  PutWord(epoch, &image[kEpochAt]);
  PutWord(Crc32(ConstBytes(image).first(kMarkCrcAt)), &image[kMarkCrcAt]);
  return image;
}

bool OpenMark::Decode(const Image& image, const RingLayout& layout) {
  OpenMark read;
  read.epoch = GetWord(&image[kEpochAt]);
  read.wipe_others = GetWord(image.data()) == kMagicAndVersion + kWipeOthers;
  // Whatever differs from what would be written is not understood.
  if (read.epoch == 0 || read.Encode(layout) != image) {
    return false;
  }
  *this = read;
  return true;
}

void RecordHeader::Encode(Image& image) const {
  PutWord(static_cast<std::uint32_t>(kind) << kKindShift |
              static_cast<std::uint32_t>(name.size()) << kNameShift | size,
          image.data());
  CopyBytes(AsBytes(name), Bytes(image).subspan(RingLayout::kHeaderBytes));
  PutWord(HeaderCrc(image), &image[kHeaderCrcAt]);
}

bool RecordHeader::Decode(Image& image) {
  if (!IsSound(image) && !Mend(image)) {
    return false;
  }
  const std::uint32_t word = GetWord(image.data());
  kind = static_cast<Kind>(word >> kKindShift);
  size = word & kSizeMask;
  name = AsText({&image[RingLayout::kHeaderBytes], NameBytes(image)});
  return kind == Kind::kRecord || kind == Kind::kErased;
}

CommitMark CommitMarkOf(std::uint32_t crc) {
  CommitMark mark;
  PutWord(crc, mark.data());
  PutWord(~crc, &mark[4]);
  return mark;
}

/// Bit by bit: a table would cost more flash than it saves time beside the flash's own.
std::uint32_t Crc32(ConstBytes bytes, std::uint32_t crc) {
  constexpr std::uint32_t kPolynomial = 0xEDB88320;
  crc = ~crc;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (kPolynomial & (0U - (crc & 1U)));
    }
  }
  return ~crc;
}

}  // namespace connect_auth
