// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/store/ring_layout.h"
#include "port/bytes.h"
#include "port/flash.h"
#include "port/storage.h"

namespace connect_auth {

/// Records in raw NOR: a log in one block, which moves to the next block of the ring when it is
/// full. The layout, and why it survives what it survives, are in agent/store/README.md.
///
/// `Store` appends and never erases, as long as `Idle()` was called since the log last moved;
/// without that it erases on demand. `Erase` appends too; `Idle()` then wipes what is left of the
/// record, and goes on with that after a reboot.
///
/// No unit of flash is programmed twice, whether or not the geometry is `reprogrammable`.
///
/// Not thread-safe; one object at a time uses an area.
class RingStorage final : public Storage {
 public:
  /// @param flash  Borrowed for the life of this object. Blocks of a multiple of 256 bytes.
  constexpr explicit RingStorage(Flash& flash) : flash_(flash) {}
  RingStorage(const RingStorage&) = delete;
  RingStorage& operator=(const RingStorage&) = delete;

  /// Finds out what the area holds, and makes certain what a reset left in doubt: a reset in the
  /// middle of a change can make this move the log, and erase a block. The first use of the object
  /// does it as well, so it need be called only to see its status, or again after somebody else
  /// changed the area.
  ///
  /// @return kOk               Ready. An area that holds nothing of the ring counts as empty.
  /// @return kInvalidArgument  The geometry breaks the limits of `FlashGeometry`.
  /// @return kUnavailable      The part did not answer.
  Status Mount();

  /// Where the newest record of that name is damaged, finds the one before it, if it lies in the
  /// same block; then more of `into` may have been written.
  IoResult Load(std::string_view name, Bytes into) override;
  Status Store(std::string_view name, ConstBytes record) override;
  Status Erase(std::string_view name) override;

  /// At most one block is erased in a call.
  Status Idle() override;

  /// How often the log has moved to another block, or failed to; 0: the area holds no log yet.
  /// Each block was erased about moves() / block_count times.
  ///
  /// @pre `Mount()` or another call succeeded
  std::uint32_t moves() const { return epoch_; }

  /// How the ring lies in an area of this geometry.
  static constexpr RingLayout LayoutOf(const FlashGeometry& geometry) {
    return {geometry.block_bytes, std::max(geometry.program_bytes, RingLayout::kLeastUnit)};
  }

  /// Largest record that an area of this geometry takes when nothing else is stored.
  static constexpr std::size_t LargestRecord(const FlashGeometry& geometry) {
    const RingLayout layout = LayoutOf(geometry);
    return layout.log_bytes() - layout.RecordBytes(0);
  }

 private:
  static constexpr std::size_t kMostBlocks = 255;

  enum class BlockState : std::uint8_t {
    kUseless,  ///< To be erased before use.
    kReady,    ///< Blank, and known to be so.
    kTaken,    ///< The log was about to move there, and may read as if it had.
    kOpen,     ///< Held the log at some time: its open mark tells when.
  };
  enum class Chore : std::uint8_t {
    kNone,
    kErase,  ///< Blocks may have to be erased ahead of need.
    kMove,   ///< The log still holds a record that was erased.
  };
  using BadBlocks = std::array<std::uint8_t, (kMostBlocks + 7) / 8>;
  struct Record;

  /// Where a log ends; the addresses say also in which block it lies.
  struct Log {
    std::uint32_t last = 0;  ///< The last record; the front of the block: there is none yet.
    std::uint32_t end = 0;   ///< Of the last record; of the block: nothing more is to be appended.
                             ///< 0: there is no log.
  };

  // The part: what is programmed is read back.
  bool Read(std::uint32_t at, Bytes into);
  bool Holds(std::uint32_t at, const std::uint8_t* data, std::uint32_t size);
  bool IsBlank(std::uint32_t at, std::uint32_t size) { return Holds(at, nullptr, size); }
  bool IsUnitBlank(std::uint32_t at);
  bool Program(std::uint32_t& at, ConstBytes data);
  bool Put(std::uint32_t& at, ConstBytes data);
  bool PutMark(std::uint32_t& at, std::uint32_t number);
  bool ReadMark(std::uint32_t at, std::uint32_t& number);
  bool ReadEither(std::uint32_t at, std::uint32_t& number);

  // Blocks.
  std::uint32_t base_of(std::uint32_t block) const { return block * layout_.block_bytes; }
  BlockState Examine(std::uint32_t block, std::uint32_t& number);
  bool IsReady(std::uint32_t block);
  bool Prepare(std::uint32_t block);
  std::uint32_t first_step() const { return log_.end == 0 ? 0 : 1; }
  std::uint32_t Candidate(std::uint32_t step) const;
  bool IsBad(std::uint32_t block) const;
  void FlipBad(std::uint32_t block);

  // The log.
  std::uint32_t RoomAt(std::uint32_t at) const;
  bool ReadRecord(std::uint32_t at, Record& record);
  bool Check(Record& record, Bytes into, std::uint32_t* to);
  Status Find(const RecordHeader& wanted, Record& found, Bytes into);
  bool PutRecord(Record& record, std::uint32_t at, std::uint32_t distance);
  bool Append(Record& record, Log& log, bool only_measure);
  void Close() { log_.end += RoomAt(log_.end); }
  Status Write(RecordHeader::Kind kind, std::string_view name, ConstBytes content);

  // Moving house.
  bool CarryOver(Record& record, Log& to, bool only_measure);
  bool Fill(std::uint32_t block, Record& record);
  Status Move(Record& record);
  Status Renew();

  bool AdoptGeometry();
  bool FindLog();
  bool SurveyLog();
  Status EnsureMounted();
  Status Begin(std::string_view name);
  Status Lookup(std::string_view name, Record& found, Bytes into);
  bool MakeReady(std::uint32_t block);

  Flash& flash_;
  RingLayout layout_;
  Log log_;
  std::uint32_t epoch_ = 0;
  BadBlocks bad_{};
  std::uint8_t block_count_ = 0;
  bool mounted_ = false;
  Chore chore_ = Chore::kErase;
};

}  // namespace connect_auth
