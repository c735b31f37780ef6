// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// The content of a request that is not in memory as a whole: handed out piece by piece while it is
/// sent. An application implements it over whatever its data comes from.
class BodySource {
 public:
  static constexpr std::size_t kUnknownSize = SIZE_MAX;

  /// Octets from the first to the last. kUnknownSize: not known before they came; then they go in
  /// the chunked transfer coding (RFC 9112 section 7.1). Does not change.
  virtual std::size_t size() const = 0;

  /// Hands out the next octets. Not called for more than `size()` in all.
  ///
  /// @param into  Borrowed during the call; never empty.
  /// @return bytes()   1..into.size() octets were stored.
  /// @return kPending  None are there yet. Whoever polls does so again when there are some.
  /// @return kClosed   There are no more.
  /// @return other     They cannot be had: the request is given up, with just this status.
  virtual IoResult Read(Bytes into) = 0;

  /// Goes back to the first octet, as the request is made once more.
  ///
  /// @return false  It cannot: the request is not made once more.
  virtual bool Rewind() = 0;

 protected:
  ~BodySource() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth
