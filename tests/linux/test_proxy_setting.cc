// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/proxy_setting.h"

#include <string>
#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth::program {
namespace {

void AssertReads(std::string_view text, std::string_view host, std::uint16_t port,
                 std::string_view user, std::string_view name) {
  ProxySetting proxy;
  assert_string_equal(ParseProxy(text, proxy).sentence.c_str(), "");
  assert_true(proxy.exists());
  assert_true(proxy.host == host);
  assert_int_equal(proxy.port, port);
  assert_true(proxy.user == user);
  assert_true(proxy.name() == name);
}

void proxy_is_read_with_and_without_a_user(void**) {
  AssertReads("http://proxy.example:3128", "proxy.example", 3128, "", "proxy.example:3128");
  AssertReads("HTTP://Proxy.example:443/", "Proxy.example", 443, "", "Proxy.example:443");
  AssertReads("http://192.0.2.1:80", "192.0.2.1", 80, "", "192.0.2.1:80");
  AssertReads("http://[2001:db8::1]:8080", "2001:db8::1", 8080, "", "[2001:db8::1]:8080");
  AssertReads("http://me@proxy.example:1", "proxy.example", 1, "me", "proxy.example:1");
  AssertReads("http://DOMAIN\\me@proxy.example:1", "proxy.example", 1, "DOMAIN\\me",
              "proxy.example:1");
  AssertReads("http://me%40home%25%2f@proxy.example:1", "proxy.example", 1, "me@home%/",
              "proxy.example:1");
  AssertReads("http://me@home@proxy.example:1", "proxy.example", 1, "me@home", "proxy.example:1");
}

void proxy_that_is_none_is_refused_and_not_repeated(void**) {
  for (const std::string_view text : {"",
                                      "planted",
                                      "http://",
                                      "http://planted",
                                      "http://planted:",
                                      "http://planted:x",
                                      "http://planted:65536",
                                      "https://planted:1",
                                      "http://planted:1/path",
                                      "http://pla nted:1",
                                      "http://[::1]planted:1",
                                      "http://[planted]:1",
                                      "http://::1:1",
                                      "http://planted@:1",
                                      "http://@planted:1",
                                      "http://planted%:1@host:1",
                                      "http://planted%4@host:1",
                                      "http://planted%4x@host:1",
                                      "http://planted%00@host:1",
                                      "http://planted%3A@host:1",
                                      "http://user:planted@host:1",
                                      "http://:planted@host:1"}) {
    ProxySetting proxy;
    const Problem problem = ParseProxy(text, proxy);
    assert_int_equal(problem.code, ExitCode::kUsage);
    assert_true(problem.sentence.find("planted") == std::string::npos);
    assert_false(proxy.exists());
    assert_true(proxy.user.empty());
  }
}

void host_is_exempt_by_name_domain_address_or_star(void**) {
  for (const std::string_view list :
       {"server.example.com", "SERVER.Example.COM", "example.com", ".example.com", "com",
        "other, example.com", "other\texample.com", " , ,example.com,", "*", "other *"}) {
    assert_true(IsExempt("server.example.com", list));
  }
  for (const std::string_view list :
       {"", " ,", "other", "server", "server.example", "xample.com", "example.com.other",
        "a.server.example.com", ".", "erver.example.com", "192.0.2.1"}) {
    assert_false(IsExempt("server.example.com", list));
  }
}

void address_is_exempt_as_a_whole_only(void**) {
  assert_true(IsExempt("192.0.2.1", "10.0.0.1 192.0.2.1"));
  assert_true(IsExempt("2001:db8::1", "[2001:DB8::1]"));
  assert_true(IsExempt("2001:db8::1", "2001:db8::1"));
  assert_true(IsExempt("2001:db8::1", "*"));
  for (const std::string_view list : {"0.2.1", ".0.2.1", "2.1", "1", "192.0.2", "192.0.2.10"}) {
    assert_false(IsExempt("192.0.2.1", list));
  }
  assert_false(IsExempt("2001:db8::1", "db8::1"));
}

void list_that_could_never_match_is_refused(void**) {
  for (const std::string_view list : {"", "*", "a, .b.example c_d 192.0.2.1 ::1,[::1]", " , "}) {
    assert_false(CheckNoProxy(list).exists());
  }
  for (const std::string_view list : {"192.0.2.0/24", "*.example.com", "a, b:443", "a; b", "a|b"}) {
    assert_int_equal(CheckNoProxy(list).code, ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(proxy_is_read_with_and_without_a_user),
      cmocka_unit_test(proxy_that_is_none_is_refused_and_not_repeated),
      cmocka_unit_test(host_is_exempt_by_name_domain_address_or_star),
      cmocka_unit_test(address_is_exempt_as_a_whole_only),
      cmocka_unit_test(list_that_could_never_match_is_refused),
  };
  return cmocka_run_group_tests_name("linux/proxy_setting", tests, nullptr, nullptr);
}
