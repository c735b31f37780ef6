// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/firmware/failure_words.h"

#include <iterator>

namespace connect_auth::smartfusion2 {
namespace {

struct Words {
  Reason until;  // Of all reasons from the one before on.
  const char* text;
};

// Reasons that ask the same of a person share their words; the number beside them tells them apart.
constexpr Words kWords[] = {
    {Reason::kNone, "none"},
    {Reason::kUrlHasPath, "url is not https://HOST[:PORT]"},
    {Reason::kTokenPathMalformed, "token path malformed"},
    {Reason::kAuthoritiesUnreadable, "CA certificate missing or unreadable"},
    {Reason::kPinMalformed, "pin malformed"},
    {Reason::kClientIdCharacter, "client id malformed"},
    {Reason::kClientSecretCharacter, "client secret malformed"},
    {Reason::kUsernameCharacter, "username malformed"},
    {Reason::kPasswordCharacter, "password malformed"},
    {Reason::kAmbiguousGrant, "code malformed, or both code and password"},
    {Reason::kDurationOutOfRange, "a time is out of its range"},
    {Reason::kRecordKeySize, "no device key"},
    {Reason::kRequestMethod, "sample request malformed"},
    {Reason::kRequestTooLarge, "request larger than the I/O buffer"},
    {Reason::kResponseTooLarge, "response larger than the I/O buffer"},
    {Reason::kTokenTooLong, "token longer than its buffer"},
    {Reason::kArenaExhausted, "TLS arena too small"},
    {Reason::kNoEntropy, "no entropy"},
    {Reason::kTlsUnusable, "TLS not started"},
    {Reason::kStorageFailed, "storage failed"},
    {Reason::kBodySource, "request content failed"},
    {Reason::kNameNotFound, "name not found"},
    {Reason::kNoConnection, "server or name not reachable"},
    {Reason::kConnectionLost, "connection lost"},
    {Reason::kConnectTimeout, "no answer while connecting"},
    {Reason::kOperationTimeout, "no answer in time"},
    {Reason::kNotTls, "server does not speak TLS"},
    {Reason::kTlsRefused, "server refused TLS"},
    {Reason::kTlsFailed, "TLS failed"},
    {Reason::kTlsTruncated, "connection cut short"},
    {Reason::kCertificateNotTrusted, "certificate not trusted: another CA?"},
    {Reason::kCertificateWrongHost, "certificate is for another host"},
    {Reason::kCertificateUnsuitable, "certificate unsuitable: weak, or for another use"},
    {Reason::kCertificateNotPinned, "certificate not pinned"},
    {Reason::kCertificateExpired, "certificate expired"},
    {Reason::kCertificateNotYetValid, "certificate not yet valid"},
    {Reason::kClockUnknown, "time unknown, certificate not judged"},
    {Reason::kTruncated, "response is not proper HTTP"},
    {Reason::kUnexpectedStatus, "unexpected HTTP status"},
    {Reason::kExpiresIn, "response is no proper token"},
    {Reason::kRedirected, "server redirects, not followed"},
    {Reason::kWrongPath, "no token at this path"},
    {Reason::kRefused, "credentials refused"},
    {Reason::kBusy, "server busy"},
    {Reason::kLatched, "credentials were refused, not tried again yet"},
    {Reason::kCodeSpent, "a new code is needed"},
};

static_assert(std::end(kWords)[-1].until == Reason::kCodeSpent, "the last reason has words");

}  // namespace

std::string_view WordsFor(Reason reason) {
  const Words* words = kWords;
  while (words->until < reason) {
    ++words;
  }
  return words->text;
}

}  // namespace connect_auth::smartfusion2
