// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "port/flash.h"

namespace connect_auth::fake {

/// How far the program of a page, or an erase, got when the power went.
enum class Tear : std::uint8_t {
  kNothing,     ///< Nothing happened yet.
  kHalf,        ///< The first half of the units, or of the block.
  kRagged,      ///< Program: some units, and one torn. Erase: all zeros, as parts begin with that.
  kScattered,   ///< Program: a random subset of its bits. Erase: random bits set.
  kAlmost,      ///< Program: all but the last unit. Erase: all but four bits.
  kEverything,  ///< All done, but nobody was told.
};
inline constexpr std::array kTears = {Tear::kNothing,   Tear::kHalf,   Tear::kRagged,
                                      Tear::kScattered, Tear::kAlmost, Tear::kEverything};

/// Raw NOR in RAM, with power cuts, wear, defects, and a strict eye on its user.
///
/// A program is done page by page, each of which can be cut. The medium belongs to the caller and
/// outlives this object, so that a test can cut the power, make a new FakeFlash over the same bytes
/// and look what is left. Copies of this object share the medium.
class FakeFlash final : public Flash {
 public:
  static constexpr std::size_t kPageBytes = 256;
  static constexpr std::uint32_t kNever = 0;
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

  /// @param medium     Borrowed for the life of this object; geometry.size() bytes. Left as it is:
  ///                   see `Blank()`.
  /// @param undecided  As long, and zeros: keeps account of the bits that a cut left between 0
  /// and 1.
  ///                   They read differently at each boot, until they are programmed or erased.
  ///                   Empty: a cut decides them.
  constexpr FakeFlash(Bytes medium, const FlashGeometry& geometry, Bytes undecided = {})
      : medium_(medium), undecided_(undecided), geometry_(geometry) {}

  /// The same part, counters and all, over a copy of its medium.
  FakeFlash Over(Bytes medium, Bytes undecided) const {
    FakeFlash copy = *this;
    copy.medium_ = medium;
    copy.undecided_ = undecided;
    return copy;
  }

  FlashGeometry geometry() const override { return geometry_; }

  Status Read(std::uint32_t address, Bytes into) override {
    ++reads_;
    read_bytes_ += into.size();
    if (!IsInside(address, into.size())) {
      return Status::kInvalidArgument;
    }
    if (!answers() || reads_ == failing_read_ || CoversTornUnit(address, into.size())) {
      return Status::kUnavailable;
    }
    CopyBytes(medium_.subspan(address, into.size()), into);
    return Status::kOk;
  }

  Status Program(std::uint32_t address, ConstBytes data) override {
    if (!IsProgrammable(address, data.size())) {
      return Status::kInvalidArgument;
    }
    if (!answers() || read_only_) {
      return Status::kUnavailable;
    }
    ++programs_;
    programmed_bytes_ += data.size();
    while (!data.empty()) {
      const std::size_t room = kPageBytes - address % kPageBytes;
      const ConstBytes page = data.first(std::min(data.size(), room));
      const Status status = ProgramPage(address, page);
      if (status != Status::kOk) {
        return status;
      }
      address += static_cast<std::uint32_t>(page.size());
      data = data.subspan(page.size());
    }
    return Status::kOk;
  }

  Status Erase(std::uint32_t block) override {
    if (block >= geometry_.block_count) {
      return Status::kInvalidArgument;
    }
    if (!answers() || read_only_) {
      return Status::kUnavailable;
    }
    ++erases_[block];
    if (++changes_ == cut_at_) {
      TearErase(block);
      return Cut();
    }
    if (block == bad_block_) {
      return Status::kUnavailable;
    }
    const std::uint32_t begin = block * geometry_.block_bytes;
    Fill(cells_of(block), 0xFF);
    Decide(begin, geometry_.block_bytes);
    ApplyStuckBit(begin, geometry_.block_bytes);
    torn_unit_ = torn_unit_ / geometry_.block_bytes == block ? kNowhere : torn_unit_;
    return Status::kOk;
  }

  /// Sets the whole medium to 0xFF, as a new part is. Not counted.
  void Blank() {
    Fill(medium_, 0xFF);
    Fill(undecided_, 0);
  }

  /// Cuts the power in the middle of the `n`-th page program or erase, counted together from 1 over
  /// the life of this object; kNever for no cut. From then on nothing answers until `PowerOn()`.
  void CutAt(std::uint32_t n, Tear tear) {
    cut_at_ = n;
    tear_ = tear;
  }

  /// Boots again, without a cut ahead. What is undecided reads differently now.
  void PowerOn() {
    powered_ = true;
    cut_at_ = kNever;
    for (std::size_t i = 0; i < undecided_.size(); ++i) {
      const std::uint8_t mask = undecided_[i];
      if (mask != 0) {
        medium_[i] = static_cast<std::uint8_t>((medium_[i] & ~mask) | (Random() & mask));
      }
    }
  }

  /// Makes every call fail as a broken part does, or lets them succeed again.
  void SetBroken(bool broken) { broken_ = broken; }

  /// Makes the `n`-th read fail, counted from 1 over the life of this object.
  void FailRead(std::uint32_t n) { failing_read_ = n; }

  /// Makes programs and erases fail, or succeed again.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }

  /// Makes one block fail to erase.
  void SetBad(std::uint32_t block) { bad_block_ = block; }

  /// Makes bits of one byte stay what they are, whatever is done.
  void SetStuck(std::uint32_t address, std::uint8_t mask, std::uint8_t value) {
    stuck_at_ = address;
    stuck_mask_ = mask;
    stuck_value_ = value;
  }

  /// Makes a unit that a cut tore fail to read, as where an ECC lies beside it, until the block is
  /// erased.
  void SetEccErrors(bool ecc_errors) { ecc_errors_ = ecc_errors; }

  bool is_powered() const { return powered_; }
  /// Page programs and erases together: the numbers `CutAt()` takes.
  std::uint32_t changes() const { return changes_; }
  std::uint32_t reads() const { return reads_; }
  std::uint64_t read_bytes() const { return read_bytes_; }
  std::uint32_t programs() const { return programs_; }
  std::uint64_t programmed_bytes() const { return programmed_bytes_; }
  std::uint32_t pages() const { return changes_ - erases(); }
  std::uint32_t erases(std::uint32_t block) const { return erases_[block]; }
  std::uint32_t erases() const {
    std::uint32_t sum = 0;
    for (std::uint32_t block = 0; block < geometry_.block_count; ++block) {
      sum += erases_[block];
    }
    return sum;
  }

  /// Programs that broke the agent's promise: a 0 bit to 1, or a unit twice where the geometry is
  /// not reprogrammable. A test expects 0. Bits and units that a cut left undecided do not count:
  /// nobody can know.
  std::uint32_t violations() const { return violations_; }

 private:
  static constexpr std::uint32_t kMaxBlocks = 255;

  bool answers() const { return powered_ && !broken_; }

  bool IsInside(std::uint32_t address, std::size_t size) const {
    return address <= medium_.size() && size <= medium_.size() - address;
  }

  bool IsProgrammable(std::uint32_t address, std::size_t size) const {
    return IsInside(address, size) && size > 0 && address % geometry_.program_bytes == 0 &&
           size % geometry_.program_bytes == 0 &&
           address % geometry_.block_bytes + size <= geometry_.block_bytes;
  }

  bool CoversTornUnit(std::uint32_t address, std::size_t size) const {
    return ecc_errors_ && torn_unit_ != kNowhere && address < torn_end_ &&
           address + size > torn_unit_;
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

  Status Cut() {
    powered_ = false;
    return Status::kUnavailable;
  }

  Status ProgramPage(std::uint32_t address, ConstBytes data) {
    CheckUser(address, data);
    if (++changes_ == cut_at_) {
      TearProgram(address, data);
      return Cut();
    }
    if (!geometry_.reprogrammable && !IsBlank(medium_.subspan(address, data.size()))) {
      return Status::kUnavailable;  // The ECC beside the unit would no longer fit.
    }
    ClearBits(address, data);
    return Status::kOk;
  }

  void ClearBits(std::uint32_t address, ConstBytes data) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      medium_[address + i] = static_cast<std::uint8_t>(medium_[address + i] & data[i]);
      if (!undecided_.empty()) {
        undecided_[address + i] = static_cast<std::uint8_t>(undecided_[address + i] & data[i]);
      }
    }
    ApplyStuckBit(address, data.size());
  }

  void CheckUser(std::uint32_t address, ConstBytes data) {
    bool fine = geometry_.reprogrammable || IsBlank(medium_.subspan(address, data.size()));
    bool knowable = true;
    for (std::size_t i = 0; i < data.size(); ++i) {
      fine = fine && (data[i] & ~medium_[address + i]) == 0;
      knowable = knowable && (undecided_.empty() || undecided_[address + i] == 0);
    }
    violations_ += fine || !knowable ? 0U : 1U;
  }

  void TearProgram(std::uint32_t address, ConstBytes data) {
    const std::size_t unit = geometry_.program_bytes;
    const std::size_t units = data.size() / unit;
    const std::size_t done = UnitsDone(units) * unit;
    ClearBits(address, data.first(done));
    if (tear_ == Tear::kNothing || tear_ == Tear::kEverything) {
      return;
    }
    const std::size_t torn =
        tear_ == Tear::kRagged ? std::min(done + unit, data.size()) : data.size();
    torn_unit_ = address + static_cast<std::uint32_t>(done);
    torn_end_ = address + static_cast<std::uint32_t>(torn);
    for (std::size_t i = done; i < torn; ++i) {
      std::uint8_t& cell = medium_[address + i];
      MarkUndecided(address + i, static_cast<std::uint8_t>(cell & ~data[i]));
      if (tear_ == Tear::kRagged || tear_ == Tear::kScattered) {
        cell = static_cast<std::uint8_t>(cell & (data[i] | Random()));
      }
    }
  }

  std::size_t UnitsDone(std::size_t units) {
    switch (tear_) {
      case Tear::kNothing:
      case Tear::kScattered:
        return 0;
      case Tear::kHalf:
        return units / 2;
      case Tear::kRagged:
        return Random() % units;
      case Tear::kAlmost:
        return units - 1;
      case Tear::kEverything:
        return units;
    }
    return 0;
  }

  void TearErase(std::uint32_t block) {
    const std::uint32_t begin = block * geometry_.block_bytes;
    const std::uint32_t half = geometry_.block_bytes / 2;
    if (tear_ == Tear::kNothing) {
      return;
    }
    torn_unit_ = begin;
    torn_end_ = begin + geometry_.block_bytes;
    switch (tear_) {
      case Tear::kNothing:
        break;
      case Tear::kHalf:
        Fill(medium_.subspan(begin, half), 0xFF);
        Decide(begin, half);
        LeaveUndecided(begin + half, half);
        break;
      case Tear::kRagged:
        Fill(cells_of(block), 0);
        LeaveUndecided(begin, geometry_.block_bytes);
        break;
      case Tear::kScattered:
        LeaveUndecided(begin, geometry_.block_bytes);
        for (std::uint8_t& cell : cells_of(block)) {
          cell = static_cast<std::uint8_t>(cell | Random());
        }
        break;
      case Tear::kAlmost:
        Fill(cells_of(block), 0xFF);
        Decide(begin, geometry_.block_bytes);
        for (int bit = 0; bit < 4; ++bit) {
          const std::uint32_t at = begin + (Random() * 256U + Random()) % geometry_.block_bytes;
          const std::uint8_t mask = static_cast<std::uint8_t>(1 << Random() % 8);
          medium_[at] = static_cast<std::uint8_t>(medium_[at] & ~mask);
          MarkUndecided(at, mask);
        }
        break;
      case Tear::kEverything:
        Fill(cells_of(block), 0xFF);
        Decide(begin, geometry_.block_bytes);
        torn_unit_ = kNowhere;
        break;
    }
  }

  void MarkUndecided(std::size_t address, std::uint8_t mask) {
    if (!undecided_.empty()) {
      undecided_[address] = static_cast<std::uint8_t>(undecided_[address] | mask);
    }
  }

  /// The bits that are 0 now may come out as either.
  void LeaveUndecided(std::uint32_t address, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
      MarkUndecided(address + i, static_cast<std::uint8_t>(~medium_[address + i]));
    }
  }

  void Decide(std::uint32_t address, std::uint32_t size) {
    if (!undecided_.empty()) {
      Fill(undecided_.subspan(address, size), 0);
    }
  }

  void ApplyStuckBit(std::uint32_t address, std::size_t size) {
    if (stuck_at_ >= address && stuck_at_ < address + size) {
      std::uint8_t& cell = medium_[stuck_at_];
      cell = static_cast<std::uint8_t>((cell & ~stuck_mask_) | (stuck_value_ & stuck_mask_));
    }
  }

  std::uint8_t Random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    return static_cast<std::uint8_t>(random_ >> 8);
  }

  Bytes medium_;
  Bytes undecided_;
  FlashGeometry geometry_;
  std::array<std::uint32_t, kMaxBlocks> erases_{};
  std::uint64_t programmed_bytes_ = 0;
  std::uint64_t read_bytes_ = 0;
  std::uint32_t reads_ = 0;
  std::uint32_t failing_read_ = 0;
  std::uint32_t programs_ = 0;
  std::uint32_t changes_ = 0;
  std::uint32_t violations_ = 0;
  std::uint32_t cut_at_ = kNever;
  std::uint32_t bad_block_ = kNowhere;
  std::uint32_t stuck_at_ = kNowhere;
  std::uint32_t torn_unit_ = kNowhere;  // with torn_end_: what a cut left half programmed
  std::uint32_t torn_end_ = 0;
  std::uint32_t random_ = 0x2545F491;
  std::uint8_t stuck_mask_ = 0;
  std::uint8_t stuck_value_ = 0;
  Tear tear_ = Tear::kNothing;
  bool powered_ = true;
  bool broken_ = false;
  bool read_only_ = false;
  bool ecc_errors_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeFlash>);

}  // namespace connect_auth::fake
