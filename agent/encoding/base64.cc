// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/base64.h"

#include <cstdint>

#include "port/assert.h"

namespace connect_auth {
namespace {

/// All ones where value > limit, else 0; both below 2^31.
constexpr std::uint32_t MaskIfAbove(std::uint32_t value, std::uint32_t limit) {
  return (limit - value) >> 8;  // The borrow fills the upper bits; callers mask with < 256.
}

/// The character for six bits. The alphabet's ranges A-Z, a-z, 0-9, '+', '/' are reached from 'A'
/// by adding the gaps that lie below the value.
constexpr std::uint8_t Symbol(std::uint32_t six_bits) {
  std::uint32_t symbol = six_bits + 'A';
  symbol += MaskIfAbove(six_bits, 25) & ('a' - 'Z' - 1);
  symbol -= MaskIfAbove(six_bits, 51) & ('z' + 1 - '0');
  symbol -= MaskIfAbove(six_bits, 61) & ('9' + 1 - '+');
  symbol += MaskIfAbove(six_bits, 62) & ('/' - '+' - 1);
  return static_cast<std::uint8_t>(symbol);
}

void EncodeGroup(std::uint32_t bits, std::uint8_t* into) {
  into[0] = Symbol(bits >> 18);
  into[1] = Symbol((bits >> 12) & 63);
  into[2] = Symbol((bits >> 6) & 63);
  into[3] = Symbol(bits & 63);
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
