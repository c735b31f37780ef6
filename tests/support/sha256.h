// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <string_view>

#include "mbedtls/sha256.h"
#include "port/bytes.h"

namespace connect_auth::tests {

/// Whether the SHA-256 of `octets` reads `hex`.
inline bool HasSha256(std::string_view octets, std::string_view hex) {
  std::array<std::uint8_t, 32> digest{};
  if (mbedtls_sha256(AsBytes(octets).data(), octets.size(), digest.data(), 0) != 0) {
    return false;
  }
  std::array<char, 2 * digest.size() + 1> text{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    std::snprintf(&text[2 * i], 3, "%02x", digest[i]);
  }
  return std::string_view(text.data(), 2 * digest.size()) == hex;
}

}  // namespace connect_auth::tests
