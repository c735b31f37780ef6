// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"

namespace connect_auth::bench {

/// What is measured on the host and on the board: answers of token endpoints, and this project's
/// way through them. Both answers have 1,071 octets.
enum class Answer : std::uint8_t {
  kManyFields,  ///< 11 fields of 368 octets, a body of 703: 7 members, a token of 561 characters.
  kLongToken,   ///< As SOTI answers: a token of 891 characters, and little besides.
};

constexpr std::size_t kAnswerBytes = 1071;
constexpr std::int32_t kLifetimeSeconds = 3600;

/// An answer, as it comes in: it is parsed in place, so each pass takes a new one.
using AnswerText = std::array<char, kAnswerBytes>;

void Build(Answer answer, AnswerText& into);
std::string_view TokenOf(Answer answer, const AnswerText& text);

/// A client's identity and secret, as Basic takes them.
constexpr std::string_view kCredentials = "Application1:secret-of-some-chars";
static_assert(kCredentials.size() == 33);
constexpr std::size_t kEncodedBytes = 44;

}  // namespace connect_auth::bench

// callgrind counts between entry and return of these, which is why they have C's names.
extern "C" {

/// Parses and classifies. Returns the lifetime; 0: something is wrong, or the token is not `token`.
/// An empty one is not compared: the comparison is no part of the work that is counted.
int bench_connect_auth(connect_auth::bench::AnswerText* text, std::string_view token);
/// Likewise, with Debian's http-parser, and cJSON on the heap or jsmn. On the host only.
int bench_http_parser_cjson(connect_auth::bench::AnswerText* text, std::string_view token);
int bench_http_parser_jsmn(connect_auth::bench::AnswerText* text, std::string_view token);
/// Parses the head alone. Returns the octets of content.
std::size_t bench_connect_auth_http(connect_auth::bench::AnswerText* text);
void bench_connect_auth_base64(std::uint8_t* into);
void bench_mbedtls_base64(std::uint8_t* into);
}
