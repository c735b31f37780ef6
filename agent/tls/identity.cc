// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/identity.h"

#include <new>

#include "agent/config.h"

#if CONNECT_AUTH_CLIENT_CERTIFICATE

#include "mbedtls/pk.h"
#include "mbedtls/platform.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"

namespace connect_auth {

struct LoadedIdentity {
  mbedtls_x509_crt certificates;
  mbedtls_pk_context key;
};

namespace {

int RandomCallback(void* engine, unsigned char* into, std::size_t size) {
  const bool filled = static_cast<Engine*>(engine)->Random(Bytes(into, size)) == Status::kOk;
  return filled ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

int TakePsaKey([[maybe_unused]] const Identity& identity,
               [[maybe_unused]] mbedtls_pk_context& into) {
#if defined(MBEDTLS_USE_PSA_CRYPTO)
  return mbedtls_pk_setup_opaque(&into, identity.psa_key);
#else
  return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
#endif
}

int ReadKey(const Identity& identity, Engine& engine, mbedtls_pk_context& into) {
  if (identity.psa_key != 0) {
    return TakePsaKey(identity, into);
  }
  const ConstBytes key = AsBytes(identity.key.Reveal());
  return mbedtls_pk_parse_key(&into, key.data(), key.size(), nullptr, 0, RandomCallback, &engine);
}

/// In PEM the word stands in the label, or in a field above the Base64.
bool LooksEncrypted(SecretView key) {
  return key.Reveal().find("ENCRYPTED") != std::string_view::npos;
}

/// mbedTLS cannot tell of an RSA key that PSA Crypto keeps.
bool IsPair(LoadedIdentity& identity, Engine& engine, int& error_code) {
  const bool can_be_told = mbedtls_pk_get_type(&identity.key) != MBEDTLS_PK_OPAQUE ||
                           mbedtls_pk_can_do(&identity.key, MBEDTLS_PK_ECKEY) == 1;
  error_code = can_be_told ? mbedtls_pk_check_pair(&identity.certificates.pk, &identity.key,
                                                   RandomCallback, &engine)
                           : 0;
  return error_code == 0;
}

}  // namespace

Reason LoadIdentity(const Identity& identity, Engine& engine, mbedtls_ssl_config& config,
                    LoadedIdentity*& into, int& error_code) {
  void* const memory = mbedtls_calloc(1, sizeof(LoadedIdentity));
  if (memory == nullptr) {
    error_code = MBEDTLS_ERR_X509_ALLOC_FAILED;
    return Reason::kClientCertificateUnreadable;
  }
  into = new (memory) LoadedIdentity();
  mbedtls_x509_crt_init(&into->certificates);
  mbedtls_pk_init(&into->key);
  error_code = mbedtls_x509_crt_parse(&into->certificates, identity.certificates.data(),
                                      identity.certificates.size());
  if (error_code != 0) {
    return Reason::kClientCertificateUnreadable;
  }
  error_code = ReadKey(identity, engine, into->key);
  if (error_code != 0) {
    return LooksEncrypted(identity.key) ? Reason::kClientKeyEncrypted
                                        : Reason::kClientKeyUnreadable;
  }
  if (!IsPair(*into, engine, error_code)) {
    return Reason::kClientKeyMismatch;
  }
  error_code = mbedtls_ssl_conf_own_cert(&config, &into->certificates, &into->key);
  return error_code == 0 ? Reason::kNone : Reason::kClientCertificateUnreadable;
}

void FreeIdentity(LoadedIdentity* identity) {
  if (identity != nullptr) {
    mbedtls_x509_crt_free(&identity->certificates);
    mbedtls_pk_free(&identity->key);
    mbedtls_free(identity);
  }
}

}  // namespace connect_auth

#endif  // CONNECT_AUTH_CLIENT_CERTIFICATE
