// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_storage.h"

#include <algorithm>

#include "port/log.h"

namespace connect_auth {
namespace {

using Kind = RecordHeader::Kind;

constexpr std::uint8_t kBlank = 0xFF;

/// Octets on the stack at a time; a multiple of every unit.
constexpr std::uint32_t kPieceBytes = 64;
using Piece = std::array<std::uint8_t, kPieceBytes>;

/// No caller's record has a name like this.
constexpr char kBadBlocksName[] = "BAD";

}  // namespace

/// A record: in the log, or on its way there.
struct RingStorage::Record {
  Record() = default;  // To be read from the log.
  Record(Kind kind, std::string_view name, ConstBytes of)
      : header(kind, name, of.size()), at(0), content(of.data()), crc(Crc32(of)) {}

  RecordHeader header;
  std::uint32_t at;             ///< Where it lies; 0: in memory.
  const std::uint8_t* content;  ///< In memory.
  std::uint32_t crc;            ///< Of the content, as the commit mark has it.
};

// The part.

/// A part that fails to answer once must not have what it holds taken for lost, as a record would
/// be that cannot be read while the log is surveyed.
bool RingStorage::Read(std::uint32_t at, Bytes into) {
  return flash_.Read(at, into) == Status::kOk || flash_.Read(at, into) == Status::kOk;
}

/// Whether flash reads like `data`; where that is null, whether it is blank.
bool RingStorage::Holds(std::uint32_t at, const std::uint8_t* data, std::uint32_t size) {
  Piece piece;
  for (std::uint32_t done = 0; done < size;) {
    const Bytes part = Bytes(piece).first(std::min(size - done, kPieceBytes));
    if (!Read(at + done, part)) {
      return false;
    }
    for (const std::uint8_t octet : part) {
      if (octet != (data == nullptr ? kBlank : data[done])) {
        return false;
      }
      ++done;
    }
  }
  return true;
}

bool RingStorage::IsUnitBlank(std::uint32_t at) {
  return IsBlank(at, layout_.unit);
}

/// Programs whole units.
///
/// @param at  Moves behind them.
bool RingStorage::Program(std::uint32_t& at, ConstBytes data) {
  const std::uint32_t begin = at;
  const std::uint32_t size = static_cast<std::uint32_t>(data.size());
  at += size;
  return size == 0 ||
         (flash_.Program(begin, data) == Status::kOk && Holds(begin, data.data(), size));
}

/// Programs octets, the last of them filled up to a unit with what changes nothing.
bool RingStorage::Put(std::uint32_t& at, ConstBytes data) {
  const std::size_t whole = data.size() < kPieceBytes ? 0 : data.size() & ~(layout_.unit - 1);
  const ConstBytes rest = data.subspan(whole);
  Piece piece;
  piece.fill(kBlank);
  CopyBytes(rest, piece);
  return Program(at, data.first(whole)) &&
         Program(at, ConstBytes(piece).first(layout_.Align(rest.size())));
}

bool RingStorage::PutMark(std::uint32_t& at, std::uint32_t number) {
  return Put(at, layout_.MarkOf(number));
}

bool RingStorage::ReadMark(std::uint32_t at, std::uint32_t& number) {
  Mark mark;
  return Read(at, mark) && layout_.IsMark(mark, number);
}

/// Reads a mark, or its copy.
bool RingStorage::ReadEither(std::uint32_t at, std::uint32_t& number) {
  return ReadMark(at, number) || ReadMark(at + layout_.unit, number);
}

// Blocks.

/// @param number  Receives that of the open mark, if the block is open.
RingStorage::BlockState RingStorage::Examine(std::uint32_t block, std::uint32_t& number) {
  const std::uint32_t base = base_of(block);
  if (ReadEither(base + layout_.open_mark_at(), number)) {
    return BlockState::kOpen;
  }
  if (!ReadMark(base, number)) {
    return BlockState::kUseless;
  }
  if (IsUnitBlank(base + layout_.taken_mark_at())) {
    return BlockState::kReady;
  }
  return IsUnitBlank(base + layout_.open_copy_at()) ? BlockState::kTaken : BlockState::kUseless;
}

bool RingStorage::IsReady(std::uint32_t block) {
  std::uint32_t number = 0;
  return Examine(block, number) == BlockState::kReady;
}

/// Erases a block. The mark comes after a look at every octet, and vouches for them from then on: a
/// block whose erase was torn may read as blank, for now.
bool RingStorage::Prepare(std::uint32_t block) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::uint32_t at = base_of(block);
    if (flash_.Erase(block) == Status::kOk && IsBlank(at, layout_.block_bytes) && PutMark(at, 0)) {
      return true;
    }
  }
  CONNECT_AUTH_LOG(kWarning, "ring: cannot erase block", block);
  return false;
}

/// The blocks in the order in which the log moves, from first_step() to block_count - 1.
std::uint32_t RingStorage::Candidate(std::uint32_t step) const {
  return (log_.last / layout_.block_bytes + step) % block_count_;
}

bool RingStorage::IsBad(std::uint32_t block) const {
  return (bad_[block / 8] >> (block % 8) & 1) != 0;
}

void RingStorage::FlipBad(std::uint32_t block) {
  bad_[block / 8] = static_cast<std::uint8_t>(bad_[block / 8] ^ (1 << (block % 8)));
}

// The log.

/// Octets from an address to the end of its block; 0 at the front of one, where no record begins.
std::uint32_t RingStorage::RoomAt(std::uint32_t at) const {
  const std::uint32_t into_block = at % layout_.block_bytes;
  return into_block == 0 ? 0 : layout_.block_bytes - into_block;
}

bool RingStorage::ReadRecord(std::uint32_t at, Record& record) {
  const std::uint32_t room = RoomAt(at);
  record.at = at;
  return layout_.RecordBytes(0) <= room && Read(at + layout_.header_at(), record.header.image()) &&
         record.header.Check() && layout_.RecordBytes(record.header.size()) <= room;
}

/// Whether a record in the log was finished, and is whole.
///
/// @param into  Receives the content, if it is large enough.
/// @param to    Not null: the content is programmed there, and this moves behind it.
bool RingStorage::Check(Record& record, Bytes into, std::uint32_t* to) {
  const std::uint32_t size = record.header.size();
  std::uint32_t at = record.at + layout_.content_at();
  Piece piece;
  const Bytes buffer = size <= into.size() ? into : Bytes(piece);
  std::uint32_t crc = 0;
  if (!ReadEither(at + layout_.Align(size), record.crc)) {
    return false;
  }
  for (const std::uint32_t end = at + size; at < end;) {
    const Bytes part = buffer.first(std::min<std::size_t>(end - at, buffer.size()));
    if (!Read(at, part) || (to != nullptr && !Put(*to, part))) {
      return false;
    }
    crc = Crc32(part, crc);
    at += static_cast<std::uint32_t>(part.size());
  }
  return crc == record.crc;
}

/// Finds the newest record of a name that counts.
///
/// @return kOk           `found`, and `into`, as of `Check()`.
/// @return kNotFound     None, or it was erased.
/// @return kUnavailable  The log could not be read.
Status RingStorage::Find(const RecordHeader& wanted, Record& found, Bytes into) {
  for (std::uint32_t at = log_.last; RoomAt(at) != 0; at -= found.header.distance()) {
    if (!ReadRecord(at, found)) {
      return Status::kUnavailable;
    }
    if (!found.header.IsNamedLike(wanted)) {
      continue;
    }
    if (Check(found, into, nullptr)) {
      return found.header.kind() == Kind::kErased ? Status::kNotFound : Status::kOk;
    }
    CONNECT_AUTH_LOG(kWarning, "ring: passes over a damaged record at", at);
  }
  return Status::kNotFound;
}

/// Between the intent mark and the copy of the commit mark a reset leaves the record in doubt, and
/// the next boot sees from the two that it does.
bool RingStorage::PutRecord(Record& record, std::uint32_t at, std::uint32_t distance) {
  record.header.Seal(distance);
  const ConstBytes content{record.content, record.header.size()};
  return IsBlank(at, layout_.RecordBytes(content.size())) && PutMark(at, 0) &&
         Put(at, record.header.image()) &&
         (record.at == 0 ? Put(at, content) : Check(record, {}, &at)) && PutMark(at, record.crc) &&
         PutMark(at, record.crc);
}

/// @param only_measure  Nothing is programmed, but `log` grows all the same.
bool RingStorage::Append(Record& record, Log& log, bool only_measure) {
  const std::uint32_t at = log.end;
  const std::uint32_t bytes = layout_.RecordBytes(record.header.size());
  if (bytes > RoomAt(at)) {
    return false;
  }
  if (!only_measure && !PutRecord(record, at, at - log.last)) {
    log.end += RoomAt(at);
    return false;
  }
  log = {at, at + bytes};
  return true;
}

/// Appends to the log, here or after it moved.
///
/// @return kOk, kUnavailable
Status RingStorage::Write(Kind kind, std::string_view name, ConstBytes content) {
  Record record(kind, name, content);
  if (kind == Kind::kErased) {
    chore_ = Chore::kMove;
  }
  return Append(record, log_, false) ? Status::kOk : Move(record);
}

// Moving house.

/// Appends the records that count to another log: the newest of each name. `record` takes the place
/// of what has its name.
bool RingStorage::CarryOver(Record& record, Log& to, bool only_measure) {
  Record old;
  Record newest;
  for (std::uint32_t at = log_.last; RoomAt(at) != 0; at -= old.header.distance()) {
    if (!ReadRecord(at, old)) {
      return false;
    }
    if (!old.header.IsNamedLike(record.header) && Find(old.header, newest, {}) == Status::kOk &&
        newest.at == at && !Append(newest, to, only_measure)) {
      return false;
    }
  }
  return !record.header.has_content() || Append(record, to, only_measure);
}

/// Makes a ready block the one that counts. The open mark comes last, so until then the log is
/// where it was.
bool RingStorage::Fill(std::uint32_t block, Record& record) {
  const std::uint32_t base = base_of(block);
  std::uint32_t at = base + layout_.taken_mark_at();
  Log log{base, base + layout_.log_at()};
  ++epoch_;
  if (!PutMark(at, 0) || !CarryOver(record, log, false) || !PutMark(at, epoch_)) {
    // The next boot may find the log there, so it must not miss anything: nothing is appended here.
    Close();
    chore_ = std::max(chore_, Chore::kErase);
    return false;
  }
  // From here on the next boot finds this log, with or without the copy.
  static_cast<void>(PutMark(at, epoch_));
  log_ = log;
  chore_ = Chore::kErase;
  return true;
}

/// Moves the log to the next block that works, without what has been superseded.
///
/// @param record  Is to follow; or to be left behind, if its kind is kErased; or nothing.
/// @return kOk           The log is there.
/// @return kUnavailable  It is where it was: no room, or no block that works.
Status RingStorage::Move(Record& record) {
  Log measured{0, layout_.log_at()};
  if (!CarryOver(record, measured, true)) {
    return Status::kUnavailable;
  }
  for (std::uint32_t step = first_step(); step < block_count_; ++step) {
    const std::uint32_t block = Candidate(step);
    if (!IsBad(block) && (IsReady(block) || Prepare(block)) && Fill(block, record)) {
      return Status::kOk;
    }
  }
  return Status::kUnavailable;
}

/// Moves the log as it is.
Status RingStorage::Renew() {
  Record nothing{};
  return Move(nothing);
}

// Mounting.

bool RingStorage::AdoptGeometry() {
  constexpr std::uint32_t kLeastBlock = 4096;
  constexpr std::uint32_t kMostBlock = 262144;
  constexpr std::uint32_t kBlockStep = 256;
  const FlashGeometry geometry = flash_.geometry();
  const std::uint32_t unit = geometry.program_bytes;
  layout_ = LayoutOf(geometry);
  block_count_ = static_cast<std::uint8_t>(geometry.block_count);
  return unit != 0 && (unit & (unit - 1)) == 0 && unit <= RingLayout::kMostUnit &&
         geometry.block_count >= 2 && geometry.block_count <= kMostBlocks &&
         geometry.block_bytes >= kLeastBlock && geometry.block_bytes <= kMostBlock &&
         geometry.block_bytes % kBlockStep == 0;
}

Status RingStorage::Mount() {
  mounted_ = false;
  if (!AdoptGeometry()) {
    return Status::kInvalidArgument;
  }
  if (!FindLog()) {
    return Status::kUnavailable;
  }
  if (SurveyLog() && Renew() != Status::kOk) {
    Close();
  }
  mounted_ = true;
  return Status::kOk;
}

/// Finds the open block with the highest epoch. One that had been taken, but is not open, might
/// read as open the next time: it is erased.
///
/// @return  Whether any block can be read.
bool RingStorage::FindLog() {
  bool answers = false;
  log_ = {};
  bad_ = {};
  epoch_ = 0;
  chore_ = Chore::kErase;
  for (std::uint32_t block = 0; block < block_count_; ++block) {
    const std::uint32_t base = base_of(block);
    Mark any;
    std::uint32_t number = 0;
    answers = Read(base, any) || answers;
    const BlockState state = Examine(block, number);
    if (state == BlockState::kTaken) {
      static_cast<void>(Prepare(block));
    }
    // The difference, as a part that outlives 32 bits would be right, too.
    if (state == BlockState::kOpen &&
        (log_.end == 0 || static_cast<std::int32_t>(number - epoch_) > 0)) {
      epoch_ = number;
      log_ = {base, base + layout_.log_at()};
    }
  }
  return answers;
}

/// @return  Whether the open mark, or what the last record counts, is in doubt, as a copy was not
///          begun: it may read differently the next time. The log has to move.
bool RingStorage::SurveyLog() {
  const std::uint32_t open_copy_at = log_.end - layout_.unit;
  Record record;
  while (ReadRecord(log_.end, record) && log_.end - record.header.distance() == log_.last) {
    if (record.header.kind() == Kind::kErased) {
      chore_ = Chore::kMove;
    }
    if (record.header.kind() == Kind::kBadBlocks && !Check(record, bad_, nullptr)) {
      bad_ = {};
    }
    log_ = {log_.end, log_.end + layout_.RecordBytes(record.header.size())};
  }
  return log_.end != 0 && (IsUnitBlank(open_copy_at) || IsUnitBlank(log_.end - layout_.unit));
}

// Storage.

/// @return kOk, kUnavailable (not to be mounted)
Status RingStorage::EnsureMounted() {
  return mounted_ || Mount() == Status::kOk ? Status::kOk : Status::kUnavailable;
}

/// @return as `EnsureMounted()`, kInvalidArgument (not a name)
Status RingStorage::Begin(std::string_view name) {
  return IsRecordName(name) ? EnsureMounted() : Status::kInvalidArgument;
}

/// @return as `Begin()`, as `Find()`
Status RingStorage::Lookup(std::string_view name, Record& found, Bytes into) {
  const Status status = Begin(name);
  return status == Status::kOk ? Find({Kind::kRecord, name, 0}, found, into) : status;
}

IoResult RingStorage::Load(std::string_view name, Bytes into) {
  Record found;
  const Status status = Lookup(name, found, into);
  if (status != Status::kOk) {
    return IoResult::Error(status);
  }
  const std::uint32_t size = found.header.size();
  return size > into.size() ? IoResult::Error(Status::kBufferTooSmall) : IoResult::Bytes(size);
}

Status RingStorage::Store(std::string_view name, ConstBytes content) {
  const Status status = content.size() > kMaxRecordBytes ? Status::kInvalidArgument : Begin(name);
  if (status != Status::kOk) {
    return status;
  }
  return Write(Kind::kRecord, name, content);
}

Status RingStorage::Erase(std::string_view name) {
  Record found;
  const Status status = Lookup(name, found, {});
  if (status != Status::kOk) {
    return status == Status::kNotFound ? Status::kOk : status;
  }
  return Write(Kind::kErased, name, {});
}

Status RingStorage::Idle() {
  const Status status = EnsureMounted();
  if (status != Status::kOk) {
    return status;
  }
  if (chore_ == Chore::kMove) {
    return Renew() == Status::kOk ? Status::kPending : Status::kUnavailable;
  }
  for (std::uint32_t step = first_step(); chore_ != Chore::kNone && step < block_count_; ++step) {
    const std::uint32_t block = Candidate(step);
    if (!IsBad(block) && !IsReady(block)) {
      return MakeReady(block) ? Status::kPending : Status::kUnavailable;
    }
  }
  chore_ = Chore::kNone;
  return Status::kOk;
}

/// Whether a block that was to be erased is ready, or else known as bad. It is bad if the part
/// works well enough to say so.
bool RingStorage::MakeReady(std::uint32_t block) {
  if (Prepare(block)) {
    return true;
  }
  FlipBad(block);
  const Status status = Write(Kind::kBadBlocks, kBadBlocksName, bad_);
  if (status != Status::kOk) {
    FlipBad(block);
  }
  return status == Status::kOk;
}

}  // namespace connect_auth
