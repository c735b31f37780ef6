// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/parse_work.h"

#include <algorithm>
#include <cstring>

#include "agent/encoding/base64.h"
#include "agent/http/response_parser.h"
#include "agent/oauth/token_response.h"
#include "mbedtls/base64.h"

namespace connect_auth::bench {
namespace {

using namespace std::literals;

/// An answer in front of its token and behind it.
struct Shape {
  std::string_view front;
  std::size_t token_size;
  std::string_view back;
};

constexpr Shape kManyFields = {
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n"
    "Content-Type: application/json;charset=UTF-8\r\n"
    "Content-Length: 703\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: no-store\r\n"
    "Pragma: no-cache\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Strict-Transport-Security: max-age=31536000\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Request-Id: 0f8fad5b-d9cd-469f-a165-70867728\r\n"
    "\r\n"
    "{\"access_token\":\""sv,
    561,
    "\",\"expires_in\":3600,\"refresh_expires_in\":0,\"token_type\":\"Bearer\",\"id\":\"0\","
    "\"not-before-policy\":0,\"scope\":\"profile email open\"}"sv};

constexpr Shape kLongToken = {
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json;charset=UTF-8\r\n"
    "Content-Length: 950\r\n"
    "Cache-Control: no-cache, no-store\r\n"
    "\r\n"
    "{\"access_token\":\""sv,
    891, "\",\"token_type\":\"bearer\",\"expires_in\":3600}"sv};

constexpr std::size_t SizeOf(const Shape& shape) {
  return shape.front.size() + shape.token_size + shape.back.size();
}
static_assert(SizeOf(kManyFields) == kAnswerBytes);
static_assert(SizeOf(kLongToken) == kAnswerBytes);

const Shape& ShapeOf(Answer answer) {
  return answer == Answer::kManyFields ? kManyFields : kLongToken;
}

Bytes BytesOf(AnswerText& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

// What the agent lends to the parser of JSON; that needs about 1 KB here.
alignas(std::max_align_t) std::array<std::uint8_t, 2560> arena;
constinit const connect_auth::Settings kSettings{};
connect_auth::ResponseParser parser;  // As the agent has it: not on the stack.

}  // namespace

void Build(Answer answer, AnswerText& into) {
  constexpr std::string_view kSymbols =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  const Shape& shape = ShapeOf(answer);
  char* out = std::copy(shape.front.begin(), shape.front.end(), into.data());
  for (std::size_t i = 0; i < shape.token_size; ++i) {
    *out++ = kSymbols[i * 7 % kSymbols.size()];
  }
  std::copy(shape.back.begin(), shape.back.end(), out);
}

std::string_view TokenOf(Answer answer, const AnswerText& text) {
  const Shape& shape = ShapeOf(answer);
  return {text.data() + shape.front.size(), shape.token_size};
}

}  // namespace connect_auth::bench

using connect_auth::bench::AnswerText;

using connect_auth::bench::parser;

std::size_t bench_connect_auth_http(AnswerText* text) {
  parser.Reset(true);
  return parser.Decode(connect_auth::bench::BytesOf(*text)).bytes();
}

int bench_connect_auth(AnswerText* text, std::string_view token) {
  const connect_auth::Bytes data = connect_auth::bench::BytesOf(*text);
  parser.Reset(true);
  const connect_auth::IoResult content = parser.Decode(data);
  if (content.status() != connect_auth::Status::kOk || !parser.complete()) {
    return 0;
  }
  connect_auth::JsonObject json(connect_auth::bench::arena);
  connect_auth::Granted granted;
  const connect_auth::Failure failure = connect_auth::ReadTokenResponse(
      parser, data.first(content.bytes()), connect_auth::bench::kSettings, json, granted);
  const bool good = failure.status == connect_auth::Status::kOk &&
                    (token.empty() || granted.access_token.Reveal() == token);
  return good ? granted.lifetime_s : 0;
}

void bench_connect_auth_base64(std::uint8_t* into) {
  connect_auth::EncodeBase64(connect_auth::AsBytes(connect_auth::bench::kCredentials),
                             {into, connect_auth::bench::kEncodedBytes});
}

void bench_mbedtls_base64(std::uint8_t* into) {
  std::size_t written = 0;
  const connect_auth::ConstBytes from = connect_auth::AsBytes(connect_auth::bench::kCredentials);
  static_cast<void>(mbedtls_base64_encode(into, connect_auth::bench::kEncodedBytes + 1, &written,
                                          from.data(), from.size()));
}
