// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/query.h"

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

using Verb = Query::Verb;

/// What is read from memory that ends where the line does.
Query Parse(std::string_view line) {
  static const GuardedBytes memory(8192);
  return ParseQuery(AsText(memory.Copy(AsBytes(line))));
}

void query_knows_each_verb(void**) {
  struct Known {
    std::string_view line;
    Verb verb;
  };
  for (const Known& known :
       {Known{"token", Verb::kToken}, Known{"header", Verb::kHeader}, Known{"renew", Verb::kRenew},
        Known{"reject 7", Verb::kReject}, Known{"code c", Verb::kCode},
        Known{"status", Verb::kStatus}, Known{"metrics", Verb::kMetrics},
        Known{"logout", Verb::kLogout}, Known{"identity", Verb::kIdentity},
        Known{"subscribe", Verb::kSubscribe}}) {
    assert_int_equal(Parse(known.line).verb, known.verb);
    assert_int_equal(Parse(std::string(known.line) + " x").verb,
                     known.verb == Verb::kUnknown ? known.verb : Verb::kUnknown);
  }
}

void query_takes_arguments_in_any_order(void**) {
  const Query query = Parse("token wait=5 retry_refused min_valid=60");

  assert_int_equal(query.verb, Verb::kToken);
  assert_true(query.min_valid == Millis::Seconds(60));
  assert_true(query.wait == Millis::Seconds(5));
  assert_true(query.retry_refused);
}

void query_takes_a_code_and_how_it_was_asked_for(void**) {
  const Query plain = Parse("code a1b2!c=d");
  assert_true(plain.code == "a1b2!c=d");
  assert_true(plain.with_redirect_uri);
  assert_true(plain.verifier.empty());

  const Query query = Parse("code c verifier=v-1 without_redirect_uri retry_refused");
  assert_true(query.code == "c");
  assert_true(query.verifier == "v-1");
  assert_false(query.with_redirect_uri);
  assert_true(query.retry_refused);
}

void query_takes_a_generation_and_a_style(void**) {
  assert_int_equal(*Parse("reject 4294967295").generation, 4294967295U);
  assert_int_equal(*Parse("reject 0").generation, 0);
  assert_int_equal(Parse("status lines").style, FactStyle::kLines);
  assert_int_equal(Parse("status brief").style, FactStyle::kBrief);
  assert_int_equal(Parse("status json").style, FactStyle::kJson);
}

void query_is_unknown_with_anything_else(void**) {
  for (const std::string_view line : {"",
                                      " ",
                                      "tokens",
                                      "Token",
                                      " token",
                                      "token  wait=1",
                                      "token wait=",
                                      "token wait=x",
                                      "token wait=3601",
                                      "token wait=-1",
                                      "token min_valid=31536001",
                                      "token json",
                                      "renew wait=1",
                                      "renew min_valid=1",
                                      "reject",
                                      "reject -1",
                                      "reject 4294967296",
                                      "reject x",
                                      "reject 1 2x",
                                      "code",
                                      "code ",
                                      "code c verifier=",
                                      "code c d",
                                      "status xml",
                                      "status json x",
                                      "metrics all",
                                      "logout now",
                                      "subscribe x",
                                      "\xff\xfe",
                                      "token\twait=1"}) {
    if (Parse(line).verb != Verb::kUnknown) {
      fail_msg("taken: '%.*s'", static_cast<int>(line.size()), line.data());
    }
  }
}

/// Whatever octets come, nothing is read beyond them.
void query_survives_noise(void**) {
  std::uint32_t random = 1;
  const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 24; };
  constexpr std::string_view kPieces[] = {
      "token",     " ",      "min_valid=", "wait=", "code", "9",
      "verifier=", "status", "json",       "=",     "\xff", "reject"};
  for (int turn = 0; turn < 20000; ++turn) {
    std::string line;
    for (std::uint32_t left = next() % 8; left > 0; --left) {
      line += kPieces[next() % std::size(kPieces)];
    }
    const Query query = Parse(line);
    assert_true(query.verb == Verb::kUnknown || !line.empty());
    assert_true(query.min_valid <= Millis::Seconds(kMostMinValidSeconds));
    assert_true(query.wait <= Millis::Seconds(kMostWaitSeconds));
  }
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;
  const CMUnitTest tests[] = {
      cmocka_unit_test(query_knows_each_verb),
      cmocka_unit_test(query_takes_arguments_in_any_order),
      cmocka_unit_test(query_takes_a_code_and_how_it_was_asked_for),
      cmocka_unit_test(query_takes_a_generation_and_a_style),
      cmocka_unit_test(query_is_unknown_with_anything_else),
      cmocka_unit_test(query_survives_noise),
  };
  return cmocka_run_group_tests_name("linux/daemon/query", tests, nullptr, nullptr);
}
