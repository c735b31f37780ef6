// SPDX-License-Identifier: Apache-2.0
#include "agent/store/tls_session_record.h"

#include <string_view>

#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::string_view kName = "tls_session";

}  // namespace

void TlsSessionRecord::Start(ConstBytes key, const Fingerprint& fingerprint) {
  key_ = key;
  fingerprint_ = fingerprint;
  stored_since_ = UnixSeconds{0};
  stored_until_ = UnixSeconds{0};
  sequence_ = 0;
  loaded_ = false;
}

void TlsSessionRecord::Stop() {
  sessions_.Drop();
  Wipe(room_);
  key_ = {};
}

void TlsSessionRecord::LoadOnce() {
  if (loaded_ || !can_store()) {
    return;
  }
  loaded_ = true;
  sessions_.Drop();
  const IoResult loaded = storage_.Load(kName, room_);
  if (!loaded.ok()) {
    return;
  }
  const Bytes record = room_.first(loaded.bytes());
  sequence_ = SequenceOf(record);
  if (!OpenRecord(RecordType::kTlsSession, key_, fingerprint_, record).ok()) {
    return;
  }
  sessions_.Adopt(record.size() - SealedRecord::kOverheadBytes);
  if (!sessions_.empty()) {
    stored_since_ = sessions_.since();
    stored_until_ = sessions_.until();
  }
}

void TlsSessionRecord::StoreIfWorthIt(bool resumed) {
  if (!can_store() || sessions_.empty() || !IsWorthIt(resumed)) {
    return;
  }
  stored_since_ = sessions_.since();
  stored_until_ = sessions_.until();
  const Bytes record = RecordOf(sessions_.size());
  Status status =
      SealRecord(RecordType::kTlsSession, ++sequence_, key_, fingerprint_, engine_, record);
  if (status == Status::kOk) {
    status = storage_.Store(kName, record);
  }
  if (status != Status::kOk) {
    CONNECT_AUTH_LOG(kInfo, "store: the TLS session is not stored, status", status);
  }
  if (!OpenRecord(RecordType::kTlsSession, key_, fingerprint_, record).ok()) {
    sessions_.Drop();  // It was not sealed, for lack of memory.
  }
}

bool TlsSessionRecord::IsWorthIt(bool resumed) const {
  const Result<UnixSeconds> now = engine_.WallTime();
  if (!now.ok() || sessions_.since() == stored_since_) {
    return false;
  }
  const std::int64_t age = now.value().count - stored_since_.count;
  if (age < 0) {
    return true;  // The clock was put back, so what is stored will not do for long.
  }
  const std::int64_t half_life = (stored_until_.count - stored_since_.count) / 2;
  return age >= kLeastAge && (!resumed || age >= half_life);
}

Status TlsSessionRecord::Erase() {
  sessions_.Drop();
  stored_since_ = UnixSeconds{0};
  stored_until_ = UnixSeconds{0};
  return storage_.Erase(kName) == Status::kOk ? Status::kOk : Status::kUnavailable;
}

}  // namespace connect_auth
