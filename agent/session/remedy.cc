// SPDX-License-Identifier: Apache-2.0
#include "agent/session/remedy.h"

namespace connect_auth {

// Long because there are many reasons: each is named, so that a new one does not compile without.
// NOLINTNEXTLINE(readability-function-size)
Remedy RemedyOf(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return Remedy::kNone;

    case Reason::kUrlNotHttps:
    case Reason::kUrlMalformed:
    case Reason::kUrlHasPath:
    case Reason::kTokenPathMalformed:
    case Reason::kNoAuthorities:
    case Reason::kAuthoritiesUnreadable:
    case Reason::kPinMalformed:
    case Reason::kClientIdEmpty:
    case Reason::kClientIdColon:
    case Reason::kClientIdCharacter:
    case Reason::kClientSecretEmpty:
    case Reason::kClientSecretColon:
    case Reason::kClientSecretCharacter:
    case Reason::kUsernameEmpty:
    case Reason::kUsernameCharacter:
    case Reason::kPasswordEmpty:
    case Reason::kPasswordCharacter:
    case Reason::kCodeCharacter:
    case Reason::kRedirectUriCharacter:
    case Reason::kAmbiguousGrant:
    case Reason::kDurationOutOfRange:
    case Reason::kRecordKeySize:
    case Reason::kClientCertificateIncomplete:
    case Reason::kClientCertificateUnreadable:
    case Reason::kClientKeyUnreadable:
    case Reason::kClientKeyEncrypted:
    case Reason::kClientKeyMismatch:
    case Reason::kRequestTarget:
    case Reason::kRequestMethod:
    case Reason::kRequestTooLarge:
    case Reason::kTlsUnusable:
      return Remedy::kNewConfiguration;

    // The network and the server come and go, and so do proxies that answer in its place.
    case Reason::kNoEntropy:
    case Reason::kStorageFailed:
    case Reason::kBodySource:
    case Reason::kNameNotFound:
    case Reason::kNoConnection:
    case Reason::kConnectionLost:
    case Reason::kProxyUnreachable:
    case Reason::kProxySilent:
    case Reason::kProxyAuthentication:
    case Reason::kProxyRefused:
    case Reason::kProxyMalformed:
    case Reason::kConnectTimeout:
    case Reason::kOperationTimeout:
    case Reason::kNotTls:
    case Reason::kTlsRefused:
    case Reason::kTlsFailed:
    case Reason::kTlsTruncated:
    case Reason::kStatusLine:
    case Reason::kFieldSyntax:
    case Reason::kHeadTooLarge:
    case Reason::kInterimFlood:
    case Reason::kUpgrade:
    case Reason::kContentLength:
    case Reason::kTransferCoding:
    case Reason::kConflictingLength:
    case Reason::kContentCoding:
    case Reason::kChunkSyntax:
    case Reason::kTruncated:
    case Reason::kBusy:
      return Remedy::kRetry;

    // A certificate has to be replaced, a clock to be set, a limit to be raised, a server to be
    // upgraded to its end. It took the credentials where it got them, so no login failed.
    case Reason::kResponseTooLarge:
    case Reason::kTokenTooLong:
    case Reason::kArenaExhausted:
    case Reason::kCertificateNotTrusted:
    case Reason::kCertificateWrongHost:
    case Reason::kCertificateUnsuitable:
    case Reason::kCertificateNotPinned:
    case Reason::kCertificateExpired:
    case Reason::kCertificateNotYetValid:
    case Reason::kClockUnknown:
    case Reason::kClientCertificateMissing:
    case Reason::kClientCertificateExpired:
    case Reason::kClientCertificateRefused:
    case Reason::kUnexpectedStatus:
    case Reason::kNotJson:
    case Reason::kJsonTooLarge:
    case Reason::kTokenMissing:
    case Reason::kTokenCharacter:
    case Reason::kTokenType:
    case Reason::kExpiresIn:
    case Reason::kWrongPath:
      return Remedy::kRetrySlowly;

    // Some servers redirect to a page for logging in instead of answering 401.
    case Reason::kRedirected:
    case Reason::kRefused:
    case Reason::kLatched:
      return Remedy::kLatch;

    case Reason::kCodeEmpty:
    case Reason::kCodeRefused:
    case Reason::kCodeSpent:
      return Remedy::kNewCode;
  }
  return Remedy::kRetrySlowly;  // No such reason.
}

}  // namespace connect_auth
