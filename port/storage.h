// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// A few small named records that survive power cuts.
///
/// The agent promises:    names of 1..15 characters from a-z, 0-9 and '_', a NUL behind them (they
///                        are literals); records of at most `kMaxRecordBytes`; contents already
///                        sealed (encrypted, authenticated).
/// The platform promises: a store is atomic: after power loss at any moment the record is the
///                        old one or the new one, never a mixture. When a call returns kOk its
///                        effect survives power loss. Calls may block for a store's time.
class Storage {
 public:
  static constexpr std::size_t kMaxNameBytes = 15;
  static constexpr std::size_t kMaxRecordBytes = 65536;

  /// Reads a record.
  ///
  /// @param into  Borrowed during the call. Only the first bytes() are written.
  /// @return bytes()           The record, whole; 0 for an empty record.
  /// @return kNotFound         No such record.
  /// @return kBufferTooSmall   The record is larger than `into`; contents of `into` undefined.
  /// @return kInvalidArgument  Not a legal name.
  /// @return kUnavailable      The medium could not be read.
  virtual IoResult Load(std::string_view name, Bytes into) = 0;

  /// Replaces a record, or makes it.
  ///
  /// @param record  Borrowed during the call.
  /// @return kOk               The new record is durable.
  /// @return kInvalidArgument  Not a legal name, or the record is too large.
  /// @return kUnavailable      The medium is full, read-only or broken; the old record stands, or
  ///                           the new one, whole, but not certain to survive power loss.
  virtual Status Store(std::string_view name, ConstBytes record) = 0;

  /// Removes a record. What the medium still holds of it, and of older versions of any record, is
  /// made unreadable by `Idle()` where the medium allows it. That may cost wear: a record that
  /// merely changes is stored again instead.
  ///
  /// @return kOk               It is gone, durably; also when there was none.
  /// @return kInvalidArgument  Not a legal name.
  /// @return kUnavailable      The medium could not be changed; the record may still stand.
  virtual Status Erase(std::string_view name) = 0;

  /// Does a bounded piece of house-keeping (for example erasing a block ahead of need), so that
  /// `Store` need not. Called when the agent has nothing better to do.
  ///
  /// @return kOk           Nothing is left to do.
  /// @return kPending      More remains; call again when idle.
  /// @return kUnavailable  The medium failed.
  virtual Status Idle() = 0;

 protected:
  ~Storage() = default;  // Never deleted through the interface.
};

/// Whether `name` obeys the rule of the class comment. For implementations.
constexpr bool IsRecordName(std::string_view name) {
  if (name.empty() || name.size() > Storage::kMaxNameBytes) {
    return false;
  }
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
      return false;
    }
  }
  return true;
}

}  // namespace connect_auth
