// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// Takes a sealed record that comes line by line, as `connect-auth provision -` writes it for a
/// console:
///
///     HEX   1 to kOctetsPerLine octets, two hexadecimal digits each, in lower case
///     end   there are no more
///
/// Lines carry no number and no checksum. One that is lost, doubled, damaged or out of turn is
/// found out when the record is opened: its tag covers every octet and their order. What is
/// received is not secret.
class ProvisionReceiver {
 public:
  /// With the word `provision` and a blank in front, a line is 70 characters long.
  static constexpr std::size_t kOctetsPerLine = 30;
  static constexpr std::string_view kEnd = "end";

  /// @param room  Limits the record. Borrowed for the life of this object, but written only by
  ///              `Take()`.
  explicit constexpr ProvisionReceiver(Bytes room) : room_(room) {}

  /// Takes the next line. What it brings is added to `record()` whole or not at all.
  ///
  /// @return kPending             More are to come.
  /// @return kOk                  That was the end: `record()` is what came. It is for the caller
  /// to
  ///                              open it, and to `Reset()`.
  /// @return kFailedPrecondition  That was the end, and nothing came before it.
  /// @return kMalformed           Not a line as above. What came before it is dropped.
  /// @return kBufferTooSmall      The record is longer than the room. Likewise.
  Status Take(std::string_view line);

  /// Begins with another record.
  void Reset() { size_ = 0; }

  /// What has come so far. Valid until the next call.
  Bytes record() const { return room_.first(size_); }

 private:
  Status Drop(Status why);

  Bytes room_;
  std::size_t size_ = 0;
};

}  // namespace connect_auth
