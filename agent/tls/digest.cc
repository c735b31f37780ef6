// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/digest.h"

#include "agent/encoding/byte_order.h"
#include "agent/tls/engine.h"
#include "mbedtls/sha256.h"
#include "port/bytes.h"

namespace connect_auth {
namespace {

/// mbedTLS calls back into the engine's object, and a linker goes through an archive once: this
/// sees to it that it is there by then, whoever else of the agent is linked.
[[gnu::used]] const auto kCalledBack = &Engine::refused_allocations;

// A hash over memory cannot fail: mbedTLS reports only accelerator faults here.
void Absorb(mbedtls_sha256_context& hash, ConstBytes octets) {
  static_cast<void>(mbedtls_sha256_update(&hash, octets.data(), octets.size()));
}

}  // namespace

Digest DigestOf(std::span<const std::string_view> fields) {
  mbedtls_sha256_context hash;
  mbedtls_sha256_init(&hash);
  static_cast<void>(mbedtls_sha256_starts(&hash, 0));
  for (const std::string_view field : fields) {
    std::array<std::uint8_t, 4> size{};
    PutBigEndian(static_cast<std::uint32_t>(field.size()), size);
    Absorb(hash, size);
    Absorb(hash, AsBytes(field));
  }
  Digest digest{};
  static_cast<void>(mbedtls_sha256_finish(&hash, digest.data()));
  mbedtls_sha256_free(&hash);
  return digest;
}

}  // namespace connect_auth
