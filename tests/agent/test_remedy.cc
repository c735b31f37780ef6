// SPDX-License-Identifier: Apache-2.0
#include "agent/session/remedy.h"

#include <algorithm>
#include <iterator>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

constexpr auto kLast = static_cast<std::uint32_t>(Reason::kCodeSpent);

// Written down here once more, by what a person would say of each, not by copying the switch.
constexpr Reason kMayPass[] = {
    Reason::kNoEntropy,
    Reason::kStorageFailed,
    Reason::kNameNotFound,
    Reason::kNoConnection,
    Reason::kConnectionLost,
    Reason::kConnectTimeout,
    Reason::kNotTls,
    Reason::kOperationTimeout,
    Reason::kTlsRefused,
    Reason::kTlsFailed,
    Reason::kTlsTruncated,
    Reason::kStatusLine,
    Reason::kFieldSyntax,
    Reason::kHeadTooLarge,
    Reason::kInterimFlood,
    Reason::kUpgrade,
    Reason::kContentLength,
    Reason::kTransferCoding,
    Reason::kContentCoding,
    Reason::kConflictingLength,
    Reason::kChunkSyntax,
    Reason::kTruncated,
    Reason::kBusy,
    Reason::kBodySource,
    Reason::kProxyUnreachable,
    Reason::kProxySilent,
    Reason::kProxyAuthentication,
    Reason::kProxyRefused,
    Reason::kProxyMalformed,
};
constexpr Reason kNeedsAPerson[] = {
    Reason::kResponseTooLarge,
    Reason::kTokenTooLong,
    Reason::kArenaExhausted,
    Reason::kCertificateNotTrusted,
    Reason::kCertificateWrongHost,
    Reason::kCertificateUnsuitable,
    Reason::kCertificateNotPinned,
    Reason::kCertificateExpired,
    Reason::kClockUnknown,
    Reason::kClientCertificateMissing,
    Reason::kClientCertificateExpired,
    Reason::kClientCertificateRefused,
    Reason::kCertificateNotYetValid,
    Reason::kUnexpectedStatus,
    Reason::kNotJson,
    Reason::kJsonTooLarge,
    Reason::kTokenMissing,
    Reason::kTokenCharacter,
    Reason::kTokenType,
    Reason::kExpiresIn,
    Reason::kWrongPath,
};
constexpr Reason kCountsAsALogin[] = {Reason::kRefused, Reason::kRedirected, Reason::kLatched};
constexpr Reason kEndsTheCode[] = {Reason::kCodeEmpty, Reason::kCodeRefused, Reason::kCodeSpent};
constexpr Reason kSendsNothing[] = {Reason::kRequestTooLarge, Reason::kTlsUnusable};

bool IsOfConfiguration(Reason reason) {
  return reason >= Reason::kUrlNotHttps && reason <= Reason::kRequestMethod;
}

template <std::size_t kSize>
bool Has(const Reason (&reasons)[kSize], Reason reason) {
  return std::find(std::begin(reasons), std::end(reasons), reason) != std::end(reasons);
}

Remedy Expected(Reason reason) {
  if (reason == Reason::kNone) {
    return Remedy::kNone;
  }
  if (IsOfConfiguration(reason) || Has(kSendsNothing, reason)) {
    return Remedy::kNewConfiguration;
  }
  if (Has(kCountsAsALogin, reason)) {
    return Remedy::kLatch;
  }
  if (Has(kEndsTheCode, reason)) {
    return Remedy::kNewCode;
  }
  assert_true(Has(kMayPass, reason) != Has(kNeedsAPerson, reason));
  return Has(kMayPass, reason) ? Remedy::kRetry : Remedy::kRetrySlowly;
}

void remedy_is_known_for_every_reason(void**) {
  for (std::uint32_t value = 0; value <= kLast; ++value) {
    const auto reason = static_cast<Reason>(value);
    assert_int_equal(RemedyOf(reason), Expected(reason));
  }
}

void remedy_for_what_is_no_reason_is_to_take_it_slowly(void**) {
  for (std::uint32_t value = kLast + 1; value <= UINT8_MAX; ++value) {
    assert_int_equal(RemedyOf(static_cast<Reason>(value)), Remedy::kRetrySlowly);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(remedy_is_known_for_every_reason),
      cmocka_unit_test(remedy_for_what_is_no_reason_is_to_take_it_slowly),
  };
  return cmocka_run_group_tests_name("agent/remedy", tests, nullptr, nullptr);
}
