// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace connect_auth {

// Four octets of a word at a time, which is what long texts are looked through with.

constexpr std::uint32_t kInEachOctet = 0x01010101;

/// Whether an octet is below `limit`, or has its upper bit set.
///
/// @param limit  1..128
constexpr bool AnyBelow(std::uint32_t octets, std::uint32_t limit) {
  return (((octets - limit * kInEachOctet) | octets) & 0x80 * kInEachOctet) != 0;
}

/// Whether an octet is `wanted`. May be true for no reason where the upper bit of one is set.
constexpr bool AnyIs(std::uint32_t octets, char wanted) {
  return AnyBelow(octets ^ static_cast<unsigned char>(wanted) * kInEachOctet, 1);
}

inline std::uint32_t FourOctets(const void* at) {
  std::uint32_t octets = 0;
  std::memcpy(&octets, at, sizeof octets);
  return octets;
}

}  // namespace connect_auth
