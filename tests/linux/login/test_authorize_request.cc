// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/authorize_request.h"

#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_entropy.h"

namespace connect_auth::program {
namespace {

// RFC 7636 appendix B.
constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

AuthorizeRequest PlainRequest() {
  AuthorizeRequest request;
  request.server = "https://connect.example.com";
  request.path = "/Connect/oauth/authorize";
  request.client_id = "Application1";
  request.state = SecretView("s");
  return request;
}

std::string UrlOf(const AuthorizeRequest& request) {
  SecretBuffer url;
  assert_false(WriteAuthorizeUrl(request, url).exists());
  return std::string(url.view().Reveal());
}

void url_holds_only_what_is_needed(void**) {
  assert_string_equal(UrlOf(PlainRequest()).c_str(),
                      "https://connect.example.com/Connect/oauth/authorize"
                      "?response_type=code&client_id=Application1&state=s");
}

void url_holds_redirect_uri_and_challenge_when_given(void**) {
  AuthorizeRequest request = PlainRequest();
  request.redirect_uri = "http://127.0.0.1:8080/cb?x=1";
  request.verifier = SecretView(kVerifier);
  const std::string more =
      "&state=s&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fcb%3Fx%3D1"
      "&code_challenge_method=S256&code_challenge=" +
      std::string(kChallenge);
  assert_true(UrlOf(request).ends_with(more));
}

void url_escapes_and_joins(void**) {
  AuthorizeRequest request = PlainRequest();
  request.server = "https://h:8443/";
  request.path = "/login?tenant=1";
  request.client_id = "a&b =c%";
  assert_string_equal(
      UrlOf(request).c_str(),
      "https://h:8443/login?tenant=1&response_type=code&client_id=a%26b+%3Dc%25&state=s");
}

void challenge_is_that_of_the_rfc(void**) {
  const std::array<char, 43> challenge = CodeChallenge(SecretView(kVerifier));
  assert_true(std::string_view(challenge.data(), challenge.size()) == kChallenge);
}

void unguessable_text_is_new_each_time(void**) {
  fake::FakeEntropy entropy;
  SecretBuffer one;
  SecretBuffer other;
  assert_false(MakeUnguessable(entropy, one).exists());
  assert_false(MakeUnguessable(entropy, other).exists());
  assert_int_equal(one.size(), 43);
  assert_true(one.view().Reveal() != other.view().Reveal());
  assert_true(one.view().Reveal().find_first_not_of(
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
              std::string_view::npos);
}

void without_randomness_there_is_none(void**) {
  fake::FakeEntropy entropy;
  entropy.SetFailing(true);
  SecretBuffer text;
  assert_int_equal(MakeUnguessable(entropy, text).code, ExitCode::kOther);
  assert_true(text.empty());
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(url_holds_only_what_is_needed),
      cmocka_unit_test(url_holds_redirect_uri_and_challenge_when_given),
      cmocka_unit_test(url_escapes_and_joins),
      cmocka_unit_test(challenge_is_that_of_the_rfc),
      cmocka_unit_test(unguessable_text_is_new_each_time),
      cmocka_unit_test(without_randomness_there_is_none),
  };
  return cmocka_run_group_tests_name("linux/login/authorize_request", tests, nullptr, nullptr);
}
