// SPDX-License-Identifier: Apache-2.0
//
// Base64 and the comparison of secrets under valgrind, which takes the secrets for memory that was
// never written: it complains of each branch and each address that depends on them.
//
// usage: connect_auth_constant_time [leaky]     leaky: with a table and a comparison that do
#include <valgrind/memcheck.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "agent/encoding/base64.h"
#include "port/bytes.h"

extern "C" {  // mbedTLS 3.6 forgets to say so.
#include "mbedtls/constant_time.h"
}

namespace {

constexpr std::size_t kMost = 64;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
volatile int used;

void EncodeAllSizes() {
  std::array<std::uint8_t, kMost> secret{};
  std::array<std::uint8_t, connect_auth::Base64EncodedSize(kMost)> encoded{};
  for (std::size_t size = 0; size <= kMost; ++size) {
    secret.fill(static_cast<std::uint8_t>(size * 7));
    VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size());
    connect_auth::EncodeBase64(
        connect_auth::ConstBytes(secret).first(size),
        connect_auth::Bytes(encoded).first(connect_auth::Base64EncodedSize(size)));
    VALGRIND_MAKE_MEM_DEFINED(secret.data(), secret.size());
  }
}

/// As `login` compares the `state` that comes back.
void Compare() {
  std::array<std::uint8_t, kMost> secret{};
  std::array<std::uint8_t, kMost> guess{};
  VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size());
  int differs = mbedtls_ct_memcmp(secret.data(), guess.data(), guess.size());
  VALGRIND_MAKE_MEM_DEFINED(&differs, sizeof differs);  // Whether is no secret, only where.
  used = differs;
}

void Leak() {
  std::array<std::uint8_t, kMost> secret{};
  std::array<std::uint8_t, kMost> guess{};
  VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size());
  used = kAlphabet[secret[0] >> 2];
  for (std::size_t i = 0; i < guess.size() && secret[i] == guess[i]; ++i) {
    used = static_cast<int>(i);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (RUNNING_ON_VALGRIND == 0) {
    std::fputs("run it under valgrind: it judges\n", stderr);
    return 2;
  }
  EncodeAllSizes();
  Compare();
  if (argc > 1 && std::strcmp(argv[1], "leaky") == 0) {
    Leak();
  }
  return 0;
}
