// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/bytes.h"

namespace connect_auth {

/// Writes the low `into.size()` octets of `value`, most significant first.
[[gnu::noinline]] inline void PutBigEndian(std::uint64_t value, Bytes into) {
  for (std::size_t i = into.size(); i > 0; --i) {
    into[i - 1] = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

/// Reads up to 8 octets, most significant first.
[[gnu::noinline]] inline std::uint64_t GetBigEndian(ConstBytes from) {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : from) {
    value = value << 8 | octet;
  }
  return value;
}

}  // namespace connect_auth
