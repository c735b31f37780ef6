// SPDX-License-Identifier: Apache-2.0
#include "agent/http/extra_fields.h"

#include <array>
#include <cstdint>

#include "agent/encoding/byte_writer.h"
#include "agent/session/api_request.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

void fields_are_lines(void**) {
  std::array<std::uint8_t, 64> room{};
  ExtraFields fields(room);
  assert_true(fields.lines().empty());
  assert_int_equal(fields.Add("Accept", "text/plain"), Status::kOk);
  assert_int_equal(fields.Add("x", ""), Status::kOk);
  assert_true(fields.lines() == "Accept: text/plain\r\nx: \r\n");
}

void nothing_can_be_smuggled(void**) {
  std::array<std::uint8_t, 256> room{};
  ExtraFields fields(room);
  for (const std::string_view name : {"",
                                      "a b",
                                      "a:",
                                      "a\r\nb",
                                      "\xc3\xa4",
                                      "Host",
                                      "host",
                                      "AUTHORIZATION",
                                      "Content-Length",
                                      "Transfer-Encoding",
                                      "Connection",
                                      "Keep-Alive",
                                      "TE",
                                      "Trailer",
                                      "Upgrade",
                                      "Expect",
                                      "Proxy-Authorization",
                                      "Proxy-Connection",
                                      "Accept-Encoding",
                                      "User-Agent"}) {
    assert_int_equal(fields.Add(name, "a"), Status::kInvalidArgument);
  }
  for (const std::string_view value :
       {std::string_view("a\r\nAuthorization: b"), std::string_view("a\0b", 3),
        std::string_view("a\n"), std::string_view("a\r"), std::string_view("\x01"),
        std::string_view("\x7f")}) {
    assert_int_equal(fields.Add("a", value), Status::kInvalidArgument);
  }
  assert_true(fields.lines().empty());
}

void room_may_end(void**) {
  const GuardedBytes memory(64);
  for (std::size_t size = 0; size < 6; ++size) {
    ExtraFields fields(memory.Last(size));
    assert_int_equal(fields.Add("a", "b"), Status::kBufferTooSmall);
    assert_true(fields.lines().empty());
  }
  ExtraFields fields(memory.Last(6));
  assert_int_equal(fields.Add("a", "b"), Status::kOk);
  assert_int_equal(fields.Add("", ""), Status::kInvalidArgument);
  assert_int_equal(fields.Add("c", ""), Status::kBufferTooSmall);
  assert_true(fields.lines() == "a: b\r\n");
}

void request_carries_them(void**) {
  std::array<std::uint8_t, 64> room{};
  ExtraFields fields(room);
  assert_int_equal(fields.Add("Via", "1.1 a"), Status::kOk);
  ApiRequest request;
  request.target = "/";
  request.extra_fields = &fields;
  std::array<std::uint8_t, 512> head{};
  ByteWriter into(head);
  WriteApiRequestHead(request, {"example.com", 443, false}, SecretView("t"), false, into);
  assert_true(AsText(into.written()) ==
              "GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer t\r\nVia: 1.1 a\r\n"
              "Connection: close\r\nAccept-Encoding: identity\r\nUser-Agent: connect-auth\r\n\r\n");
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(fields_are_lines),
      cmocka_unit_test(nothing_can_be_smuggled),
      cmocka_unit_test(room_may_end),
      cmocka_unit_test(request_carries_them),
  };
  return cmocka_run_group_tests_name("agent/extra_fields", tests, nullptr, nullptr);
}
