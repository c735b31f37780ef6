// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/store/sealed_record.h"
#include "agent/tls/engine.h"
#include "agent/tls/session_cache.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/status.h"
#include "port/storage.h"

namespace connect_auth {

/// The TLS session as a sealed record of its own, so that a restart does not cost a full handshake.
///
/// It is sealed, and opened, where it lies: the room of the `SessionCache` is the payload of this
/// object's room. Nothing here fails an operation: without a record there is a full handshake.
class TlsSessionRecord {
 public:
  /// Octets of a record besides the session.
  static constexpr std::size_t kFixedBytes =
      SealedRecord::kOverheadBytes + SessionCache::kHeaderBytes;
  /// A session is not stored while what is stored is younger than this, in seconds.
  static constexpr std::int64_t kLeastAge = 3600;

  /// What a `SessionCache` gets of the room of a record.
  static Bytes PayloadOf(Bytes room) {
    return room.size() > kFixedBytes ? room.subspan(SealedRecord::kHeaderBytes,
                                                    room.size() - SealedRecord::kOverheadBytes)
                                     : Bytes();
  }

  /// @param room      For a record. Too small, or empty: nothing is ever stored.
  /// @param sessions  In `PayloadOf(room)`.
  ///
  /// All are borrowed for the life of this object.
  TlsSessionRecord(Bytes room, Storage& storage, Engine& engine, SessionCache& sessions)
      : room_(room), storage_(storage), engine_(engine), sessions_(sessions) {}
  TlsSessionRecord(const TlsSessionRecord&) = delete;
  TlsSessionRecord& operator=(const TlsSessionRecord&) = delete;

  /// Begins with another configuration. Storage is not asked yet.
  ///
  /// @param key  As `SealRecord` wants it, borrowed until `Stop()`; empty: nothing is stored.
  void Start(ConstBytes key, const Fingerprint& fingerprint);

  /// Wipes session and room. What is stored stays.
  void Stop();

  /// Fetches the stored session, the first time after `Start()`. To be called before a connection
  /// is made.
  void LoadOnce();

  /// Stores the present session where that is worth a write: what is stored could not be resumed,
  /// or more than half of its life is over; and it is older than kLeastAge. A store that fails is
  /// not tried again before that either.
  ///
  /// @param resumed  Whether the last connection resumed a session.
  void StoreIfWorthIt(bool resumed);

  /// Wipes the session here and in storage.
  ///
  /// @return kOk           Storage has none.
  /// @return kUnavailable  Storage may still have it.
  Status Erase();

 private:
  bool can_store() const { return sessions_.enabled() && !key_.empty(); }
  Bytes RecordOf(std::size_t payload) const {
    return room_.first(SealedRecord::kOverheadBytes + payload);
  }
  bool IsWorthIt(bool resumed) const;

  Bytes room_;
  Storage& storage_;
  Engine& engine_;
  SessionCache& sessions_;
  ConstBytes key_;
  Fingerprint fingerprint_{};
  UnixSeconds stored_since_;  // of the session in storage; 0: there is none
  UnixSeconds stored_until_;
  std::uint32_t sequence_ = 0;
  bool loaded_ = false;
};

}  // namespace connect_auth
