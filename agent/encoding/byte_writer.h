// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"

namespace connect_auth {

/// Appends to a buffer. What does not fit is dropped whole, with all behind it, but counted: a long
/// run of writes needs one check at its end, and a writer without a buffer measures.
class ByteWriter {
 public:
  /// @param into  Borrowed for the life of this object.
  explicit constexpr ByteWriter(Bytes into) : into_(into) {}

  /// Makes room for `count` bytes that the caller fills in.
  ///
  /// @return  The room; empty when there is not enough of it or there was not before.
  Bytes Reserve(std::size_t count);

  void Put(ConstBytes bytes);
  void Put(std::string_view text);
  void Put(char c);
  void PutDecimal(std::uint64_t value);

  /// Whether something did not fit.
  bool overflowed() const { return size_ > into_.size(); }
  /// Octets that were put, also those that did not fit.
  std::size_t size() const { return size_; }
  /// @pre !overflowed()
  Bytes written() const { return into_.first(size_); }

 private:
  Bytes into_;
  std::size_t size_ = 0;
};

}  // namespace connect_auth
