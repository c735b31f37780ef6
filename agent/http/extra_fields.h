// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// Header fields that somebody adds to a request: none that says whom it is for, who asks, or where
/// it ends, and none of a single connection (RFC 9110 section 7.6.1).
class ExtraFields {
 public:
  /// @param room  Borrowed for the life of this object.
  explicit constexpr ExtraFields(Bytes room) : room_(room) {}

  /// @param name, value  Copied.
  /// @return kOk               It is sent.
  /// @return kInvalidArgument  It is no field, or none that may be added.
  /// @return kBufferTooSmall   There is no room for it.
  Status Add(std::string_view name, std::string_view value);

  /// As they are sent, each with its line end. Borrowed until the next `Add()`.
  std::string_view lines() const { return AsText(room_.first(size_)); }

 private:
  Bytes room_;
  std::size_t size_ = 0;
};

}  // namespace connect_auth
