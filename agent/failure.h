// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "port/status.h"

namespace connect_auth {

/// Why an operation failed, precise enough to tell a person what to do next. Where a `Status`
/// says what the *caller* does, a `Reason` says what happened.
enum class Reason : std::uint8_t {
  kNone,

  // Configuration. Status kInvalidArgument; nothing was sent.
  kUrlNotHttps,            ///< The scheme is not https.
  kUrlMalformed,           ///< Not `https://host[:port]`: user info, fragment, blank, bad port ...
  kUrlHasPath,             ///< The path belongs into token_path.
  kTokenPathMalformed,     ///< Does not begin with '/', or holds a blank, '#', control, non-ASCII.
  kNoAuthorities,          ///< No CA certificate was given.
  kAuthoritiesUnreadable,  ///< The CA certificates are neither PEM nor DER.
  kPinMalformed,           ///< Not a list of `sha256//` + 44 Base64 characters.
  kClientIdEmpty,
  kClientIdColon,      ///< The colon would move the split (RFC 7617 section 2).
  kClientIdCharacter,  ///< Outside %x20-7E (RFC 6749 A.1).
  kClientSecretEmpty,
  kClientSecretColon,      ///< Forbidden by the vendor's page.
  kClientSecretCharacter,  ///< Outside %x20-7E (RFC 6749 A.2).
  kUsernameEmpty,
  kUsernameCharacter,  ///< A control character, or not UTF-8 (RFC 6749 A.15).
  kPasswordEmpty,
  kPasswordCharacter,            ///< A control character, or not UTF-8 (RFC 6749 A.16).
  kCodeCharacter,                ///< It, or its verifier: outside %x20-7E (RFC 6749 A.11).
  kRedirectUriCharacter,         ///< A blank, a control character or non-ASCII.
  kAmbiguousGrant,               ///< Both a password and a code are set.
  kDurationOutOfRange,           ///< A time limit is zero, negative or absurd.
  kRecordKeySize,                ///< The record key is not 32 bytes.
  kClientCertificateIncomplete,  ///< A client certificate without a key, or a key without one.
  kClientCertificateUnreadable,  ///< It is neither PEM nor DER.
  kClientKeyUnreadable,  ///< Its key is neither PEM nor DER, of a kind that is not built in, or
                         ///< PSA Crypto has none of that number.
  kClientKeyEncrypted,   ///< Its key wants a password.
  kClientKeyMismatch,    ///< The key is that of another certificate.
  kRequestTarget,        ///< An API request's target does not begin with '/', or is malformed.
  kRequestMethod,        ///< An API request's method or content type is malformed.

  // Local limits and resources.
  kRequestTooLarge,   ///< The I/O buffer cannot hold the request. kBufferTooSmall.
  kResponseTooLarge,  ///< The I/O buffer cannot hold the response. kBufferTooSmall.
  kTokenTooLong,      ///< The token buffer cannot hold the token. kBufferTooSmall.
  kArenaExhausted,    ///< The TLS arena is too small. kOutOfMemory.
  kNoEntropy,         ///< The entropy port failed. kUnavailable.
  kTlsUnusable,       ///< No engine is started. kFailedPrecondition.
  kStorageFailed,     ///< The storage port failed. kUnavailable.
  kBodySource,        ///< The source of an API request's content failed, or ended too early.

  // Reaching the server.
  kNameNotFound,    ///< kNotFound.
  kNoConnection,    ///< Name resolution failed for now, or no address answered. kUnavailable.
  kConnectionLost,  ///< kUnavailable.
  // Why a `ProxyTunnel` is none. It alone says so: to the agent it is one of those above and below.
  kProxyUnreachable,     ///< The proxy's name does not exist, or no address of it answered.
  kProxySilent,          ///< It has not answered (yet).
  kProxyAuthentication,  ///< 407, or 401: it wants credentials, or others.
  kProxyRefused,         ///< Another answer than 2xx: it does not connect to the server.
  kProxyMalformed,       ///< It does not speak HTTP, said more than it ought to, or hung up.
  kConnectTimeout,       ///< kTimeout before the TLS handshake was over.
  kOperationTimeout,     ///< kTimeout after it.

  // TLS. Nothing of the credentials has been sent, but for kTlsTruncated and, with TLS 1.3, the
  // last three.
  kNotTls,                  ///< The peer answered something else than TLS. kMalformed.
  kTlsRefused,              ///< The peer sent a fatal alert. kMalformed.
  kTlsFailed,               ///< The handshake failed otherwise. kMalformed.
  kTlsTruncated,            ///< The stream ended without close_notify. kUnavailable.
  kCertificateNotTrusted,   ///< No chain to a configured CA. kUntrusted.
  kCertificateWrongHost,    ///< The name is not in it. kUntrusted.
  kCertificateUnsuitable,   ///< Weak key or hash, or wrong usage. kUntrusted.
  kCertificateNotPinned,    ///< No key of the chain is pinned. kUntrusted.
  kCertificateExpired,      ///< kCertificateDate.
  kCertificateNotYetValid,  ///< kCertificateDate.
  kClockUnknown,            ///< A certificate's dates cannot be judged. kCertificateDate.
  // The server was verified. What it had got by then, with TLS 1.3 the request, it did not look at.
  kClientCertificateMissing,  ///< It wants a certificate of the client. kRejected.
  kClientCertificateExpired,  ///< It says that the client's has expired. kRejected.
  kClientCertificateRefused,  ///< It does not take the client's. kRejected.

  // HTTP. Status kMalformed.
  kStatusLine,         ///< Not `HTTP/1.0` or `HTTP/1.1` and three digits.
  kFieldSyntax,        ///< A header or trailer field with forbidden characters.
  kHeadTooLarge,       ///< Line, section or number of fields over its limit.
  kInterimFlood,       ///< Too many 1xx responses.
  kUpgrade,            ///< 101: nobody asked to switch protocols.
  kContentLength,      ///< Not a number, too large, or given twice.
  kTransferCoding,     ///< A transfer coding other than a single `chunked`.
  kConflictingLength,  ///< Both Content-Length and Transfer-Encoding.
  kContentCoding,      ///< A content coding although only `identity` was offered.
  kChunkSyntax,        ///< A malformed chunk.
  kTruncated,          ///< The connection was closed in the middle of the response.

  // OAuth.
  kUnexpectedStatus,  ///< A status that no token response has (201, 204, 206 ...). kMalformed.
  kNotJson,           ///< The body is not strict JSON (RFC 8259) in UTF-8. kMalformed.
  kJsonTooLarge,      ///< No room to parse the body. kBufferTooSmall.
  kTokenMissing,      ///< access_token is missing, empty, twice or no string. kMalformed.
  kTokenCharacter,    ///< access_token cannot travel in a header. kMalformed.
  kTokenType,         ///< token_type is missing or not bearer. kMalformed.
  kExpiresIn,         ///< expires_in is no non-negative number. kMalformed.
  kRedirected,        ///< 3xx: credentials are never sent elsewhere. kRejected.
  kWrongPath,         ///< 404, 405 or 410 at the token path. kRejected.
  kRefused,           ///< The server refused the request: see `oauth_error`. kRejected.
  kBusy,              ///< 408, 429 or 5xx. kUnavailable.
  kLatched,           ///< Refused before, and not tried again yet: nothing was sent. kRejected.
  kCodeEmpty,         ///< No code is configured, and one is needed. kNeedsCode.
  kCodeRefused,       ///< The server refused the code. kNeedsCode.
  kCodeSpent,         ///< The configured code has been sent once already. kNeedsCode.
};

/// The `error` of an error response (RFC 6749 section 5.2).
enum class OAuthError : std::uint8_t {
  kNone,  ///< No `error` member.
  kInvalidRequest,
  kInvalidClient,
  kInvalidGrant,
  kUnauthorizedClient,
  kUnsupportedGrantType,
  kInvalidScope,
  kTemporary,  ///< server_error or temporarily_unavailable (RFC 6749 section 4.1.2.1).
  kOther,      ///< An `error` that RFC 6749 does not define.
};

/// Text of the peer for a person to read: printable ASCII, cut to what fits.
class PeerText {
 public:
  static constexpr std::size_t kCapacity = 96;

  std::string_view view() const { return {text_.data(), size_}; }

  /// Copies `text`, each character that is not printable ASCII replaced by '?'.
  void Assign(std::string_view text) {
    size_ = 0;
    for (const char c : text) {
      if (size_ == kCapacity) {
        return;
      }
      text_[size_++] = c >= 0x20 && c <= 0x7E ? c : '?';
    }
  }

 private:
  std::array<char, kCapacity> text_{};
  std::uint8_t size_ = 0;
};

/// All that is known about a failure. Holds no secret.
struct Failure {
  Status status = Status::kOk;
  Reason reason = Reason::kNone;
  OAuthError oauth_error = OAuthError::kNone;
  std::uint16_t http_status = 0;    ///< 0: no response came so far.
  std::uint32_t retry_after_s = 0;  ///< Retry-After in seconds; 0: none, or not usable.
  std::int32_t tls_error = 0;       ///< mbedTLS's code; 0: none.
  PeerText peer_text;               ///< The server's own words, or the redirect's target.
};

}  // namespace connect_auth
