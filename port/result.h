// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "port/assert.h"
#include "port/status.h"

namespace connect_auth {

/// Byte count or failure, packed in one word.
///
/// A count of 0 is never used for "closed" or "try again": those are kClosed
/// and kPending.
class [[nodiscard]] IoResult {
 public:
  /// @pre count <= INT32_MAX
  static constexpr IoResult Bytes(std::size_t count) {
    CONNECT_AUTH_ASSERT(count <= INT32_MAX);
    return IoResult(static_cast<std::int32_t>(count));
  }

  /// @pre status != kOk
  static constexpr IoResult Error(Status status) {
    CONNECT_AUTH_ASSERT(status != Status::kOk);
    return IoResult(-static_cast<std::int32_t>(status));
  }

  constexpr bool ok() const { return raw_ >= 0; }
  constexpr Status status() const { return ok() ? Status::kOk : static_cast<Status>(-raw_); }

  /// @pre ok()
  constexpr std::size_t bytes() const {
    CONNECT_AUTH_ASSERT(ok());
    return static_cast<std::size_t>(raw_);
  }

 private:
  explicit constexpr IoResult(std::int32_t raw) : raw_(raw) {}

  std::int32_t raw_;  // >= 0: byte count. < 0: negated Status.
};

/// A small value, or the reason why there is none. Large data goes through spans.
template <typename T>
class [[nodiscard]] Result {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  constexpr Result(T value) : value_(value), status_(Status::kOk) {}  // NOLINT: implicit by design
  /// @pre status != kOk
  constexpr Result(Status status) : value_{}, status_(status) {  // NOLINT: implicit by design
    CONNECT_AUTH_ASSERT(status != Status::kOk);
  }

  constexpr bool ok() const { return status_ == Status::kOk; }
  constexpr Status status() const { return status_; }

  /// @pre ok()
  constexpr T value() const {
    CONNECT_AUTH_ASSERT(ok());
    return value_;
  }
  constexpr T value_or(T other) const { return ok() ? value_ : other; }

 private:
  T value_;
  Status status_;
};

}  // namespace connect_auth
