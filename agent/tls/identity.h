// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/failure.h"
#include "agent/secret.h"
#include "agent/tls/engine.h"
#include "port/bytes.h"

struct mbedtls_ssl_config;

namespace connect_auth {

/// Who a TLS connection says it is, to a server that asks (mutual TLS). The server learns it after
/// it was verified itself. Only with CONNECT_AUTH_CLIENT_CERTIFICATE.
struct Identity {
  /// The device's certificate, and behind it those between it and the CA that the server knows: PEM
  /// with its NUL counted, or the first one alone in DER. Empty: none is shown. Borrowed for the
  /// life of whoever holds this.
  ConstBytes certificates;
  /// Its private key, RSA, P-256 or P-384, not encrypted: PEM with its NUL counted, or DER.
  /// Borrowed likewise; what is made of it lies in the arena and is wiped.
  SecretView key;
  /// Or the number of that key in PSA Crypto, so that whatever holds it need not give it away: a
  /// secure element, for example. 0: `key` it is. It has to be there from the first connection on
  /// to the last, under an mbedTLS that is built with MBEDTLS_USE_PSA_CRYPTO.
  std::uint32_t psa_key = 0;

  bool has_key() const { return !key.empty() || psa_key != 0; }
};

/// An identity as mbedTLS uses it; lives in the arena.
struct LoadedIdentity;

/// Reads certificates and key, sees to it that they belong together, and has connections show them.
/// Of an RSA key in PSA Crypto the server alone finds out whether it does.
///
/// @param identity    With certificates and a key. Borrowed until `FreeIdentity`.
/// @param config      Of the connection. Borrowed likewise.
/// @param into        nullptr; what `FreeIdentity` is to be given, whatever the outcome.
/// @param error_code  Set to mbedTLS's code; 0: none. Allocations that failed are to be seen there,
///                    and by `Engine::refused_allocations()`.
/// @return kNone, kClientCertificateUnreadable, kClientKeyUnreadable, kClientKeyEncrypted, or
///         kClientKeyMismatch
Reason LoadIdentity(const Identity& identity, Engine& engine, mbedtls_ssl_config& config,
                    LoadedIdentity*& into, int& error_code);

/// @param identity  nullptr: there is nothing to do.
void FreeIdentity(LoadedIdentity* identity);

}  // namespace connect_auth
