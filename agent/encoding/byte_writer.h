// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"

namespace connect_auth {

/// Appends to a buffer. What does not fit is dropped whole and remembered, so that a long run of
/// writes needs one check at its end.
class ByteWriter {
 public:
  /// @param into  Borrowed for the life of this object.
  explicit constexpr ByteWriter(Bytes into) : into_(into) {}

  /// Makes room for `count` bytes that the caller fills in.
  ///
  /// @return  The room; empty when there is not enough of it or there was not before.
  Bytes Reserve(std::size_t count) {
    if (overflowed_ || count > into_.size() - size_) {
      overflowed_ = true;
      return {};
    }
    size_ += count;
    return into_.subspan(size_ - count, count);
  }

  void Put(ConstBytes bytes) {
    const Bytes room = Reserve(bytes.size());
    if (!room.empty()) {
      CopyBytes(bytes, room);
    }
  }
  void Put(std::string_view text) { Put(AsBytes(text)); }
  void Put(char c) { Put(std::string_view(&c, 1)); }

  void PutDecimal(std::uint64_t value) {
    char digits[20];
    std::size_t first = sizeof digits;
    do {
      digits[--first] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    Put(std::string_view(digits + first, sizeof digits - first));
  }

  /// Whether something did not fit.
  bool overflowed() const { return overflowed_; }
  std::size_t size() const { return size_; }
  Bytes written() const { return into_.first(size_); }

 private:
  Bytes into_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace connect_auth
