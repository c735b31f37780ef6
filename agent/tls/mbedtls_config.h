/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mbedTLS 3.6 as the agent needs it: a TLS client that verifies certificates, AES-GCM and SHA-256
 * for stored records, and nothing else. Every part left out is flash and attack surface saved.
 *
 * Each CONNECT_AUTH_TLS_... macro may be set by the integrator; the table in agent/tls/README.md
 * tells what it costs.
 */
#ifndef CONNECT_AUTH_AGENT_TLS_MBEDTLS_CONFIG_H
#define CONNECT_AUTH_AGENT_TLS_MBEDTLS_CONFIG_H

/* The comments beside the macros are set by hand. */
/* clang-format off */

/* --- What may be chosen ------------------------------------------------------------------------- */

/** TLS 1.2 and 1.3, 0 or 1 each; at least one. 1.3 costs about 37 KB of flash on Cortex-M3. */
#ifndef CONNECT_AUTH_TLS_1_2
#define CONNECT_AUTH_TLS_1_2 1
#endif
#ifndef CONNECT_AUTH_TLS_1_3
#define CONNECT_AUTH_TLS_1_3 1
#endif

/** Largest record taken from the server, and sent to it, in octets. Arena: each once per connection.
 *  A server that sends a larger record than IN (they may, up to 16384) is refused, with a clear error. */
#ifndef CONNECT_AUTH_TLS_IN_BYTES
#define CONNECT_AUTH_TLS_IN_BYTES 16384
#endif
#ifndef CONNECT_AUTH_TLS_OUT_BYTES
#define CONNECT_AUTH_TLS_OUT_BYTES 4096
#endif

/** 1: smaller and slower. Tables for AES and elliptic curves in ROM or left out, no unrolled hashes. */
#ifndef CONNECT_AUTH_TLS_SMALL
#define CONNECT_AUTH_TLS_SMALL 0
#endif

/** 1: the key of a client certificate may be one that PSA Crypto keeps, in a secure element for example: see
 *  agent/tls/identity.h. All of TLS goes through PSA Crypto then. */
#ifndef CONNECT_AUTH_TLS_PSA_KEYS
#define CONNECT_AUTH_TLS_PSA_KEYS 0
#endif

/* --- What surrounds it: the agent provides memory, time and randomness (agent/tls/engine.cc) ------- */

/** Says to agent/tls/engine.cc that mbedTLS calls it. */
#define CONNECT_AUTH_MBEDTLS_HOOKS

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_MEMORY_ALIGN_MULTIPLE 8 /* The strictest that any target asks for. */
/* The heap and the standard output stay out of the image, even as defaults that are never used. */
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_PLATFORM_EXIT_MACRO(code) __builtin_trap() /* A corrupted arena: a bug, not input. */

/* Seconds since 1970, 64 bit everywhere: 2038 is near. */
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO long long
#define MBEDTLS_PLATFORM_TIME_MACRO connect_auth_wall_time
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#ifdef __cplusplus
extern "C"
#endif
long long connect_auth_wall_time(long long *into);

#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* --- TLS --------------------------------------------------------------------------------------------- */

#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_SESSION_TICKETS /* RFC 5077, RFC 8446 section 4.6.1 */
#define MBEDTLS_SSL_IN_CONTENT_LEN CONNECT_AUTH_TLS_IN_BYTES
#define MBEDTLS_SSL_OUT_CONTENT_LEN CONNECT_AUTH_TLS_OUT_BYTES

#if CONNECT_AUTH_TLS_1_2
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET /* RFC 7627 */
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#endif

#if CONNECT_AUTH_TLS_1_3
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE /* Middleboxes: RFC 8446 appendix D.4. */
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED /* Resumption, with new keys. */
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* mbedTLS's 1.3 does not build without. */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_HKDF_C
#endif

#if CONNECT_AUTH_TLS_PSA_KEYS
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_CRYPTO_C
#endif

/* --- Certificates ---------------------------------------------------------------------------------- */

#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_REMOVE_INFO /* Descriptions for people, with printf. */
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C /* ECDSA */
#define MBEDTLS_OID_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

/* --- Algorithms: forward secrecy and authenticated encryption only --------------------------------- */

#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
/* Every server knows P-256 (RFC 8446 section 9.1), and mbedTLS makes its keys at half the cost of those
 * of X25519, which a server would choose if it were offered. */
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM

#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

/* --- Speed against size ---------------------------------------------------------------------------- */

#define MBEDTLS_HAVE_ASM
#if CONNECT_AUTH_TLS_SMALL
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_ECP_WINDOW_SIZE 2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#else
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#if defined(__x86_64__) || defined(__i386__)
#define MBEDTLS_AESNI_C
#endif
#if defined(__aarch64__)
#define MBEDTLS_AESCE_C
#endif
#endif

#define MBEDTLS_MPI_MAX_SIZE 512 /* RSA up to 4096 bits. */

#endif
