// SPDX-License-Identifier: Apache-2.0
//
// What parse.py counts the instructions of, on the host.
//
// usage: connect_auth_bench_parse fields|long check|count
//
//   check  each way finds the token that is there, and both make the same Base64
//   count  each way goes once through the answer, without comparing the token
#include <cstdio>
#include <cstring>

#include "tests/bench/parse_work.h"

namespace {

using namespace connect_auth::bench;

using Way = int (*)(AnswerText*, std::string_view);
constexpr Way kWays[] = {bench_connect_auth, bench_http_parser_cjson, bench_http_parser_jsmn};

bool IsRight(Answer answer, Way way, bool compare) {
  AnswerText original;
  Build(answer, original);
  AnswerText text = original;
  const std::string_view token = compare ? TokenOf(answer, original) : std::string_view();
  return way(&text, token) == kLifetimeSeconds;
}

bool IsBase64Same() {
  std::array<std::uint8_t, kEncodedBytes + 1> ours{};
  std::array<std::uint8_t, kEncodedBytes + 1> theirs{};
  bench_connect_auth_base64(ours.data());
  bench_mbedtls_base64(theirs.data());
  return ours == theirs;
}

bool IsHeadRight(Answer answer) {
  AnswerText text;
  Build(answer, text);
  return bench_connect_auth_http(&text) > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    static_cast<void>(
        std::fputs("usage: connect_auth_bench_parse fields|long check|count\n", stderr));
    return 2;
  }
  const Answer answer =
      std::strcmp(argv[1], "fields") == 0 ? Answer::kManyFields : Answer::kLongToken;
  const bool compare = std::strcmp(argv[2], "check") == 0;
  bool right = IsBase64Same() && IsHeadRight(answer);
  for (const Way way : kWays) {
    right = IsRight(answer, way, compare) && right;
  }
  return right ? 0 : 1;
}
