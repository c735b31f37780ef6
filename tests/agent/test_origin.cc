// SPDX-License-Identifier: Apache-2.0
#include "agent/http/origin.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

struct Accepted {
  std::string_view url;
  std::string_view host;
  std::uint16_t port;
  bool is_ipv6;
};

void origin_accepts_https_urls_with_and_without_port(void**) {
  constexpr Accepted kCases[] = {
      {"https://h", "h", 443, false},
      {"https://h/", "h", 443, false},
      {"HTTPS://server.domain.tld", "server.domain.tld", 443, false},
      {"https://h:443/", "h", 443, false},
      {"https://h:8443", "h", 8443, false},
      {"https://h:1", "h", 1, false},
      {"https://h:65535/", "h", 65535, false},
      {"https://127.0.0.1:8443", "127.0.0.1", 8443, false},
      {"https://[2001:db8::1]/", "2001:db8::1", 443, true},
      {"https://[::1]:8443", "::1", 8443, true},
  };
  for (const Accepted& wanted : kCases) {
    Origin origin;

    assert_true(ParseOrigin(wanted.url, origin) == Reason::kNone);

    assert_true(origin.host == wanted.host);
    assert_int_equal(origin.port, wanted.port);
    assert_int_equal(origin.is_ipv6, wanted.is_ipv6);
  }
}

void origin_refuses_everything_else_and_says_why(void**) {
  using std::string_view_literals::operator""sv;
  constexpr struct {
    std::string_view url;
    Reason reason;
  } kCases[] = {
      {"", Reason::kUrlNotHttps},
      {"http://h", Reason::kUrlNotHttps},
      {"h:443", Reason::kUrlNotHttps},
      {" https://h", Reason::kUrlNotHttps},
      {"https://", Reason::kUrlMalformed},
      {"https:///", Reason::kUrlMalformed},
      {"https://user@h", Reason::kUrlMalformed},
      {"https://user:pass@h", Reason::kUrlMalformed},
      {"https://h#f", Reason::kUrlMalformed},
      {"https://h/#f", Reason::kUrlMalformed},
      {"https://h/a b", Reason::kUrlMalformed},
      {"https://h h", Reason::kUrlMalformed},
      {"https://h\r\nX: y", Reason::kUrlMalformed},
      {"https://h\0x"sv, Reason::kUrlMalformed},
      {"https://h\xC3\xA4", Reason::kUrlMalformed},
      {"https://h:", Reason::kUrlMalformed},
      {"https://h:0", Reason::kUrlMalformed},
      {"https://h:65536", Reason::kUrlMalformed},
      {"https://h:4294967739", Reason::kUrlMalformed},
      {"https://h:+1", Reason::kUrlMalformed},
      {"https://h:1x", Reason::kUrlMalformed},
      {"https://:443", Reason::kUrlMalformed},
      {"https://[::1", Reason::kUrlMalformed},
      {"https://[]", Reason::kUrlMalformed},
      {"https://[::1]x", Reason::kUrlMalformed},
      {"https://[fe80::1%25eth0]", Reason::kUrlMalformed},
      {"https://h?q", Reason::kUrlMalformed},
      {"https://h/path", Reason::kUrlHasPath},
      {"https://h/Connect/api/token", Reason::kUrlHasPath},
      {"https://h/?q", Reason::kUrlHasPath},
  };
  for (const auto& wanted : kCases) {
    Origin origin;
    assert_true(ParseOrigin(wanted.url, origin) == wanted.reason);
    assert_true(origin.host.empty());
  }
}

void origin_refuses_a_host_longer_than_a_domain_name(void**) {
  constexpr std::string_view kScheme = "https://";
  constexpr std::size_t kLongest = 253;
  std::array<char, kScheme.size() + kLongest + 1> url;
  url.fill('a');
  kScheme.copy(url.data(), kScheme.size());
  Origin origin;

  assert_true(ParseOrigin({url.data(), url.size() - 1}, origin) == Reason::kNone);
  assert_true(ParseOrigin({url.data(), url.size()}, origin) == Reason::kUrlMalformed);
}

void origin_refuses_as_long_an_address(void**) {
  std::array<char, 8 + 1 + 254 + 1> url;  // https://[...]
  url.fill(':');
  std::string_view("https://[").copy(url.data(), 9);
  url.back() = ']';
  Origin origin;

  assert_true(ParseOrigin({url.data(), url.size()}, origin) == Reason::kUrlMalformed);
}

void request_target_holds_visible_ascii_from_a_solidus_on(void**) {
  assert_true(IsRequestTarget("/"));
  assert_true(IsRequestTarget("/Connect/api/token?x=%20"));
  for (const std::string_view wrong :
       {"", "x", "https://h/", "/a b", "/a\r\nb", "/#f", "/\xC3\xA4", "/\x7F", "*"}) {
    assert_false(IsRequestTarget(wrong));
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(origin_accepts_https_urls_with_and_without_port),
      cmocka_unit_test(origin_refuses_everything_else_and_says_why),
      cmocka_unit_test(origin_refuses_a_host_longer_than_a_domain_name),
      cmocka_unit_test(origin_refuses_as_long_an_address),
      cmocka_unit_test(request_target_holds_visible_ascii_from_a_solidus_on),
  };
  return cmocka_run_group_tests_name("agent/origin", tests, nullptr, nullptr);
}
