// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_request.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"
#include "tests/support/settings.h"
#include "vectors.h"

namespace connect_auth {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kExtraFields =
    "Accept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: connect-auth\r\n";

Origin OriginOf(std::string_view url) {
  Origin origin;
  assert_true(ParseOrigin(url, origin) == Reason::kNone);
  return origin;
}

/// Checks that `request` is `wanted` with the extra fields at the end of its head.
void AssertRequest(std::string_view request, std::string_view wanted) {
  const std::size_t head_size = wanted.find(kHeadEnd) + 2;
  assert_true(request.substr(0, head_size) == wanted.substr(0, head_size));
  assert_true(request.substr(head_size, kExtraFields.size()) == kExtraFields);
  assert_true(request.substr(head_size + kExtraFields.size()) == wanted.substr(head_size));
}

std::string_view BodyOf(std::string_view request) {
  return request.substr(request.find(kHeadEnd) + kHeadEnd.size());
}

void token_request_writes_every_vector_byte_for_byte(void**) {
  for (const vectors::Request& vector : vectors::kRequests) {
    Settings settings = tests::PageSettings();
    if (!vector.code.empty()) {
      settings.grant = Grant::kAuthorizationCode;
      settings.password = SecretView();
      settings.code = SecretView(vector.code);
    }
    std::array<std::uint8_t, 1024> room{};
    ByteWriter into(room);

    WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

    assert_false(into.overflowed());
    AssertRequest(AsText(into.written()), vector.wire);
  }
}

void token_request_escapes_every_vector_and_counts_its_octets(void**) {
  for (const vectors::Escape& vector : vectors::kEscapes) {
    Settings settings = tests::PageSettings();
    settings.username = vector.username;
    settings.password = SecretView(vector.password);
    assert_int_equal(CheckSettings(settings), Reason::kNone);
    std::array<std::uint8_t, 1024> room{};
    ByteWriter into(room);

    WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

    std::array<std::uint8_t, 64> length{};
    ByteWriter line(length);
    line.Put("\r\nContent-Length: ");
    line.PutDecimal(vector.body.size());
    line.Put("\r\n");
    assert_true(BodyOf(AsText(into.written())) == vector.body);
    assert_true(AsText(into.written()).find(AsText(line.written())) != std::string_view::npos);
  }
}

void token_request_fits_exactly_or_says_that_it_does_not(void**) {
  const Settings settings = tests::PageSettings();
  const Origin origin = OriginOf(settings.url);
  const GuardedBytes memory(1024);
  std::array<std::uint8_t, 1024> room{};
  ByteWriter whole(room);
  WriteTokenRequest(StrategyOf(settings.grant), settings, {}, origin, whole);

  for (std::size_t size = 0; size <= whole.size(); ++size) {
    ByteWriter into(memory.Last(size));

    WriteTokenRequest(StrategyOf(settings.grant), settings, {}, origin, into);

    assert_int_equal(into.overflowed(), size < whole.size());
  }
}

void token_request_form_encodes_id_and_secret_only_when_told_to(void**) {
  Settings settings = tests::PageSettings();
  settings.client_id = "0123456789abcdef0123456789abcdef";
  settings.client_secret = SecretView("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  constexpr struct {
    AuthEncoding encoding;
    std::string_view line;
  } kCases[] = {
      {AuthEncoding::kPlain,
       "Authorization: Basic "
       "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6QUFFQ0F3UUZCZ2NJQ1FvTERBME9E"
       "eEFSRWhNVUZSWVhHQmthR3h3ZEhoOD0=\r\n"},
      {AuthEncoding::kForm,
       "Authorization: Basic "
       "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6QUFFQ0F3UUZCZ2NJQ1FvTERBME9E"
       "eEFSRWhNVUZSWVhHQmthR3h3ZEhoOCUzRA==\r\n"},
  };
  for (const auto& wanted : kCases) {
    settings.auth_encoding = wanted.encoding;
    std::array<std::uint8_t, 1024> room{};
    ByteWriter into(room);

    WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

    assert_true(AsText(into.written()).find(wanted.line) != std::string_view::npos);
  }
}

void token_request_with_a_refresh_token_holds_nothing_else(void**) {
  std::array<std::uint8_t, 1024> room{};
  ByteWriter into(room);

  WriteTokenRequest(kRefreshTokenGrant, tests::PageSettings(), SecretView("r3fr+sh/tok&n"),
                    OriginOf(tests::PageSettings().url), into);

  assert_true(BodyOf(AsText(into.written())) ==
              "grant_type=refresh_token&refresh_token=r3fr%2Bsh%2Ftok%26n");
  assert_true(AsText(into.written()).find("Authorization: Basic ") != std::string_view::npos);
}

void token_request_of_the_client_itself_is_these_octets(void**) {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kClientCredentials;  // User and password are of no interest to it.
  std::array<std::uint8_t, 1024> room{};
  ByteWriter into(room);

  WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

  assert_true(AsText(into.written()) ==
              "POST /Connect/api/token HTTP/1.1\r\n"
              "Host: server.domain.tld\r\n"
              "Authorization: Basic QXBwbGljYXRpb24xOkFwcGxpY2F0aW9uMVBhc3N3b3Jk\r\n"
              "Content-Type: application/x-www-form-urlencoded\r\n"
              "Content-Length: 29\r\n"
              "Accept: application/json\r\n"
              "Accept-Encoding: identity\r\n"
              "User-Agent: connect-auth\r\n"
              "\r\n"
              "grant_type=client_credentials");
}

void token_request_repeats_the_redirect_uri_of_the_code(void**) {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kAuthorizationCode;
  settings.password = SecretView();
  settings.code = SecretView("a b");
  settings.redirect_uri = "https://app.example/cb?x=1";
  std::array<std::uint8_t, 1024> room{};
  ByteWriter into(room);

  WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

  assert_true(
      BodyOf(AsText(into.written())) ==
      "grant_type=authorization_code&code=a+b&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3F"
      "x%3D1");
}

void token_request_proves_with_the_code_verifier_who_asked_for_the_code(void**) {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kAuthorizationCode;
  settings.password = SecretView();
  settings.code = SecretView("c");
  settings.code_verifier = SecretView("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  std::array<std::uint8_t, 1024> room{};
  ByteWriter into(room);

  WriteTokenRequest(StrategyOf(settings.grant), settings, {}, OriginOf(settings.url), into);

  assert_true(BodyOf(AsText(into.written())) ==
              "grant_type=authorization_code&code=c&code_verifier="
              "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

void token_request_names_the_host_as_rfc_9110_wants(void**) {
  constexpr struct {
    std::string_view url;
    std::string_view line;
  } kCases[] = {{"https://h:443/", "\r\nHost: h\r\n"},
                {"https://h:8443", "\r\nHost: h:8443\r\n"},
                {"https://[2001:db8::1]/", "\r\nHost: [2001:db8::1]\r\n"},
                {"https://[2001:db8::1]:8443/", "\r\nHost: [2001:db8::1]:8443\r\n"}};
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 1024> room{};
    ByteWriter into(room);

    WriteTokenRequest(StrategyOf(Grant::kPassword), tests::PageSettings(), {}, OriginOf(wanted.url),
                      into);

    assert_true(AsText(into.written()).find(wanted.line) != std::string_view::npos);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(token_request_writes_every_vector_byte_for_byte),
      cmocka_unit_test(token_request_escapes_every_vector_and_counts_its_octets),
      cmocka_unit_test(token_request_fits_exactly_or_says_that_it_does_not),
      cmocka_unit_test(token_request_form_encodes_id_and_secret_only_when_told_to),
      cmocka_unit_test(token_request_with_a_refresh_token_holds_nothing_else),
      cmocka_unit_test(token_request_of_the_client_itself_is_these_octets),
      cmocka_unit_test(token_request_repeats_the_redirect_uri_of_the_code),
      cmocka_unit_test(token_request_proves_with_the_code_verifier_who_asked_for_the_code),
      cmocka_unit_test(token_request_names_the_host_as_rfc_9110_wants),
  };
  return cmocka_run_group_tests_name("agent/token_request", tests, nullptr, nullptr);
}
