// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/browser_request.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kRequest =
    "GET /cb?code=c&state=s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n";

/// Hands `octets` over in pieces.
///
/// @return  The state behind the last piece, or the first that is not kIncomplete.
RequestHead::State Feed(std::string_view octets, std::size_t chunk, RequestHead& into) {
  RequestHead::State state = RequestHead::State::kIncomplete;
  while (!octets.empty() && state == RequestHead::State::kIncomplete) {
    const Bytes room = into.room();
    assert_false(room.empty());
    const std::string_view piece = octets.substr(0, std::min(chunk, room.size()));
    CopyBytes(AsBytes(piece), room);
    state = into.Fill(piece.size());
    octets.remove_prefix(piece.size());
  }
  return state;
}

/// What is read from memory that ends where the head does.
std::optional<RequestLine> Parse(std::string_view head) {
  static const GuardedBytes memory(4096);
  return ParseRequestLine(AsText(memory.Copy(AsBytes(head))));
}

void head_ends_at_its_end_at_every_chunk_size(void**) {
  for (std::size_t chunk = 1; chunk <= kRequest.size(); ++chunk) {
    RequestHead whole;
    assert_int_equal(Feed(kRequest, chunk, whole), RequestHead::State::kComplete);
    assert_true(whole.text() == kRequest);
    RequestHead cut;
    assert_int_equal(Feed(kRequest.substr(0, kRequest.size() - 1), chunk, cut),
                     RequestHead::State::kIncomplete);
  }
}

void head_ends_though_more_follows(void**) {
  const std::string with_body = std::string(kRequest) + "body";
  for (std::size_t chunk = 1; chunk <= with_body.size(); ++chunk) {
    RequestHead head;
    assert_int_equal(Feed(with_body, chunk, head), RequestHead::State::kComplete);
  }
}

void endless_head_is_cut(void**) {
  for (const std::size_t chunk : {1U, 7U, 4096U, 1000000U}) {
    RequestHead head;
    assert_int_equal(Feed(std::string(1000000, 'x'), chunk, head), RequestHead::State::kTooLong);
    assert_int_equal(head.text().size(), RequestHead::kMostBytes);
  }
}

void line_is_taken_apart(void**) {
  const std::optional<RequestLine> line = Parse(kRequest);
  assert_true(line.has_value());
  assert_true(line->method == "GET" && line->path == "/cb" && line->query == "code=c&state=s");
  const std::optional<RequestLine> without = Parse("POST / HTTP/1.0\r\n");
  assert_true(without.has_value());
  assert_true(without->method == "POST" && without->path == "/" && without->query.empty());
  assert_true(Parse("GET /? HTTP/1.1\r\n")->query.empty());
}

void line_of_every_length_stays_within_its_text(void**) {
  const std::size_t line_end = kRequest.find("\r\n") + 2;
  for (std::size_t size = 0; size <= kRequest.size(); ++size) {
    assert_int_equal(Parse(kRequest.substr(0, size)).has_value(), size >= line_end);
  }
}

void hostile_line_is_refused(void**) {
  for (const std::string_view line : {"\r\n",
                                      " \r\n",
                                      "  \r\n",
                                      "GET\r\n",
                                      "GET /\r\n",
                                      "GET / \r\n",
                                      "GET  HTTP/1.1\r\n",
                                      "GET  / HTTP/1.1\r\n",
                                      "GET / x HTTP/1.1\r\n",
                                      " / HTTP/1.1\r\n",
                                      "G(T / HTTP/1.1\r\n",
                                      "GET cb HTTP/1.1\r\n",
                                      "GET * HTTP/1.1\r\n",
                                      "GET http://127.0.0.1/cb HTTP/1.1\r\n",
                                      "GET /# HTTP/1.1\r\n",
                                      "GET /\t HTTP/1.1\r\n",
                                      "GET /\x7F HTTP/1.1\r\n",
                                      "GET /\xC3\xA4 HTTP/1.1\r\n",
                                      "GET / HTTP/2\r\n",
                                      "GET / HTTP/1.2\r\n",
                                      "GET / http/1.1\r\n",
                                      "GET / HTTP/1.1\n",
                                      "\x16\x03\x01 / HTTP/1.1\r\n"}) {
    assert_false(Parse(line).has_value());
  }
  assert_false(Parse(std::string_view("GET /\0 HTTP/1.1\r\n", 17)).has_value());
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(head_ends_at_its_end_at_every_chunk_size),
      cmocka_unit_test(head_ends_though_more_follows),
      cmocka_unit_test(endless_head_is_cut),
      cmocka_unit_test(line_is_taken_apart),
      cmocka_unit_test(line_of_every_length_stays_within_its_text),
      cmocka_unit_test(hostile_line_is_refused),
  };
  return cmocka_run_group_tests_name("linux/login/browser_request", tests, nullptr, nullptr);
}
