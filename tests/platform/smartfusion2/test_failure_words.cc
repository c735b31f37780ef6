// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "platform/smartfusion2/firmware/failure_words.h"
#include "tests/cmocka.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using smartfusion2::WordsFor;

void failure_words_are_there_for_every_reason(void**) {
  for (int reason = 0; reason <= static_cast<int>(Reason::kCodeSpent); ++reason) {
    assert_false(WordsFor(static_cast<Reason>(reason)).empty());
  }
}

/// The table goes by the order of the reasons.
void failure_words_fit_their_reasons(void**) {
  assert_true(WordsFor(Reason::kNone) == "none");
  assert_true(WordsFor(Reason::kUrlNotHttps) == WordsFor(Reason::kUrlHasPath));
  assert_true(WordsFor(Reason::kArenaExhausted) == "TLS arena too small");
  assert_true(WordsFor(Reason::kNoEntropy) == "no entropy");
  assert_true(WordsFor(Reason::kCertificateNotTrusted) == "certificate not trusted: another CA?");
  assert_true(WordsFor(Reason::kCertificateWrongHost) == "certificate is for another host");
  assert_true(WordsFor(Reason::kCertificateExpired) == "certificate expired");
  assert_true(WordsFor(Reason::kStatusLine) == "response is not proper HTTP");
  assert_true(WordsFor(Reason::kTruncated) == "response is not proper HTTP");
  assert_true(WordsFor(Reason::kNotJson) == "response is no proper token");
  assert_true(WordsFor(Reason::kRefused) == "credentials refused");
  assert_true(WordsFor(Reason::kBusy) == "server busy");
  assert_true(WordsFor(Reason::kCodeSpent) == "a new code is needed");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(failure_words_are_there_for_every_reason),
      cmocka_unit_test(failure_words_fit_their_reasons),
  };
  return cmocka_run_group_tests_name("smartfusion2/failure_words", tests, nullptr, nullptr);
}
