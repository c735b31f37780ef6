// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/redirect_uri.h"

#include <string>
#include <string_view>

#include "port/bytes.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

/// What is read from memory that ends where the text does.
std::optional<RedirectUri> Parse(std::string_view text) {
  static const GuardedBytes memory(4096);
  return ParseRedirectUri(AsText(memory.Copy(AsBytes(text))));
}

void redirect_uri_is_taken_apart(void**) {
  constexpr struct {
    std::string_view text, scheme, host;
    std::uint16_t port;
    std::string_view path, query;
  } kCases[] = {
      {"http://127.0.0.1:8080/cb", "http", "127.0.0.1", 8080, "/cb", ""},
      {"http://localhost", "http", "localhost", 80, "/", ""},
      {"https://a.example?x=1", "https", "a.example", 443, "/", "x=1"},
      {"https://a.example/?", "https", "a.example", 443, "/", ""},
      {"https://a.example/p?a=b?c/d#e?f", "https", "a.example", 443, "/p", "a=b?c/d"},
      {"http://[::1]:65535/", "http", "[::1]", 65535, "/", ""},
      {"app.example://done/x", "app.example", "done", 0, "/x", ""},
  };
  for (const auto& wanted : kCases) {
    const std::optional<RedirectUri> uri = Parse(wanted.text);
    assert_true(uri.has_value());
    assert_true(uri->scheme == wanted.scheme && uri->host == wanted.host);
    assert_int_equal(uri->port, wanted.port);
    assert_true(uri->path == wanted.path && uri->query == wanted.query);
  }
}

void redirect_uri_refuses_everything_else(void**) {
  for (const std::string_view text : {"",
                                      "://",
                                      "http:",
                                      "http://",
                                      "http://:80/",
                                      "http:///x",
                                      "//host/",
                                      "host/path",
                                      "http://a:0/",
                                      "http://a:65536/",
                                      "http://a:/",
                                      "http://a:8o/",
                                      "http://a:80:80/",
                                      "http://user@a/",
                                      "http://a b/",
                                      "http://a/\x7F",
                                      "http://\xC3\xA4/",
                                      "http://[::1",
                                      "http://[::1]x/",
                                      "http://[gg]/",
                                      "ht#tp://a/",
                                      "ht tp://a/",
                                      "http://a\\b/",
                                      "#://a"}) {
    assert_false(Parse(text).has_value());
  }
  assert_false(Parse(std::string_view("http://a/\0x", 11)).has_value());
}

void redirect_uri_of_every_length_stays_within_its_text(void**) {
  constexpr std::string_view kWhole = "https://[2001:db8::1]:8443/p/q?code=c&state=s#f";
  for (std::size_t size = 0; size <= kWhole.size(); ++size) {
    const std::optional<RedirectUri> uri = Parse(kWhole.substr(0, size));
    // From the ']' on, but where the port is just missing.
    assert_int_equal(uri.has_value(), size >= 21 && size != 22);
  }
}

void same_place_leaves_the_query_out(void**) {
  const std::string uri = "https://a.example/cb?x=1";
  for (const std::string_view same :
       {"https://a.example/cb", "HTTPS://A.Example:443/cb?code=c&state=s"}) {
    assert_true(IsSamePlace(*ParseRedirectUri(uri), *ParseRedirectUri(same)));
  }
  for (const std::string_view other :
       {"http://a.example/cb", "http://a.example:443/cb", "https://a.example:8443/cb",
        "https://b.example/cb", "https://a.example/CB", "https://a.example/",
        "https://a.example"}) {
    assert_false(IsSamePlace(*ParseRedirectUri(uri), *ParseRedirectUri(other)));
  }
}

void loopback_is_three_names_over_http(void**) {
  for (const std::string_view uri :
       {"http://127.0.0.1:1/", "http://[::1]/x", "HTTP://LocalHost:8080"}) {
    assert_true(IsLoopback(*ParseRedirectUri(uri)));
  }
  for (const std::string_view uri :
       {"https://127.0.0.1/", "http://127.0.0.2/", "http://0.0.0.0/", "http://[::]/",
        "http://localhost.example/", "http://127.0.0.1.example/", "ftp://localhost/"}) {
    assert_false(IsLoopback(*ParseRedirectUri(uri)));
  }
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(redirect_uri_is_taken_apart),
      cmocka_unit_test(redirect_uri_refuses_everything_else),
      cmocka_unit_test(redirect_uri_of_every_length_stays_within_its_text),
      cmocka_unit_test(same_place_leaves_the_query_out),
      cmocka_unit_test(loopback_is_three_names_over_http),
  };
  return cmocka_run_group_tests_name("linux/login/redirect_uri", tests, nullptr, nullptr);
}
