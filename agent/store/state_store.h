// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/store/sealed_record.h"
#include "agent/store/state_record.h"
#include "agent/tls/engine.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/status.h"
#include "port/storage.h"

namespace connect_auth {

/// Keeps a device's `State` in storage, sealed. Without a record key nothing is kept.
class StateStore {
 public:
  /// Of the record.
  static constexpr std::string_view kName = "state";

  /// What storage was found to hold.
  enum class Stored : std::uint8_t {
    kNothing,
    kOpened,
    kOtherKey,            ///< What another key sealed.
    kOtherConfiguration,  ///< What was stored for another server, path, client, grant or user.
    kDamaged,             ///< What does not open although key and configuration are right.
    kUnreadable,          ///< It could not be read, so a stored token may have been missed.
  };

  /// @param storage, engine  Borrowed for the life of this object.
  StateStore(Storage& storage, Engine& engine) : storage_(storage), engine_(engine) {}
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  /// Forgets what was found, and adopts a key and a configuration.
  ///
  /// @param record_key  Borrowed until the next call. Empty: nothing is kept.
  void Begin(ConstBytes record_key, const Fingerprint& fingerprint);

  /// Whether it began with these.
  bool IsFor(ConstBytes record_key, const Fingerprint& fingerprint) const {
    return AsText(record_key) == AsText(record_key_) && fingerprint == fingerprint_;
  }
  bool keeps() const { return !record_key_.empty(); }

  /// Reads what is stored. Whatever is wrong with it, the remedy is the same: a new token is asked
  /// for.
  ///
  /// @param state  Wiped. Set as far as it could be read.
  /// @param room   Free memory for the record on its way; wiped. Borrowed during the call.
  void Load(State& state, Bytes room);

  /// Replaces what is stored.
  ///
  /// @param room         As of `Load()`.
  /// @return kOk              It is stored, or nothing is to be kept.
  /// @return kBufferTooSmall  `room` cannot hold it.
  /// @return kUnavailable     Storage failed, or there are no random octets.
  /// @return kOutOfMemory     The TLS arena has no room for the cipher.
  Status Save(const State& state, Bytes room);

  /// Stores `state`, whose tokens are wiped, so that storage keeps nothing of them: on raw flash
  /// once `Storage::Idle()` has nothing left to do.
  ///
  /// @param room  As of `Load()`.
  /// @return kOk           Storage has no token.
  /// @return other         As of `Save()`: storage may still have it.
  Status Forget(const State& state, Bytes room);

  Stored stored() const { return stored_; }
  /// How many records were stored in the life of the device, as far as is known.
  std::uint32_t writes() const { return sequence_; }

 private:
  Stored Open(State& state, Bytes record) const;
  Status EraseOlderCopies();

  Storage& storage_;
  Engine& engine_;
  ConstBytes record_key_;
  Fingerprint fingerprint_{};
  std::uint32_t sequence_ = 0;  // of the last sealed record
  Stored stored_ = Stored::kNothing;
};

}  // namespace connect_auth
