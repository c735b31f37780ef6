// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/client_request.h"

#include <string>
#include <string_view>

#include "platform/linux/forward/field_lines.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

constexpr Origin kOrigin{"connect.example.com", 443, false};

struct Outcome {
  int status = 0;  // 0: it is forwarded.
  ClientRequest request;
};

/// What is read from memory that ends where the head does. Valid until the next call.
Outcome Parse(std::string_view head, const Origin& origin = kOrigin) {
  static const GuardedBytes memory(65536);
  Outcome outcome;
  const auto refusal =
      ParseClientRequest(AsText(memory.Copy(AsBytes(head))), origin, outcome.request);
  outcome.status = refusal ? refusal->status : 0;
  return outcome;
}

Outcome ParseTarget(std::string_view target, const Origin& origin = kOrigin) {
  return Parse("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n", origin);
}

Outcome ParseFields(std::string_view fields, std::string_view version = "1.1") {
  return Parse("POST /a HTTP/" + std::string(version) + "\r\n" + std::string(fields) + "\r\n");
}

void request_is_read(void**) {
  const Outcome outcome = Parse(
      "PUT /a?b=c%20d HTTP/1.1\r\nhost:  b:80 \r\nX-A:1\r\nContent-Length: 12\r\n"
      "EXPECT: 100-Continue\r\n\r\n");
  assert_int_equal(outcome.status, 0);
  const ClientRequest& request = outcome.request;
  assert_true(request.method == "PUT" && request.target == "/a?b=c%20d" && request.host == "b:80");
  assert_int_equal(request.content_length, 12);
  assert_true(request.expects_continue);
  assert_false(request.http_1_0);
  assert_false(request.from_browser);
  FieldLines lines(request.fields);
  FieldLines::Line line;
  assert_true(lines.Next(line) && line.name == "host" && line.value == "b:80");
  assert_true(lines.Next(line) && line.name == "X-A" && line.value == "1");
  assert_true(lines.Next(line) && lines.Next(line));
  assert_false(lines.Next(line));
  assert_true(lines.complete());
}

void old_version_needs_no_host_and_expects_nothing(void**) {
  assert_int_equal(Parse("GET / HTTP/1.0\r\n\r\n").status, 0);
  const Outcome outcome = ParseFields("Expect: 100-continue\r\n", "1.0");
  assert_int_equal(outcome.status, 0);
  assert_true(outcome.request.http_1_0);
  assert_false(outcome.request.expects_continue);
  assert_int_equal(ParseFields("Host: a\r\nHost: a\r\n", "1.0").status, 400);
  assert_int_equal(ParseFields("Transfer-Encoding: chunked\r\n", "1.0").status, 400);
}

void target_is_for_the_configured_origin(void**) {
  for (const std::string_view target :
       {"https://connect.example.com/a?b", "HTTPS://Connect.Example.COM:443/a?b", "/a?b"}) {
    const Outcome outcome = ParseTarget(target);
    assert_int_equal(outcome.status, 0);
    assert_true(outcome.request.target == "/a?b");
  }
  assert_true(ParseTarget("https://connect.example.com").request.target == "/");
  assert_true(ParseTarget("//connect.example.com/a").request.target == "//connect.example.com/a");
  for (const std::string_view target :
       {"http://connect.example.com/a", "https://connect.example.com:8443/a",
        "https://connect.example.com.evil.example/a", "https://evil.example/connect.example.com",
        "https://a@connect.example.com/a", "https://connect.example.com:/a", "https:///a",
        "ftp://connect.example.com/a", "https://[::1]/a"}) {
    assert_int_equal(ParseTarget(target).status, 421);
  }
  const Origin v6{"::1", 8443, true};
  assert_int_equal(ParseTarget("https://[::1]:8443/a", v6).status, 0);
  for (const std::string_view target :
       {"", "*", "a", "connect.example.com:443", "/a b", "/a\tb", "/a#b", "/\x80", "/\x7f", "?a",
        "https://connect.example.com?a"}) {
    assert_int_equal(ParseTarget(target).status, 400);
  }
  assert_int_equal(ParseTarget("https://connect.example.com#a").status, 400);
  assert_int_equal(ParseTarget('/' + std::string(7999, 'a')).status, 0);
  assert_int_equal(ParseTarget('/' + std::string(8000, 'a')).status, 414);
}

void first_line_is_strict(void**) {
  for (const std::string_view line :
       {"", " ", "GET", "GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
        "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.1x",
        "GET / HTTP/11", "GET / HTTP/1,1", "GET / HTTP/1.", "GET / HTTP/1.1 HTTP/1.1"}) {
    assert_int_equal(Parse(std::string(line) + "\r\nHost: a\r\n\r\n").status, 400);
  }
  for (const std::string_view version : {"0.9", "1.2", "2.0", "9.9"}) {
    assert_int_equal(ParseFields("Host: a\r\n", version).status, 505);
  }
  for (const std::string_view method : {"CONNECT", "connect", "TRACE", "Trace"}) {
    assert_int_equal(Parse(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
  }
}

void fields_are_strict(void**) {
  for (const std::string_view fields :
       {"",
        "Host: a\r\nHost: b\r\n",
        "Host : a\r\n",
        " Host: a\r\n",
        "Host: a\r\n b\r\n",
        "Host: a\r\n\tb: c\r\n",
        "Host: a\r\nb\r\n",
        "Host: a\r\n: b\r\n",
        "Host: a\r\nb c: d\r\n",
        "Host: a\nb: c\r\n",
        "Host: a\rb: c\r\n",
        "Host: a\r\r\n",
        "Host: a\r\nb: \x01\r\n",
        "Host: a\r\nb: \x7f\r\n",
        "Host: a\r\nb\x80: c\r\n",
        "Host: a\r\nContent-Length:\r\n",
        "Host: a\r\nContent-Length: -1\r\n",
        "Host: a\r\nContent-Length: +1\r\n",
        "Host: a\r\nContent-Length: 1,1\r\n",
        "Host: a\r\nContent-Length: 1 1\r\n",
        "Host: a\r\nContent-Length: 0x1\r\n",
        "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
        "Host: a\r\nContent-Length: 1234567890123456789\r\n",
        "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Host: a\r\ntransfer-encoding: identity\r\ncontent-length: 1\r\n"}) {
    if (ParseFields(fields).status != 400) {
      fail_msg("not refused: '%.*s'", static_cast<int>(fields.size()), fields.data());
    }
  }
  assert_int_equal(ParseFields(std::string_view("Host: a\r\nb: c\0d\r\n", 17)).status, 400);
  assert_int_equal(ParseFields("Host: a\r\nTransfer-Encoding: chunked\r\n").status, 411);
  assert_int_equal(ParseFields("Host: a\r\nTransfer-Encoding: xchunked\r\n").status, 411);
  assert_int_equal(ParseFields("Host: a\r\nExpect: 200-ok\r\n").status, 417);
  assert_int_equal(ParseFields("Host: a\r\nb: \xc3\xa4 \t\r\n").status, 0);
  std::string many = "Host: a\r\n";
  for (int i = 1; i < 100; ++i) {
    many += "b: c\r\n";
  }
  assert_int_equal(ParseFields(many).status, 0);
  assert_int_equal(ParseFields(many + "b: c\r\n").status, 431);
}

void names_that_servers_take_for_others_are_refused(void**) {
  for (const std::string name : {"Transfer_Encoding", "Content_Length", "X_A", "_"}) {
    assert_int_equal(ParseFields("Host: a\r\n" + name + ": 1\r\n").status, 400);
  }
}

void browsers_are_known(void**) {
  assert_true(ParseFields("Host: a\r\norigin: null\r\n").request.from_browser);
  assert_true(ParseFields("Host: a\r\nSec-Fetch-Site: none\r\n").request.from_browser);
  assert_true(ParseFields("Host: a\r\nreferer: http://a/\r\n").request.from_browser);
}

void head_that_is_cut_anywhere_is_refused(void**) {
  constexpr std::string_view kWhole = "GET /a HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n";
  assert_int_equal(Parse(kWhole).status, 0);
  for (std::size_t size = 0; size < kWhole.size(); ++size) {
    assert_int_not_equal(Parse(kWhole.substr(0, size)).status, 0);
  }
}

/// Whatever octets come, nothing is read beyond them, and what is taken is plain.
void noise_is_survived(void**) {
  std::uint32_t random = 1;
  const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 24; };
  constexpr std::string_view kPieces[] = {
      "GET",     " ",  "/",  "HTTP/1.1", "\r\n", ":",        "\n",
      "Host: a", "\r", "\0", "\t",       "\xff", "https://", "Content-Length: 1"};
  int taken = 0;
  for (int turn = 0; turn < 200000; ++turn) {
    std::string head = turn % 2 == 0 ? "" : "GET / HTTP/1.1\r\nHost: a";
    for (std::uint32_t left = next() % 9; left > 0; --left) {
      head += kPieces[next() % std::size(kPieces)];
    }
    head += turn % 3 == 0 ? "" : "\r\n\r\n";
    const Outcome outcome = Parse(head);
    if (outcome.status == 0) {
      ++taken;
      FieldLines lines(outcome.request.fields);
      FieldLines::Line line;
      while (lines.Next(line)) {
        assert_true(line.value.find_first_of("\r\n") == std::string_view::npos);
      }
      assert_true(lines.complete());
    }
  }
  assert_in_range(taken, 1000, 200000);
}

void fields_of_one_connection_are_known(void**) {
  constexpr std::string_view kSection =
      "Connection: close , X-Mine\r\nX-Other: x-yours\r\nconnection:\t,,Y\r\n";
  for (const std::string_view name : {"connection", "Keep-Alive", "TE", "Trailer", "UPGRADE",
                                      "transfer-encoding", "Proxy-Authorization", "x-mine", "y"}) {
    assert_true(IsHopByHop(name, kSection));
  }
  for (const std::string_view name : {"X-Other", "x-yours", "Host", "Min", "X-Mine2"}) {
    assert_false(IsHopByHop(name, kSection));
  }
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;
  const CMUnitTest tests[] = {
      cmocka_unit_test(request_is_read),
      cmocka_unit_test(old_version_needs_no_host_and_expects_nothing),
      cmocka_unit_test(target_is_for_the_configured_origin),
      cmocka_unit_test(first_line_is_strict),
      cmocka_unit_test(fields_are_strict),
      cmocka_unit_test(names_that_servers_take_for_others_are_refused),
      cmocka_unit_test(browsers_are_known),
      cmocka_unit_test(head_that_is_cut_anywhere_is_refused),
      cmocka_unit_test(noise_is_survived),
      cmocka_unit_test(fields_of_one_connection_are_known),
  };
  return cmocka_run_group_tests_name("linux/forward/client_request", tests, nullptr, nullptr);
}
