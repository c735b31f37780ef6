// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_storage.h"

#include <algorithm>

#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::uint8_t kErased = 0xFF;
constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

/// Octets on the stack at a time; a multiple of every unit.
constexpr std::uint32_t kPieceBytes = 64;
using Piece = std::array<std::uint8_t, kPieceBytes>;

}  // namespace

/// A record in the log, with the addresses of its parts.
struct RingStorage::Entry {
  Entry() = default;
  Entry(const Entry&) = delete;  // `header` refers to `image`.
  Entry& operator=(const Entry&) = delete;

  RecordHeader header;
  RecordHeader::Image image;
  std::uint32_t at;
  std::uint32_t content_at;
  std::uint32_t commit_at;
  std::uint32_t next;
};

/// A record to be appended. Its content is in memory or, where `content` is null, in flash.
struct RingStorage::Record {
  RecordHeader header;
  const std::uint8_t* content = nullptr;
  std::uint32_t content_at = 0;
};

// The part.

/// A part that fails to answer once must not have what it holds taken for lost, as a record would
/// be that cannot be read while the log is surveyed.
bool RingStorage::Read(std::uint32_t at, Bytes into) {
  constexpr int kTries = 3;
  Status status = Status::kUnavailable;
  for (int i = 0; i < kTries && status != Status::kOk; ++i) {
    status = flash_.Read(at, into);
  }
  return status == Status::kOk;
}

bool RingStorage::IsFilled(std::uint32_t at, std::uint32_t size, std::uint8_t value) {
  Piece piece;
  while (size > 0) {
    const Bytes part = Bytes(piece).first(std::min(size, kPieceBytes));
    if (!Read(at, part)) {
      return false;
    }
    for (const std::uint8_t octet : part) {
      if (octet != value) {
        return false;
      }
    }
    at += kPieceBytes;
    size -= static_cast<std::uint32_t>(part.size());
  }
  return true;
}

bool RingStorage::IsBlank(std::uint32_t at, std::uint32_t size) {
  return IsFilled(at, size, kErased);
}

bool RingStorage::Program(std::uint32_t at, ConstBytes data) {
  bool fine = flash_.Program(at, data) == Status::kOk;
  Piece piece;
  while (fine && !data.empty()) {
    const Bytes part = Bytes(piece).first(std::min<std::size_t>(data.size(), kPieceBytes));
    fine = Read(at, part) && AsText(part) == AsText(data.first(part.size()));
    at += kPieceBytes;
    data = data.subspan(part.size());
  }
  return fine;
}

/// Programs whole units, or less than a piece, filled up with octets that change nothing.
bool RingStorage::Put(std::uint32_t at, ConstBytes data) {
  if (layout_.Align(data.size()) == data.size()) {
    return Program(at, data);
  }
  Piece piece;
  piece.fill(kErased);
  CopyBytes(data, piece);
  return Program(at, Bytes(piece).first(layout_.Align(data.size())));
}

/// Programs a mark, and behind it its copy.
bool RingStorage::PutTwice(std::uint32_t at, ConstBytes mark) {
  return Put(at, mark) && Put(at + layout_.Align(mark.size()), mark);
}

bool RingStorage::PutIntent(std::uint32_t at) {
  const Piece zeros{};
  return Program(at, ConstBytes(zeros).first(layout_.unit));
}

// Blocks.

/// Looks at the marks of a block. What a reset may have left in doubt is made certain the way it
/// was read, as it may read differently the next time: an open mark whose copy was not begun, and
/// one that is not there although the block had been taken.
///
/// @param mark     Set if the block is open.
/// @param settled  Set to true if something was changed, so that all must be read again.
RingStorage::BlockState RingStorage::Examine(std::uint32_t block, OpenMark& mark, bool& settled) {
  const std::uint32_t base = base_of(block);
  const std::uint32_t copy_at = base + layout_.open_copy_at();
  std::array<std::uint8_t, kErasedMark.size()> erased_mark;
  OpenMark::Image image;
  const bool answers = Read(base, erased_mark);
  const bool erased = answers && erased_mark == kErasedMark;
  const bool begun = !IsBlank(copy_at, image.size());
  const bool open = (Read(base + layout_.open_mark_at(), image) && mark.Decode(image, layout_)) ||
                    (Read(copy_at, image) && mark.Decode(image, layout_));
  const bool taken = erased && !IsBlank(base + layout_.taken_mark_at(), layout_.unit);
  if (open ? !begun : taken && !IsFilled(copy_at, image.size(), 0)) {
    settled = Settle(block, open, mark) || settled;
  }
  if (open) {
    return BlockState::kOpen;
  }
  if (!answers) {
    return BlockState::kSilent;
  }
  return erased && !taken && !begun ? BlockState::kReady : BlockState::kUseless;
}

bool RingStorage::Settle(std::uint32_t block, bool open, const OpenMark& mark) {
  const std::uint32_t base = base_of(block);
  const OpenMark::Image image = open ? mark.Encode(layout_) : OpenMark::Image{};
  if (reprogrammable_) {
    return PutTwice(base + layout_.open_mark_at(), image);
  }
  return open ? Put(base + layout_.open_copy_at(), image) : Prepare(block);
}

bool RingStorage::IsReady(std::uint32_t block) {
  OpenMark mark;
  bool settled = false;
  return Examine(block, mark, settled) == BlockState::kReady;
}

/// Erases a block. The mark comes after a look at every octet, and vouches for them from then on: a
/// block whose erase was torn may read as blank, for now.
bool RingStorage::Prepare(std::uint32_t block) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (flash_.Erase(block) == Status::kOk && IsBlank(base_of(block), layout_.block_bytes) &&
        Put(base_of(block), kErasedMark)) {
      return true;
    }
  }
  CONNECT_AUTH_LOG(kWarning, "ring: cannot erase block", block);
  return false;
}

/// The blocks in the order in which the log moves, from 1; block_count is the present one again.
std::uint32_t RingStorage::Candidate(std::uint32_t step) const {
  return (current_ == kNoBlock ? step : current_ + step) % block_count_;
}

bool RingStorage::IsBad(std::uint32_t block) const {
  return (bad_[block / 8] >> (block % 8) & 1) != 0;
}

/// Whether the log may move there: the block is ready, or was made so. One that fails, while
/// another shows that the part works, is bad from then on.
bool RingStorage::IsUsable(std::uint32_t block) {
  if (IsBad(block)) {
    return false;
  }
  if (IsReady(block) || Prepare(block)) {
    return true;
  }
  for (std::uint32_t other = 0; other < block_count_; ++other) {
    if (other != block && other != current_ && Prepare(other)) {
      bad_[block / 8] = static_cast<std::uint8_t>(bad_[block / 8] | (1 << (block % 8)));
      // If there is no room for it now, the next move takes it along.
      static_cast<void>(AppendHere(ListOfBadBlocks()));
      break;
    }
  }
  return false;
}

RingStorage::Record RingStorage::ListOfBadBlocks() const {
  return {{RecordHeader::Kind::kRecord, sizeof(BadBlocks), {}}, bad_.data()};
}

// The log.

bool RingStorage::ReadEntry(std::uint32_t at, Entry& entry) {
  const std::uint32_t limit = log_limit();
  const std::uint32_t header_at = at + layout_.header_at();
  if (header_at + RingLayout::kMostHeaderBytes > limit || !Read(header_at, entry.image) ||
      !entry.header.Decode(entry.image)) {
    return false;
  }
  entry.at = at;
  entry.content_at = at + layout_.content_at(entry.header.name.size());
  entry.commit_at = entry.content_at + layout_.Align(entry.header.size);
  entry.next = entry.commit_at + 2 * layout_.unit;
  return entry.next <= limit;
}

/// Whether a record was finished, and is whole.
///
/// @param into  Receives the content, if it is large enough.
/// @param mark  Receives the commit mark that the record should have.
bool RingStorage::Counts(const Entry& entry, Bytes into, CommitMark& mark) {
  std::uint32_t crc = Crc32(ConstBytes(entry.image).first(entry.header.encoded_size()));
  const std::uint32_t size = entry.header.size;
  Piece piece;
  for (std::uint32_t done = 0; done < size; done += kPieceBytes) {
    const std::uint32_t count = std::min(size - done, kPieceBytes);
    const Bytes part = size <= into.size() ? into.subspan(done, count) : Bytes(piece).first(count);
    if (!Read(entry.content_at + done, part)) {
      return false;
    }
    crc = Crc32(part, crc);
  }
  mark = CommitMarkOf(crc);
  for (const std::uint32_t at : {entry.commit_at, entry.commit_at + layout_.unit}) {
    CommitMark found;
    if (Read(at, found) && found == mark) {
      return true;
    }
  }
  return false;
}

/// Finds the newest record of that name that counts.
///
/// @return kOk           `entry`, and `into`, as of `Counts()`.
/// @return kNotFound     None, or it was erased.
/// @return kUnavailable  The log could not be read.
Status RingStorage::Find(std::string_view name, Entry& entry, Bytes into) {
  for (std::uint32_t limit = end_; current_ != kNoBlock;) {
    std::uint32_t newest = kNowhere;
    for (std::uint32_t at = log_begin(); at < end_; at = entry.next) {
      if (!ReadEntry(at, entry)) {
        return Status::kUnavailable;
      }
      newest = at < limit && entry.header.name == name ? at : newest;
    }
    if (newest == kNowhere) {
      break;
    }
    CommitMark mark;
    if (ReadEntry(newest, entry) && Counts(entry, into, mark)) {
      return entry.header.kind == RecordHeader::Kind::kRecord ? Status::kOk : Status::kNotFound;
    }
    CONNECT_AUTH_LOG(kWarning, "ring: passes over a damaged record at", newest);
    limit = newest;
  }
  return Status::kNotFound;
}

/// Whether a move has to carry this entry over: the newest of its name that counts.
bool RingStorage::IsLive(const Entry& entry, std::string_view except) {
  Entry newest;
  return !entry.header.name.empty() && entry.header.name != except &&
         Find(entry.header.name, newest, {}) == Status::kOk && newest.at == entry.at;
}

/// Between the intent mark and the copy of the commit mark a reset leaves the record in doubt, and
/// the next boot sees from the two that it does.
///
/// @param at  Moves behind the record.
bool RingStorage::Append(const Record& record, std::uint32_t& at, std::uint32_t limit) {
  const std::uint32_t content_at = at + layout_.content_at(record.header.name.size());
  const std::uint32_t commit_at = content_at + layout_.Align(record.header.size);
  const std::uint32_t next = commit_at + 2 * layout_.unit;
  RecordHeader::Image image;
  record.header.Encode(image);
  const ConstBytes header = ConstBytes(image).first(record.header.encoded_size());
  std::uint32_t crc = Crc32(header);
  if (next > limit || !IsBlank(at, next - at) || !PutIntent(at) ||
      !Put(at + layout_.header_at(), header) || !PutContent(record, content_at, crc)) {
    return false;
  }
  if (!PutTwice(commit_at, CommitMarkOf(crc))) {
    return false;
  }
  at = next;
  return true;
}

/// @param crc  Goes on over the content.
bool RingStorage::PutContent(const Record& record, std::uint32_t at, std::uint32_t& crc) {
  Piece piece;
  ConstBytes part;
  for (std::uint32_t left = record.header.size; left > 0;
       left -= static_cast<std::uint32_t>(part.size())) {
    const std::uint32_t done = record.header.size - left;
    if (record.content != nullptr) {
      part = {record.content + done, left < layout_.unit ? left : left & ~(layout_.unit - 1)};
    } else {
      const Bytes read = Bytes(piece).first(std::min(left, kPieceBytes));
      if (!Read(record.content_at + done, read)) {
        return false;
      }
      part = read;
    }
    if (!Put(at + done, part)) {
      return false;
    }
    crc = Crc32(part, crc);
  }
  return true;
}

/// Appends to the present block, if that is possible.
bool RingStorage::AppendHere(const Record& record) {
  if (current_ == kNoBlock || dirty_ ||
      layout_.RecordBytes(record.header.name.size(), record.header.size) > log_limit() - end_) {
    return false;
  }
  dirty_ = !Append(record, end_, log_limit());
  return !dirty_;
}

/// Makes certain whether the last record counts, the way it was read: it may read differently the
/// next time. Where nothing may be programmed twice, the log moves.
///
/// @return  Whether something was changed, so that all must be read again.
bool RingStorage::SettleLast(const Entry& last) {
  if (!reprogrammable_) {
    return Move({}, nullptr, false) == Status::kOk;
  }
  CommitMark mark;
  if (!Counts(last, {}, mark)) {
    mark = {};
  }
  return Put(last.at + layout_.header_at(),
             ConstBytes(last.image).first(last.header.encoded_size())) &&
         PutTwice(last.commit_at, mark);
}

// Moving house.

/// Appends the records that are live to another block.
///
/// @param except  Name of a record to leave behind.
/// @param at      Moves behind what was, or would be, appended.
/// @param limit   0: nothing is appended, only `at` moves.
bool RingStorage::CarryOver(std::string_view except, std::uint32_t& at, std::uint32_t limit) {
  Entry entry;
  for (std::uint32_t from = log_begin(); current_ != kNoBlock && from < end_; from = entry.next) {
    if (!ReadEntry(from, entry)) {
      return false;
    }
    if (!IsLive(entry, except)) {
      continue;
    }
    if (limit == 0) {
      at += entry.next - entry.at;
    } else if (!Append({entry.header, nullptr, entry.content_at}, at, limit)) {
      return false;
    }
  }
  return true;
}

/// Makes a prepared block the one that counts. The open mark comes last, so until then the log is
/// where it was.
bool RingStorage::Fill(std::uint32_t block, std::string_view except, const Record* record,
                       const OpenMark& mark) {
  const std::uint32_t base = base_of(block);
  const std::uint32_t limit = base + layout_.block_bytes;
  std::uint32_t at = base + layout_.log_at();
  if (!PutIntent(base + layout_.taken_mark_at()) || !CarryOver(except, at, limit) ||
      (record != nullptr && !Append(*record, at, limit))) {
    return false;
  }
  if (bad_ != BadBlocks{} && layout_.RecordBytes(0, bad_.size()) <= limit - at &&
      !Append(ListOfBadBlocks(), at, limit)) {
    return false;
  }
  if (!PutTwice(base + layout_.open_mark_at(), mark.Encode(layout_))) {
    return false;
  }
  current_ = static_cast<std::uint8_t>(block);
  end_ = at;
  return true;
}

/// Moves the log to the next good block, without what has been superseded.
///
/// @param except  Name of a record to leave behind.
/// @param record  One more, or null.
/// @param wipe    Whether the other blocks are to be erased.
/// @return kOk           The log is there.
/// @return kUnavailable  It is where it was: no room, or no block that works.
Status RingStorage::Move(std::string_view except, const Record* record, bool wipe) {
  std::uint32_t needed =
      record == nullptr ? 0 : layout_.RecordBytes(record->header.name.size(), record->header.size);
  if (!CarryOver(except, needed, 0) || needed > layout_.log_bytes()) {
    return Status::kUnavailable;
  }
  const OpenMark mark{epoch_ + 1, wipe || saw_erased_ || wiping_};
  for (std::uint32_t step = 1; step <= block_count_; ++step) {
    const std::uint32_t block = Candidate(step);
    if (block != current_ && IsUsable(block) && Fill(block, except, record, mark)) {
      epoch_ = mark.epoch;
      wiping_ = mark.wipe_others;
      saw_erased_ = false;
      dirty_ = false;
      return Status::kOk;
    }
  }
  return Status::kUnavailable;
}

// Mounting.

bool RingStorage::AdoptGeometry() {
  constexpr std::uint32_t kLeastBlock = 4096;
  constexpr std::uint32_t kMostBlock = 262144;
  constexpr std::uint32_t kBlockStep = 256;
  const FlashGeometry geometry = flash_.geometry();
  const std::uint32_t unit = geometry.program_bytes;
  layout_.block_bytes = geometry.block_bytes;
  layout_.unit = std::max(unit, RingLayout::kLeastUnit);
  block_count_ = static_cast<std::uint8_t>(geometry.block_count);
  reprogrammable_ = geometry.reprogrammable;
  return unit != 0 && (unit & (unit - 1)) == 0 && unit <= RingLayout::kMostUnit &&
         geometry.block_count >= 2 && geometry.block_count <= kMostBlocks &&
         geometry.block_bytes >= kLeastBlock && geometry.block_bytes <= kMostBlock &&
         geometry.block_bytes % kBlockStep == 0;
}

Status RingStorage::Mount() {
  // What is settled is read again, until nothing is in doubt. The limit is for a part so worn that
  // something always is.
  constexpr int kMostSurveys = 4;
  mounted_ = false;
  if (!AdoptGeometry()) {
    return Status::kInvalidArgument;
  }
  Status status = Status::kPending;
  for (int survey = 0; status == Status::kPending && survey < kMostSurveys; ++survey) {
    status = Survey();
  }
  mounted_ = status != Status::kUnavailable;
  return mounted_ ? Status::kOk : status;
}

/// @return kOk           All is known.
/// @return kPending      Something had to be settled: survey again.
/// @return kUnavailable  No block can be read.
Status RingStorage::Survey() {
  bool settled = false;
  bool answers = false;
  current_ = kNoBlock;
  epoch_ = 0;
  wiping_ = false;
  saw_erased_ = false;
  for (std::uint32_t block = 0; block < block_count_; ++block) {
    OpenMark mark;
    const BlockState state = Examine(block, mark, settled);
    answers = answers || state != BlockState::kSilent;
    if (state == BlockState::kOpen && mark.epoch > epoch_) {
      current_ = static_cast<std::uint8_t>(block);
      epoch_ = mark.epoch;
      wiping_ = mark.wipe_others;
    }
  }
  if (!answers) {
    return Status::kUnavailable;
  }
  return settled || SurveyLog() ? Status::kPending : Status::kOk;
}

/// @return  Whether something had to be settled.
bool RingStorage::SurveyLog() {
  Entry entry;
  std::uint32_t last = kNowhere;
  bad_ = {};
  if (current_ == kNoBlock) {
    return false;
  }
  end_ = log_begin();
  while (ReadEntry(end_, entry)) {
    last = end_;
    saw_erased_ = saw_erased_ || entry.header.kind == RecordHeader::Kind::kErased;
    end_ = entry.next;
  }
  dirty_ = layout_.unit > log_limit() - end_ || !IsBlank(end_, layout_.unit);
  if (Find({}, entry, bad_) != Status::kOk || entry.header.size != bad_.size()) {
    bad_ = {};
  }
  if (last == kNowhere || !IsBlank(end_ - layout_.unit, layout_.unit)) {
    return false;
  }
  const bool settled = ReadEntry(last, entry) && SettleLast(entry);
  dirty_ = dirty_ || !settled;
  return settled;
}

// Storage.

/// @return kOk, kInvalidArgument (not a name), kUnavailable (not to be mounted)
Status RingStorage::Begin(std::string_view name) {
  if (!IsRecordName(name)) {
    return Status::kInvalidArgument;
  }
  return mounted_ || Mount() == Status::kOk ? Status::kOk : Status::kUnavailable;
}

IoResult RingStorage::Load(std::string_view name, Bytes into) {
  Entry entry;
  Status status = Begin(name);
  if (status == Status::kOk) {
    status = Find(name, entry, into);
  }
  if (status == Status::kOk && entry.header.size > into.size()) {
    status = Status::kBufferTooSmall;
  }
  return status == Status::kOk ? IoResult::Bytes(entry.header.size) : IoResult::Error(status);
}

Status RingStorage::Store(std::string_view name, ConstBytes content) {
  const Status status = content.size() > kMaxRecordBytes ? Status::kInvalidArgument : Begin(name);
  if (status != Status::kOk) {
    return status;
  }
  const Record record{
      {RecordHeader::Kind::kRecord, static_cast<std::uint32_t>(content.size()), name},
      content.data()};
  return AppendHere(record) ? Status::kOk : Move(name, &record, false);
}

Status RingStorage::Erase(std::string_view name) {
  const Status stored = Load(name, {}).status();
  if (stored != Status::kOk && stored != Status::kBufferTooSmall) {
    return stored == Status::kNotFound ? Status::kOk : stored;
  }
  if (!AppendHere({{RecordHeader::Kind::kErased, 0, name}})) {
    return Move(name, nullptr, true);
  }
  saw_erased_ = true;
  return Status::kOk;
}

Status RingStorage::Idle() {
  if (!mounted_ && Mount() != Status::kOk) {
    return Status::kUnavailable;
  }
  if (saw_erased_) {
    return Move({}, nullptr, true) == Status::kOk ? Status::kPending : Status::kUnavailable;
  }
  Status status = wiping_ ? Status::kOk : Status::kUnavailable;
  for (std::uint32_t step = 1; step <= block_count_; ++step) {
    const std::uint32_t block = Candidate(step);
    if (block == current_ || (wiping_ && IsReady(block))) {
      continue;
    }
    if (IsUsable(block)) {
      return wiping_ ? Status::kPending : Status::kOk;
    }
    status = IsBad(block) ? status : Status::kUnavailable;
  }
  wiping_ = wiping_ && status != Status::kOk;
  return status;
}

std::size_t RingStorage::LargestRecord(const FlashGeometry& geometry, std::size_t name_bytes) {
  const RingLayout layout{geometry.block_bytes,
                          std::max(geometry.program_bytes, RingLayout::kLeastUnit)};
  return layout.log_bytes() - layout.RecordBytes(name_bytes, 0);
}

}  // namespace connect_auth
