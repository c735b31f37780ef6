// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_response.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "agent/config.h"
#include "agent/encoding/byte_writer.h"
#include "agent/http/exchange.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_connection.h"
#include "tests/support/guarded_bytes.h"
#include "tests/support/settings.h"
#include "tests/support/sha256.h"
#include "vectors.h"

namespace connect_auth {
namespace {

constexpr std::size_t kMaxToken = 16384;
constexpr std::size_t kIoBytes = 2 * kMaxToken + 1500;
constexpr std::size_t kSweptWire = 1500;  // Longer ones at some chunk sizes only.

/// What became of a response; the token's octets are checked while they are there.
struct Judged {
  Failure failure;
  std::int32_t lifetime_s = 0;
  std::size_t token_size = 0;
  bool token_matches = false;
};

/// Sends a request over a fake connection, and judges what comes back in pieces of `chunk`.
Judged Judge(std::string_view wire, fake::End end, std::size_t chunk, const Settings& settings,
             Bytes io, std::string_view token_sha256 = {}) {
  std::array<std::uint8_t, 64> sent{};
  fake::FakeConnection connection(AsBytes(wire), chunk, end, sent);
  fake::FakeClock clock;
  Exchange exchange(connection, clock, io);
  CopyBytes(AsBytes("POST"), io);
  Exchange::Request request;
  request.host = "h";
  request.port = 443;
  request.head_size = 4;
  request.connect_deadline = Instant{1000000};
  request.deadline = Instant{1000000};
  assert_int_equal(exchange.Start(request), Status::kPending);
  Judged judged;
  for (judged.failure.status = Status::kPending; judged.failure.status == Status::kPending;) {
    clock.Advance(Millis{1});
    judged.failure.status = exchange.Poll();
  }
  judged.failure.reason = exchange.reason();
  if (judged.failure.status != Status::kOk) {
    return judged;
  }
  JsonObject json(exchange.free_buffer());
  Granted granted;
  judged.failure = ReadTokenResponse(exchange.response(), exchange.body(), settings, json, granted);
  judged.lifetime_s = granted.lifetime_s;
  judged.token_size = granted.access_token.size();
  judged.token_matches = tests::HasSha256(granted.access_token.Reveal(), token_sha256);
  if (judged.token_size > kMaxToken) {
    judged.failure.status = Status::kBufferTooSmall;
  }
  return judged;
}

bool IsExpected(Status status, vectors::Expect expect) {
  switch (expect) {
    case vectors::Expect::kAccept:
      return status == Status::kOk;
    case vectors::Expect::kProtocol:
      return status == Status::kMalformed || status == Status::kBufferTooSmall;
    case vectors::Expect::kPermanent:
      return status == Status::kRejected || status == Status::kNeedsCode;
    case vectors::Expect::kTransient:
      return status == Status::kUnavailable;
  }
  return false;
}

std::int32_t ExpectedLifetime(const vectors::Response& vector, const Settings& settings) {
  switch (vector.lifetime_s) {
    case vectors::kDefaultLifetime:
      return static_cast<std::int32_t>(settings.default_lifetime.count / 1000);
    case vectors::kMaxLifetime:
      return config::kMaxLifetimeSeconds;
    default:
      return vector.lifetime_s;
  }
}

void token_response_judges_every_vector_at_every_chunk_size(void**) {
  const GuardedBytes memory(kIoBytes);
  const Settings settings = tests::PageSettings();
  for (const vectors::Response& vector : vectors::kResponses) {
    const fake::End end = vector.closes ? fake::End::kClosed : fake::End::kOpen;
    for (std::size_t chunk = 1; chunk <= vector.wire.size();
         chunk = vector.wire.size() <= kSweptWire ? chunk + 1 : chunk * 3 + 1) {
      const Judged judged =
          Judge(vector.wire, end, chunk, settings, memory.Last(kIoBytes), vector.token_sha256);

      if (!IsExpected(judged.failure.status, vector.expect)) {
        fail_msg("%s at chunk size %zu: status %u, reason %u", vector.id, chunk,
                 static_cast<unsigned>(judged.failure.status),
                 static_cast<unsigned>(judged.failure.reason));
      }
      if (vector.expect == vectors::Expect::kAccept) {
        assert_int_equal(judged.token_size, vector.token_size);
        assert_true(judged.token_matches);
        assert_int_equal(judged.lifetime_s, ExpectedLifetime(vector, settings));
      }
    }
  }
}

/// Judges a response with this status line and JSON body.
Failure JudgeJson(std::string_view status, std::string_view json,
                  const Settings& settings = tests::PageSettings()) {
  std::array<std::uint8_t, 2048> wire{};
  ByteWriter into(wire);
  into.Put("HTTP/1.1 ");
  into.Put(status);
  into.Put(
      "\r\nRetry-After: 7\r\nLocation: https://evil.example:8443/token?code=x\r\n"
      "Content-Length: ");
  into.PutDecimal(json.size());
  into.Put("\r\n\r\n");
  into.Put(json);
  assert_false(into.overflowed());
  std::array<std::uint8_t, 4096> io{};
  return Judge(AsText(into.written()), fake::End::kOpen, wire.size(), settings, io).failure;
}

void token_response_names_what_is_wrong_with_a_200(void**) {
  constexpr struct {
    std::string_view json;
    Reason reason;
  } kCases[] = {
      {"<html>", Reason::kNotJson},
      {"[]", Reason::kNotJson},
      {"{\"token_type\":\"bearer\"}", Reason::kTokenMissing},
      {"{\"access_token\":5,\"token_type\":\"bearer\"}", Reason::kTokenMissing},
      {"{\"access_token\":\"a b\",\"token_type\":\"bearer\"}", Reason::kTokenCharacter},
      {"{\"access_token\":\"a\\r\\nb\",\"token_type\":\"bearer\"}", Reason::kTokenCharacter},
      {"{\"access_token\":\"a\\u007f\",\"token_type\":\"bearer\"}", Reason::kTokenCharacter},
      {"{\"access_token\":\"a\"}", Reason::kTokenType},
      {"{\"access_token\":\"a\",\"token_type\":\"mac\"}", Reason::kTokenType},
      {"{\"access_token\":\"a\",\"token_type\":null}", Reason::kTokenType},
      {"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":true}",
       Reason::kExpiresIn},
      {"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"\"}",
       Reason::kExpiresIn},
      {"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"1h\"}",
       Reason::kExpiresIn},
      {"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":1,\"expires_in\":2}",
       Reason::kExpiresIn},
  };
  for (const auto& wanted : kCases) {
    const Failure failure = JudgeJson("200 OK", wanted.json);
    assert_int_equal(failure.status, Status::kMalformed);
    assert_int_equal(failure.reason, wanted.reason);
    assert_int_equal(failure.http_status, 200);
  }
}

void token_response_takes_a_quoted_lifetime(void**) {
  constexpr struct {
    std::string_view wire;
    std::int32_t lifetime_s;
  } kCases[] = {
      {"HTTP/1.1 200 "
       "OK\r\n\r\n{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"90\"}",
       90},
      {"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":"
       "\"999999999999999999\"}",
       config::kMaxLifetimeSeconds},
      {"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":0}",
       0},
  };
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 4096> io{};
    const Judged judged = Judge(wanted.wire, fake::End::kClosed, 100, tests::PageSettings(), io);
    assert_int_equal(judged.failure.status, Status::kOk);
    assert_int_equal(judged.lifetime_s, wanted.lifetime_s);
  }
}

void token_response_classifies_by_status_and_error(void**) {
  constexpr struct {
    std::string_view status;
    std::string_view json;
    Status outcome;
    Reason reason;
    OAuthError error;
  } kCases[] = {
      {"201 Created", "{}", Status::kMalformed, Reason::kUnexpectedStatus, OAuthError::kNone},
      {"302 Found", "", Status::kRejected, Reason::kRedirected, OAuthError::kNone},
      {"307 Temporary Redirect", "", Status::kRejected, Reason::kRedirected, OAuthError::kNone},
      {"400 x", "{\"error\":\"invalid_request\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kInvalidRequest},
      {"400 x", "{\"error\":\"invalid_grant\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kInvalidGrant},
      {"401 x", "{\"error\":\"invalid_client\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kInvalidClient},
      {"400 x", "{\"error\":\"unauthorized_client\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kUnauthorizedClient},
      {"400 x", "{\"error\":\"unsupported_grant_type\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kUnsupportedGrantType},
      {"400 x", "{\"error\":\"invalid_scope\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kInvalidScope},
      {"400 x", "{\"error\":\"new_error\"}", Status::kRejected, Reason::kRefused,
       OAuthError::kOther},
      {"400 x", "{\"error\":{}}", Status::kRejected, Reason::kRefused, OAuthError::kOther},
      {"400 x", "{\"error\":\"temporarily_unavailable\"}", Status::kUnavailable, Reason::kBusy,
       OAuthError::kTemporary},
      {"400 x", "{\"error\":\"server_error\"}", Status::kUnavailable, Reason::kBusy,
       OAuthError::kTemporary},
      {"401 x", "", Status::kRejected, Reason::kRefused, OAuthError::kNone},
      {"403 x", "<html>", Status::kRejected, Reason::kRefused, OAuthError::kNone},
      {"404 x", "", Status::kRejected, Reason::kWrongPath, OAuthError::kNone},
      {"405 x", "", Status::kRejected, Reason::kWrongPath, OAuthError::kNone},
      {"410 x", "", Status::kRejected, Reason::kWrongPath, OAuthError::kNone},
      {"408 x", "", Status::kUnavailable, Reason::kBusy, OAuthError::kNone},
      {"425 x", "", Status::kUnavailable, Reason::kBusy, OAuthError::kNone},
      {"429 x", "", Status::kUnavailable, Reason::kBusy, OAuthError::kNone},
      {"500 x", "{\"error\":\"invalid_client\"}", Status::kUnavailable, Reason::kBusy,
       OAuthError::kNone},
      {"503 x", "", Status::kUnavailable, Reason::kBusy, OAuthError::kNone},
  };
  for (const auto& wanted : kCases) {
    const Failure failure = JudgeJson(wanted.status, wanted.json);
    assert_int_equal(failure.status, wanted.outcome);
    assert_int_equal(failure.reason, wanted.reason);
    assert_int_equal(failure.oauth_error, wanted.error);
    assert_int_equal(failure.retry_after_s, 7);
  }
}

void token_response_asks_for_a_new_code_when_the_code_is_refused(void**) {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kAuthorizationCode;
  for (const std::string_view json :
       {"{\"error\":\"invalid_grant\"}", "{\"error\":\"invalid_request\"}"}) {
    const Failure failure = JudgeJson("400 x", json, settings);
    assert_int_equal(failure.status, Status::kNeedsCode);
    assert_int_equal(failure.reason, Reason::kCodeRefused);
  }
  assert_int_equal(JudgeJson("401 x", "{\"error\":\"invalid_client\"}", settings).status,
                   Status::kRejected);
}

void token_response_needs_no_code_where_the_grant_has_none(void**) {
  Settings settings = tests::PageSettings();
  for (const Grant grant : {Grant::kPassword, Grant::kClientCredentials}) {
    settings.grant = grant;
    const Failure failure = JudgeJson("400 x", "{\"error\":\"invalid_grant\"}", settings);
    assert_int_equal(failure.status, Status::kRejected);
    assert_int_equal(failure.reason, Reason::kRefused);
  }
}

void token_response_keeps_the_servers_words_for_a_person(void**) {
  constexpr struct {
    std::string_view json;
    std::string_view text;
  } kCases[] = {
      {"{\"error\":\"x\",\"error_description\":\"bad client\"}", "bad client"},
      {"{\"ErrorCode\":0,\"ErrorMessage\":\"bad field x\",\"Data\":[],\"HelpLink\":null}",
       "bad field x"},
      {"{\"error\":\"x\"}", "x"},
      {"{\"error_description\":\"tab\\tesc\\u001b[m \xC3\xA4\"}", "tab?esc?[m ??"},
      {"{}", ""},
      {"<html>", ""},
  };
  for (const auto& wanted : kCases) {
    assert_true(JudgeJson("400 x", wanted.json).peer_text.view() == wanted.text);
  }
  assert_true(JudgeJson("302 x", "").peer_text.view() == "https://evil.example:8443");
}

void token_response_takes_null_for_an_absent_member(void**) {
  std::array<std::uint8_t, 4096> io{};
  const Judged judged = Judge(
      "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\",\"token_type\":\"bearer\","
      "\"expires_in\":null,\"error\":null}",
      fake::End::kClosed, 100, tests::PageSettings(), io);
  assert_int_equal(judged.failure.status, Status::kOk);
  assert_int_equal(judged.lifetime_s, 300);
}

void token_response_withholds_words_that_repeat_a_secret(void**) {
  Settings settings = tests::PageSettings();
  settings.client_secret = SecretView("s3cr t/+");
  settings.password = SecretView("hunter2");
  settings.code_verifier = SecretView("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  for (const std::string_view json :
       {"{\"ErrorMessage\":\"bad value password=hunter2\"}", "{\"ErrorMessage\":\"s3cr t/+\"}",
        "{\"ErrorMessage\":\"client_secret=s3cr+t%2F%2B&\"}",
        "{\"ErrorMessage\":\"code_verifier=dBjftJeZ\"}",
        "{\"ErrorMessage\":\"client_secret=s3cr%20t%2f%2b&\"}",
        "{\"ErrorMessage\":\"Authorization: Basic QXBwbGljYXRpb24xOnMzY3IgdC8r\"}"}) {
    assert_true(JudgeJson("400 x", json, settings).peer_text.view() ==
                "(withheld: it repeats a secret)");
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(token_response_judges_every_vector_at_every_chunk_size),
      cmocka_unit_test(token_response_names_what_is_wrong_with_a_200),
      cmocka_unit_test(token_response_takes_a_quoted_lifetime),
      cmocka_unit_test(token_response_classifies_by_status_and_error),
      cmocka_unit_test(token_response_asks_for_a_new_code_when_the_code_is_refused),
      cmocka_unit_test(token_response_needs_no_code_where_the_grant_has_none),
      cmocka_unit_test(token_response_keeps_the_servers_words_for_a_person),
      cmocka_unit_test(token_response_takes_null_for_an_absent_member),
      cmocka_unit_test(token_response_withholds_words_that_repeat_a_secret),
  };
  return cmocka_run_group_tests_name("agent/token_response", tests, nullptr, nullptr);
}
