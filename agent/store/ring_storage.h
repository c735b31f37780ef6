// SPDX-License-Identifier: Apache-2.0
#pragma once

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
/// No unit of flash is programmed twice, except after a reset in the middle of a change, and then
/// only where the geometry is `reprogrammable`.
///
/// Not thread-safe; one object at a time uses an area.
class RingStorage final : public Storage {
 public:
  /// @param flash  Borrowed for the life of this object. Blocks of a multiple of 256 bytes.
  constexpr explicit RingStorage(Flash& flash) : flash_(flash) {}
  RingStorage(const RingStorage&) = delete;
  RingStorage& operator=(const RingStorage&) = delete;

  /// Finds out what the area holds, and makes certain what a reset left in doubt. The first use of
  /// the object does it as well, so it need be called only to see its status, or again after
  /// somebody else changed the area.
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

  /// How often the log has moved to another block; 0: the area holds no log yet.
  /// Each block was erased about moves() / block_count times.
  ///
  /// @pre `Mount()` or another call succeeded
  std::uint32_t moves() const { return epoch_; }

  /// Largest record that an area of this geometry takes when nothing else is stored, with a name
  /// of `name_bytes`.
  static std::size_t LargestRecord(const FlashGeometry& geometry, std::size_t name_bytes);

 private:
  static constexpr std::size_t kMostBlocks = 255;
  static constexpr std::uint8_t kNoBlock = kMostBlocks;

  enum class BlockState : std::uint8_t {
    kSilent,   ///< Cannot be read.
    kUseless,  ///< To be erased before use.
    kReady,    ///< Blank, and known to be so.
    kOpen,     ///< Held the log at some time: its open mark tells when.
  };
  using BadBlocks = std::array<std::uint8_t, (kMostBlocks + 7) / 8>;
  struct Entry;
  struct Record;

  // The part: what is programmed is read back.
  bool Read(std::uint32_t at, Bytes into);
  bool IsFilled(std::uint32_t at, std::uint32_t size, std::uint8_t value);
  bool IsBlank(std::uint32_t at, std::uint32_t size);
  bool Program(std::uint32_t at, ConstBytes data);
  bool Put(std::uint32_t at, ConstBytes data);
  bool PutTwice(std::uint32_t at, ConstBytes mark);
  bool PutIntent(std::uint32_t at);

  // Blocks.
  std::uint32_t base_of(std::uint32_t block) const { return block * layout_.block_bytes; }
  BlockState Examine(std::uint32_t block, OpenMark& mark, bool& settled);
  bool Settle(std::uint32_t block, bool open, const OpenMark& mark);
  bool IsReady(std::uint32_t block);
  bool Prepare(std::uint32_t block);
  std::uint32_t Candidate(std::uint32_t step) const;
  bool IsBad(std::uint32_t block) const;
  bool IsUsable(std::uint32_t block);
  Record ListOfBadBlocks() const;

  // The log.
  std::uint32_t log_begin() const { return base_of(current_) + layout_.log_at(); }
  std::uint32_t log_limit() const { return base_of(current_) + layout_.block_bytes; }
  bool ReadEntry(std::uint32_t at, Entry& entry);
  bool Counts(const Entry& entry, Bytes into, CommitMark& mark);
  Status Find(std::string_view name, Entry& entry, Bytes into);
  bool IsLive(const Entry& entry, std::string_view except);
  bool Append(const Record& record, std::uint32_t& at, std::uint32_t limit);
  bool PutContent(const Record& record, std::uint32_t at, std::uint32_t& crc);
  bool AppendHere(const Record& record);
  bool SettleLast(const Entry& last);

  // Moving house.
  bool CarryOver(std::string_view except, std::uint32_t& at, std::uint32_t limit);
  bool Fill(std::uint32_t block, std::string_view except, const Record* record,
            const OpenMark& mark);
  Status Move(std::string_view except, const Record* record, bool wipe);

  bool AdoptGeometry();
  Status Survey();
  bool SurveyLog();
  Status Begin(std::string_view name);

  Flash& flash_;
  RingLayout layout_;
  std::uint32_t epoch_ = 0;
  std::uint32_t end_ = 0;  // of the log, an address
  std::uint8_t block_count_ = 0;
  std::uint8_t current_ = kNoBlock;
  bool reprogrammable_ = false;
  bool mounted_ = false;
  bool dirty_ = false;       // What lies behind the log is not certain to be blank.
  bool saw_erased_ = false;  // The log says that a record was erased.
  bool wiping_ = false;      // Other blocks may still hold a record that was erased.
  BadBlocks bad_{};
};

}  // namespace connect_auth
