// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "port/flash.h"

namespace connect_auth::fake {

/// How far a program or erase got when the power went.
enum class Tear : std::uint8_t {
  kNothing,     ///< Nothing happened yet.
  kFirstPart,   ///< Program: the first pages (256 bytes; of one page, the first half). Erase: half.
  kScattered,   ///< Program: a subset of its bits. Erase: random bits that change at each boot.
  kEverything,  ///< All done, but nobody was told.
};

/// Raw NOR in RAM, with power cuts, wear and a strict eye on its user.
///
/// The medium belongs to the caller and outlives this object, so that a test can cut the power,
/// make a new FakeFlash over the same bytes and look what is left.
class FakeFlash final : public Flash {
 public:
  static constexpr std::size_t kPageBytes = 256;
  static constexpr std::uint32_t kNever = 0;

  /// @param medium  Borrowed for the life of this object; geometry.size() bytes. Left as it is:
  ///                see `Blank()`.
  constexpr FakeFlash(Bytes medium, const FlashGeometry& geometry)
      : medium_(medium), geometry_(geometry) {}

  FlashGeometry geometry() const override { return geometry_; }

  Status Read(std::uint32_t address, Bytes into) override {
    ++reads_;
    if (!IsInside(address, into.size())) {
      return Status::kInvalidArgument;
    }
    if (!powered_ || broken_) {
      return Status::kUnavailable;
    }
    CopyBytes(medium_.subspan(address, into.size()), into);
    return Status::kOk;
  }

  Status Program(std::uint32_t address, ConstBytes data) override {
    if (!IsProgrammable(address, data.size())) {
      return Status::kInvalidArgument;
    }
    if (!powered_ || broken_) {
      return Status::kUnavailable;
    }
    const Bytes cells = medium_.subspan(address, data.size());
    CheckUser(cells, data);
    ++programs_;
    programmed_bytes_ += data.size();
    if (++changes_ == cut_at_) {
      TearProgram(cells, data);
      powered_ = false;
      return Status::kUnavailable;
    }
    if (!geometry_.reprogrammable && !IsBlank(cells)) {
      return Status::kUnavailable;  // The ECC beside the unit would no longer fit.
    }
    ClearBits(cells, data);
    return Status::kOk;
  }

  Status Erase(std::uint32_t block) override {
    if (block >= geometry_.block_count) {
      return Status::kInvalidArgument;
    }
    if (!powered_ || broken_) {
      return Status::kUnavailable;
    }
    ++erases_[block];
    if (++changes_ == cut_at_) {
      TearErase(block);
      powered_ = false;
      return Status::kUnavailable;
    }
    if (unstable_block_ == block) {
      unstable_block_ = kNoBlock;
    }
    Fill(cells_of(block), 0xFF);
    return Status::kOk;
  }

  /// Sets the whole medium to 0xFF, as a new part is. Not counted.
  void Blank() { Fill(medium_, 0xFF); }

  /// Cuts the power in the middle of the `n`-th program or erase, counted together from 1 over the
  /// life of this object; kNever for no cut. From then on nothing answers until `PowerOn()`.
  void CutAt(std::uint32_t n, Tear tear) {
    cut_at_ = n;
    tear_ = tear;
  }

  /// Boots again. The bits of a block whose erase was torn with kScattered read differently now,
  /// and at each boot until the block is erased.
  void PowerOn() {
    powered_ = true;
    if (unstable_block_ != kNoBlock) {
      Scramble(cells_of(unstable_block_));
    }
  }

  /// Makes every call fail as a broken part does, or lets them succeed again.
  void SetBroken(bool broken) { broken_ = broken; }

  bool is_powered() const { return powered_; }
  /// Programs and erases together: the numbers `CutAt()` takes.
  std::uint32_t changes() const { return changes_; }
  std::uint32_t reads() const { return reads_; }
  std::uint32_t programs() const { return programs_; }
  std::uint64_t programmed_bytes() const { return programmed_bytes_; }
  std::uint32_t erases(std::uint32_t block) const { return erases_[block]; }
  std::uint32_t erases() const {
    std::uint32_t sum = 0;
    for (const std::uint32_t count : erases_) {
      sum += count;
    }
    return sum;
  }

  /// Programs that broke the agent's promise: a 0 bit to 1, or a unit twice where the geometry is
  /// not reprogrammable. A test expects 0.
  std::uint32_t violations() const { return violations_; }

 private:
  static constexpr std::uint32_t kMaxBlocks = 255;
  static constexpr std::uint32_t kNoBlock = kMaxBlocks;

  bool IsInside(std::uint32_t address, std::size_t size) const {
    return address <= medium_.size() && size <= medium_.size() - address;
  }

  bool IsProgrammable(std::uint32_t address, std::size_t size) const {
    return IsInside(address, size) && address % geometry_.program_bytes == 0 &&
           size % geometry_.program_bytes == 0 &&
           address % geometry_.block_bytes + size <= geometry_.block_bytes;
  }

  Bytes cells_of(std::uint32_t block) const {
    return medium_.subspan(std::size_t{block} * geometry_.block_bytes, geometry_.block_bytes);
  }

  static void Fill(Bytes cells, std::uint8_t value) {
    std::fill(cells.begin(), cells.end(), value);
  }

  static bool IsBlank(ConstBytes cells) {
    return std::all_of(cells.begin(), cells.end(), [](std::uint8_t cell) { return cell == 0xFF; });
  }

  static void ClearBits(Bytes cells, ConstBytes data) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      cells[i] = static_cast<std::uint8_t>(cells[i] & data[i]);
    }
  }

  void CheckUser(ConstBytes cells, ConstBytes data) {
    bool fine = geometry_.reprogrammable || IsBlank(cells);
    for (std::size_t i = 0; i < data.size(); ++i) {
      fine = fine && (data[i] & ~cells[i]) == 0;
    }
    violations_ += fine ? 0U : 1U;
  }

  void TearProgram(Bytes cells, ConstBytes data) {
    switch (tear_) {
      case Tear::kNothing:
        return;
      case Tear::kFirstPart: {
        const std::size_t page = data.size() > kPageBytes ? kPageBytes : data.size() / 2;
        const std::size_t pages = data.size() > kPageBytes ? data.size() / kPageBytes : 1;
        const std::size_t size = page * ((pages + 1) / 2);
        return ClearBits(cells.first(size), data.first(size));
      }
      case Tear::kScattered:
        for (std::size_t i = 0; i < data.size(); ++i) {
          cells[i] = static_cast<std::uint8_t>(cells[i] & (data[i] | Random()));
        }
        return;
      case Tear::kEverything:
        return ClearBits(cells, data);
    }
  }

  void TearErase(std::uint32_t block) {
    const Bytes cells = cells_of(block);
    switch (tear_) {
      case Tear::kNothing:
        return;
      case Tear::kFirstPart:
        return Fill(cells.first(cells.size() / 2), 0xFF);
      case Tear::kScattered:
        unstable_block_ = block;
        return Scramble(cells);
      case Tear::kEverything:
        return Fill(cells, 0xFF);
    }
  }

  void Scramble(Bytes cells) {
    for (std::uint8_t& cell : cells) {
      cell = Random();
    }
  }

  std::uint8_t Random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    return static_cast<std::uint8_t>(random_ >> 8);
  }

  Bytes medium_;
  FlashGeometry geometry_;
  std::array<std::uint32_t, kMaxBlocks> erases_{};
  std::uint64_t programmed_bytes_ = 0;
  std::uint32_t reads_ = 0;
  std::uint32_t programs_ = 0;
  std::uint32_t changes_ = 0;
  std::uint32_t violations_ = 0;
  std::uint32_t cut_at_ = kNever;
  std::uint32_t unstable_block_ = kNoBlock;
  std::uint32_t random_ = 0x2545F491;
  Tear tear_ = Tear::kNothing;
  bool powered_ = true;
  bool broken_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeFlash>);

}  // namespace connect_auth::fake
