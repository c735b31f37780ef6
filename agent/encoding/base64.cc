// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/base64.h"

#include <cstdint>

#include "port/assert.h"

namespace connect_auth {
namespace {

// Four characters are made at once, one in each octet of a word. No octet of a sum leaves 0..255 on
// the way, so none disturbs its neighbour.
constexpr std::uint32_t kEach = 0x01010101;

/// In each octet 1 where that of `values` > limit, else 0; both below 64.
constexpr std::uint32_t OnesAbove(std::uint32_t values, std::uint32_t limit) {
  return (values + (127 - limit) * kEach) >> 7 & kEach;
}

/// The characters for four times six bits. The alphabet's ranges A-Z, a-z, 0-9, '+', '/' are
/// reached from 'A' by adding the gaps that lie below the value.
constexpr std::uint32_t Symbols(std::uint32_t values) {
  std::uint32_t symbols = values + 'A' * kEach;
  symbols += OnesAbove(values, 25) * ('a' - 'Z' - 1);
  symbols -= OnesAbove(values, 51) * ('z' + 1 - '0');
  symbols -= OnesAbove(values, 61) * ('9' + 1 - '+');
  symbols += OnesAbove(values, 62) * ('/' - '+' - 1);
  return symbols;
}

void EncodeGroup(std::uint32_t bits, std::uint8_t* into) {
  const std::uint32_t symbols = Symbols((bits << 6 & 0x3F000000) | (bits << 4 & 0x3F0000) |
                                        (bits << 2 & 0x3F00) | (bits & 0x3F));
  into[0] = static_cast<std::uint8_t>(symbols >> 24);
  into[1] = static_cast<std::uint8_t>(symbols >> 16);
  into[2] = static_cast<std::uint8_t>(symbols >> 8);
  into[3] = static_cast<std::uint8_t>(symbols);
}

}  // namespace

void EncodeBase64(ConstBytes from, Bytes into) {
  CONNECT_AUTH_ASSERT(into.size() == Base64EncodedSize(from.size()));
  const std::uint8_t* octet = from.data();
  std::uint8_t* out = into.data();
  std::size_t left = from.size();
  for (; left >= 3; left -= 3, octet += 3, out += 4) {
    EncodeGroup(std::uint32_t{octet[0]} << 16 | std::uint32_t{octet[1]} << 8 | octet[2], out);
  }
  if (left == 0) {
    return;
  }
  std::uint32_t bits = std::uint32_t{octet[0]} << 16;
  if (left == 2) {
    bits |= std::uint32_t{octet[1]} << 8;
  }
  EncodeGroup(bits, out);
  out[3] = '=';
  if (left == 1) {
    out[2] = '=';
  }
}

}  // namespace connect_auth
