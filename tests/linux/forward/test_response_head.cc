// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/response_head.h"

#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

using Framing = ResponseHead::Framing;

/// What is made of memory that ends where the head does.
std::optional<ResponseHead> Make(std::string_view heads, const AskedWith& asked = {}) {
  static const GuardedBytes memory(4096);
  return ForwardedHead(AsText(memory.Copy(AsBytes(heads))), asked);
}

void AssertMade(std::string_view heads, const AskedWith& asked, Framing framing,
                std::string_view text) {
  const std::optional<ResponseHead> made = Make(heads, asked);
  assert_true(made.has_value());
  assert_string_equal(made->text.c_str(), std::string(text).c_str());
  assert_int_equal(made->framing, framing);
}

void length_is_kept(void**) {
  AssertMade("HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 05\r\n\r\n", {}, Framing::kLength,
             "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
}

void unknown_length_is_framed_as_the_program_knows_it(void**) {
  for (const std::string_view field : {"", "Transfer-Encoding: chunked\r\n"}) {
    const std::string head = "HTTP/1.0 200 \r\n" + std::string(field) + "\r\n";
    AssertMade(head, {}, Framing::kChunked,
               "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    AssertMade(head, {false, true}, Framing::kClose, "HTTP/1.1 200 \r\nConnection: close\r\n\r\n");
  }
}

void answers_without_content(void**) {
  AssertMade("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {true, false}, Framing::kNone,
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
  AssertMade("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {true, false}, Framing::kNone,
             "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  AssertMade("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}, Framing::kNone,
             "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
  AssertMade("HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n", {}, Framing::kNone,
             "HTTP/1.1 204\r\nConnection: close\r\n\r\n");
}

/// Nobody checks lengths where there is no content.
void doubtful_length_is_dropped(void**) {
  for (const std::string_view fields :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: x\r\n",
        "Content-Length: 5, 5\r\n", "Content-Length: x\r\nContent-Length: 5\r\n"}) {
    AssertMade("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n", {true, false}, Framing::kNone,
               "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  }
}

void only_the_final_head_counts(void**) {
  AssertMade(
      "HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      {}, Framing::kLength, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

void folded_lines_are_unfolded(void**) {
  AssertMade("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nContent-Length: 0\r\n\r\n", {},
             Framing::kLength,
             "HTTP/1.1 200 OK\r\nA: b   c  \td\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

void fields_of_one_connection_are_dropped(void**) {
  AssertMade(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, b\r\nB: c\r\nKeep-Alive: 5\r\nUpgrade: d\r\n"
      "Trailer: e\r\nProxy-Authenticate: f\r\nG: h\r\nContent-Length: 0\r\n\r\n",
      {}, Framing::kLength,
      "HTTP/1.1 200 OK\r\nG: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

void head_without_its_end_is_none(void**) {
  constexpr std::string_view kWhole = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  assert_true(Make(kWhole).has_value());
  for (std::size_t size = 0; size < kWhole.size(); ++size) {
    assert_false(Make(kWhole.substr(0, size)).has_value());
  }
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;
  const CMUnitTest tests[] = {
      cmocka_unit_test(length_is_kept),
      cmocka_unit_test(unknown_length_is_framed_as_the_program_knows_it),
      cmocka_unit_test(answers_without_content),
      cmocka_unit_test(doubtful_length_is_dropped),
      cmocka_unit_test(only_the_final_head_counts),
      cmocka_unit_test(folded_lines_are_unfolded),
      cmocka_unit_test(fields_of_one_connection_are_dropped),
      cmocka_unit_test(head_without_its_end_is_none),
  };
  return cmocka_run_group_tests_name("linux/forward/response_head", tests, nullptr, nullptr);
}
