// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "port/clock.h"

// Sizes of buffers are spans that the integrator hands in. Here stands only what must be known at
// compile time; code uses the constants below, never the macros.

/// @def CONNECT_AUTH_MAX_HEAD_BYTES
/// Largest header section of a response (also: trailer section, sum of chunk extensions).
/// Costs no memory: header fields are not kept. Minimum 1024.
#ifndef CONNECT_AUTH_MAX_HEAD_BYTES
#define CONNECT_AUTH_MAX_HEAD_BYTES 16384
#endif  // CONNECT_AUTH_MAX_HEAD_BYTES

/// @def CONNECT_AUTH_MAX_LINE_BYTES
/// Longest status line or header field line of a response. Costs no memory. Minimum 256.
#ifndef CONNECT_AUTH_MAX_LINE_BYTES
#define CONNECT_AUTH_MAX_LINE_BYTES 8192
#endif  // CONNECT_AUTH_MAX_LINE_BYTES

/// @def CONNECT_AUTH_MAX_FIELDS
/// Most header fields in one section of a response. Costs no memory. Minimum 16, maximum 255.
#ifndef CONNECT_AUTH_MAX_FIELDS
#define CONNECT_AUTH_MAX_FIELDS 100
#endif  // CONNECT_AUTH_MAX_FIELDS

/// @def CONNECT_AUTH_MAX_INTERIM_RESPONSES
/// Most 1xx responses before the final one. Minimum 1, maximum 255.
#ifndef CONNECT_AUTH_MAX_INTERIM_RESPONSES
#define CONNECT_AUTH_MAX_INTERIM_RESPONSES 8
#endif  // CONNECT_AUTH_MAX_INTERIM_RESPONSES

/// @def CONNECT_AUTH_SEGMENT_BYTES
/// TLS output is gathered up to this size before it is handed to the network, so that the end of
/// the handshake and the request share one TCP segment. RAM: this, from the TLS arena, while a
/// connection is open. Best a little under the network's segment size. Minimum 64.
#ifndef CONNECT_AUTH_SEGMENT_BYTES
#define CONNECT_AUTH_SEGMENT_BYTES 1400
#endif  // CONNECT_AUTH_SEGMENT_BYTES

/// @def CONNECT_AUTH_MAX_LIFETIME_S
/// A server's expires_in above this is taken as this, in seconds. Renewing too early is harmless.
#ifndef CONNECT_AUTH_MAX_LIFETIME_S
#define CONNECT_AUTH_MAX_LIFETIME_S 2592000
#endif  // CONNECT_AUTH_MAX_LIFETIME_S

/// @def CONNECT_AUTH_MAX_SESSION_AGE_S
/// A TLS session is resumed for at most this long, in seconds, after the server's certificates were
/// verified, however often its ticket is renewed. Maximum 604800, a week (RFC 8446 section 4.6.1).
#ifndef CONNECT_AUTH_MAX_SESSION_AGE_S
#define CONNECT_AUTH_MAX_SESSION_AGE_S 86400
#endif  // CONNECT_AUTH_MAX_SESSION_AGE_S

/// @def CONNECT_AUTH_KEEP_ALIVE_MS
/// How long a connection is kept after a response, for the next request, in milliseconds, unless
/// `Settings::keep_alive` says otherwise. The TLS arena stays in use for as long. 0: connections
/// are closed, and the server is asked to do so as well. Servers close theirs after 5 s and more.
#ifndef CONNECT_AUTH_KEEP_ALIVE_MS
#define CONNECT_AUTH_KEEP_ALIVE_MS 4000
#endif  // CONNECT_AUTH_KEEP_ALIVE_MS

/// @def CONNECT_AUTH_CLIENT_CERTIFICATE
/// 1: TLS connections can show a certificate (see agent/tls/identity.h). Changes the layout of
/// `Settings` and others: a matter of the build (an option of CMake's), never of one file alone.
#ifndef CONNECT_AUTH_CLIENT_CERTIFICATE
#define CONNECT_AUTH_CLIENT_CERTIFICATE 0
#endif  // CONNECT_AUTH_CLIENT_CERTIFICATE

namespace connect_auth::config {

inline constexpr std::size_t kMaxHeadBytes = CONNECT_AUTH_MAX_HEAD_BYTES;
inline constexpr std::size_t kMaxLineBytes = CONNECT_AUTH_MAX_LINE_BYTES;
inline constexpr std::size_t kMaxFields = CONNECT_AUTH_MAX_FIELDS;
inline constexpr std::size_t kMaxInterimResponses = CONNECT_AUTH_MAX_INTERIM_RESPONSES;
inline constexpr std::size_t kSegmentBytes = CONNECT_AUTH_SEGMENT_BYTES;
inline constexpr std::int32_t kMaxLifetimeSeconds = CONNECT_AUTH_MAX_LIFETIME_S;
inline constexpr std::int64_t kMaxSessionAgeSeconds = CONNECT_AUTH_MAX_SESSION_AGE_S;
inline constexpr std::int64_t kKeepAliveMillis = CONNECT_AUTH_KEEP_ALIVE_MS;

static_assert(kMaxHeadBytes >= 1024, "CONNECT_AUTH_MAX_HEAD_BYTES: real servers send more");
static_assert(kMaxLineBytes >= 256, "CONNECT_AUTH_MAX_LINE_BYTES: real servers send more");
static_assert(kMaxFields >= 16 && kMaxFields <= 255, "CONNECT_AUTH_MAX_FIELDS: 16..255");
static_assert(kMaxInterimResponses >= 1 && kMaxInterimResponses <= 255,
              "CONNECT_AUTH_MAX_INTERIM_RESPONSES: 1..255");
static_assert(kSegmentBytes >= 64, "CONNECT_AUTH_SEGMENT_BYTES: a TLS record header must fit");
static_assert(kMaxLifetimeSeconds >= 3600, "CONNECT_AUTH_MAX_LIFETIME_S: at least an hour");
static_assert(kMaxSessionAgeSeconds > 0 && kMaxSessionAgeSeconds <= 604800,
              "CONNECT_AUTH_MAX_SESSION_AGE_S: 1..604800");
static_assert(kKeepAliveMillis >= 0 && kKeepAliveMillis <= 60000,
              "CONNECT_AUTH_KEEP_ALIVE_MS: 0..60000");

}  // namespace connect_auth::config
