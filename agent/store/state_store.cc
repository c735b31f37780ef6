// SPDX-License-Identifier: Apache-2.0
#include "agent/store/state_store.h"

#include <string_view>

#include "agent/secret.h"
#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::string_view kWipeName = "wipe";

StateStore::Stored WhyNotLoaded(Status status) {
  if (status == Status::kNotFound) {
    return StateStore::Stored::kNothing;
  }
  // No record of ours is too long for the room.
  return status == Status::kBufferTooSmall ? StateStore::Stored::kDamaged
                                           : StateStore::Stored::kUnreadable;
}

StateStore::Stored WhyNotOpened(SealedFor whom) {
  switch (whom) {
    case SealedFor::kOtherKey:
      return StateStore::Stored::kOtherKey;
    case SealedFor::kOtherConfiguration:
      return StateStore::Stored::kOtherConfiguration;
    case SealedFor::kUs:
      break;
  }
  return StateStore::Stored::kDamaged;
}

}  // namespace

void StateStore::Begin(ConstBytes record_key, const Fingerprint& fingerprint) {
  record_key_ = record_key;
  fingerprint_ = fingerprint;
  sequence_ = 0;
  stored_ = Stored::kNothing;
}

void StateStore::Load(State& state, Bytes room) {
  if (!keeps()) {
    return;
  }
  const IoResult loaded = storage_.Load(kName, room);
  if (!loaded.ok()) {
    stored_ = WhyNotLoaded(loaded.status());
    return;
  }
  const Bytes record = room.first(loaded.bytes());
  const ScopedWipe wipe(record);
  sequence_ = SequenceOf(record);
  stored_ = Open(state, record);
  if (stored_ != Stored::kOpened) {
    CONNECT_AUTH_LOG(kWarning, "store: what is stored is of no use, reason", stored_);
  }
}

/// A token that has no room does not make the rest useless.
StateStore::Stored StateStore::Open(State& state, Bytes record) const {
  const Result<std::uint32_t> opened =
      OpenRecord(RecordType::kState, record_key_, fingerprint_, record);
  if (opened.status() == Status::kOutOfMemory) {
    return Stored::kUnreadable;
  }
  if (!opened.ok()) {
    return WhyNotOpened(SealedForWhom(record_key_, fingerprint_, record));
  }
  const Bytes payload =
      record.subspan(SealedRecord::kHeaderBytes, record.size() - SealedRecord::kOverheadBytes);
  return DecodeState(payload, state) == Status::kCorrupt ? Stored::kDamaged : Stored::kOpened;
}

Status StateStore::Save(const State& state, Bytes room) {
  if (!keeps()) {
    return Status::kOk;
  }
  const std::size_t payload_size = StateRecord::Size(state);
  const std::size_t size = SealedRecord::kOverheadBytes + payload_size;
  if (size > room.size()) {
    return Status::kBufferTooSmall;
  }
  const Bytes record = room.first(size);
  const ScopedWipe wipe(record);
  EncodeState(state, record.subspan(SealedRecord::kHeaderBytes, payload_size));
  const Status sealed =
      SealRecord(RecordType::kState, ++sequence_, record_key_, fingerprint_, engine_, record);
  return sealed == Status::kOk ? storage_.Store(kName, record) : sealed;
}

Status StateStore::Forget(const State& state, Bytes room) {
  if (!keeps() || !state.has_marks()) {
    return storage_.Erase(kName);
  }
  const Status saved = Save(state, room);
  return saved == Status::kOk ? EraseOlderCopies() : saved;
}

/// Erasing any record makes a medium wipe all that it no longer needs: see `Storage::Erase`.
Status StateStore::EraseOlderCopies() {
  const Status stored = storage_.Store(kWipeName, {});
  return stored == Status::kOk ? storage_.Erase(kWipeName) : stored;
}

}  // namespace connect_auth
