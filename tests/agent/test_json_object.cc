// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/json_object.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "agent/oauth/json_text.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

using Kind = JsonObject::Kind;

Status Parse(std::string_view text, std::size_t arena_size = 4096) {
  const GuardedBytes input(text.size() + 1);
  const GuardedBytes arena(arena_size);
  JsonObject json(arena.Last(arena_size));
  return json.Parse(input.Copy(AsBytes(text)));
}

void json_object_accepts_one_object_with_blanks_around(void**) {
  for (const std::string_view text :
       {"{}", " {} ", "\r\n\t{ \"a\" : [ 1 , true , null , \"x\" , {} ] }\n", "\xEF\xBB\xBF{}",
        "{\"a\":-0.5e+3,\"b\":0,\"c\":1E5}", "{\"\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"a\":\"\\ud83d\\ude00\"}"}) {
    assert_int_equal(Parse(text), Status::kOk);
  }
}

void json_object_refuses_whatever_is_not_json(void**) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "[]"sv,
                                      "1"sv,
                                      "\"x\""sv,
                                      "null"sv,
                                      "{"sv,
                                      "{}{}"sv,
                                      "{} x"sv,
                                      "{}\0"sv,
                                      "{\"a\":1,}"sv,
                                      "{\"a\"}"sv,
                                      "{a:1}"sv,
                                      "{'a':1}"sv,
                                      "{\"a\":01}"sv,
                                      "{\"a\":1.}"sv,
                                      "{\"a\":.5}"sv,
                                      "{\"a\":+1}"sv,
                                      "{\"a\":-}"sv,
                                      "{\"a\":1e}"sv,
                                      "{\"a\":0x1}"sv,
                                      "{\"a\":NaN}"sv,
                                      "{\"a\":Infinity}"sv,
                                      "{\"a\":tru}"sv,
                                      "{\"a\":\"\n\"}"sv,
                                      "{\"a\":\"\x1F\"}"sv,
                                      "{\"a\":\"\\x\"}"sv,
                                      "{\"a\":\"\\u12\"}"sv,
                                      "{\"a\":\"\\ud83d\"}"sv,
                                      "{\"a\":\"\\udc00\"}"sv,
                                      "{\"a\":\"\\u0000\"}"sv,
                                      "{\"a\":\"\\uX001\"}"sv,
                                      "{\"a\":\"\\u12\"5\"}"sv,
                                      "{\"a\":\"\xFF\"}"sv,
                                      "{\"a\":\"\xC3\"}"sv,
                                      "{/**/}"sv,
                                      "\x0B{}"sv,
                                      "<html>"sv,
                                      "{\"a\":1 \"b\":2}"sv}) {
    assert_int_equal(Parse(text), Status::kMalformed);
  }
}

void json_object_refuses_every_prefix_of_an_object_at_a_guard_page(void**) {
  constexpr std::string_view kText =
      "{\"a\":\"\\u00e9\\n\xC3\xA4\",\"b\":[1.5e3,{\"c\":null}],\"d\":false}";
  assert_int_equal(Parse(kText), Status::kOk);
  for (std::size_t size = 0; size < kText.size(); ++size) {
    assert_int_equal(Parse(kText.substr(0, size)), Status::kMalformed);
  }
}

void json_object_limits_nesting_before_it_costs_stack(void**) {
  std::array<char, 6 + 2 * 100> text;
  for (std::size_t depth = 1; depth <= 100; ++depth) {
    constexpr std::string_view kFront = "{\"a\":";
    char* at = std::copy(kFront.begin(), kFront.end(), text.begin());
    at = std::fill_n(at, depth, '[');
    at = std::fill_n(at, depth, ']');
    *at++ = '}';
    const std::string_view json(text.data(), static_cast<std::size_t>(at - text.data()));
    // The object itself is one level.
    assert_int_equal(Parse(json), depth + 1 <= kMaxJsonNesting ? Status::kOk : Status::kMalformed);
  }
}

void json_object_says_when_its_arena_is_too_small_at_every_size(void**) {
  constexpr std::string_view kText = "{\"access_token\":\"0123456789\",\"token_type\":\"bearer\"}";
  bool fitted = false;
  for (std::size_t size = 0; size < 1024; ++size) {
    const Status status = Parse(kText, size);
    assert_true(status == Status::kOk || (status == Status::kBufferTooSmall && !fitted));
    fitted = status == Status::kOk;
  }
  assert_true(fitted);
}

void json_object_wipes_its_arena(void**) {
  std::array<std::uint8_t, 1024> arena{};
  {
    JsonObject json(arena);
    assert_int_equal(json.Parse(AsBytes("{\"a\":\"secret\"}")), Status::kOk);
    assert_true(json.Find("a").text == "secret");
  }
  assert_true(std::all_of(arena.begin(), arena.end(), [](std::uint8_t b) { return b == 0; }));
}

void json_object_finds_members_by_exact_name_and_kind(void**) {
  std::array<std::uint8_t, 4096> arena{};
  JsonObject json(arena);
  assert_int_equal(
      json.Parse(AsBytes("{\"s\":\"text\",\"n\":5,\"t\":true,\"z\":null,\"o\":{\"s\":1},\"a\":[],"
                         "\"d\":1,\"d\":2,\"S\":1,\"twi\\u0063e\":1,\"twice\":\"x\"}")),
      Status::kOk);
  assert_int_equal(json.Find("s").kind, Kind::kString);
  assert_true(json.Find("s").text == "text");
  assert_int_equal(json.Find("n").kind, Kind::kNumber);
  assert_int_equal(json.Find("n").number, 5);
  for (const std::string_view other : {"t", "o", "a"}) {
    assert_int_equal(json.Find(other).kind, Kind::kOther);
  }
  assert_int_equal(json.Find("z").kind, Kind::kNull);
  assert_int_equal(json.Find("d").kind, Kind::kTwice);
  assert_int_equal(json.Find("twice").kind, Kind::kTwice);
  assert_int_equal(json.Find("S").kind, Kind::kNumber);
  assert_int_equal(json.Find("").kind, Kind::kAbsent);
  assert_int_equal(json.Find("tex").kind, Kind::kAbsent);
}

void json_object_rounds_numbers_towards_zero_and_cuts_large_ones(void**) {
  constexpr struct {
    std::string_view text;
    std::int32_t number;
  } kCases[] = {{"{\"n\":0}", 0},
                {"{\"n\":3600}", 3600},
                {"{\"n\":3599.5}", 3599},
                {"{\"n\":3599.999999999999999999999999}", 3599},
                {"{\"n\":3.6e3}", 3600},
                {"{\"n\":36000E-1}", 3600},
                {"{\"n\":0.00036e+7}", 3600},
                {"{\"n\":1e-1}", 0},
                {"{\"n\":0e99999999999}", 0},
                {"{\"n\":1e99999999999}", INT32_MAX},
                {"{\"n\":1e-99999999999}", 0},
                {"{\"n\":2147483647}", INT32_MAX},
                {"{\"n\":2147483648}", INT32_MAX},
                {"{\"n\":99999999999999999999}", INT32_MAX},
                {"{\"n\":99999999999999999999e-17}", 999},
                {"{\"n\":-1}", -1},
                {"{\"n\":-0.5}", -1},
                {"{\"n\":-0}", -1}};
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 1024> arena{};
    JsonObject json(arena);
    assert_int_equal(json.Parse(AsBytes(wanted.text)), Status::kOk);
    assert_int_equal(json.Find("n").kind, Kind::kNumber);
    assert_int_equal(json.Find("n").number, wanted.number);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(json_object_accepts_one_object_with_blanks_around),
      cmocka_unit_test(json_object_refuses_whatever_is_not_json),
      cmocka_unit_test(json_object_refuses_every_prefix_of_an_object_at_a_guard_page),
      cmocka_unit_test(json_object_limits_nesting_before_it_costs_stack),
      cmocka_unit_test(json_object_says_when_its_arena_is_too_small_at_every_size),
      cmocka_unit_test(json_object_wipes_its_arena),
      cmocka_unit_test(json_object_finds_members_by_exact_name_and_kind),
      cmocka_unit_test(json_object_rounds_numbers_towards_zero_and_cuts_large_ones),
  };
  return cmocka_run_group_tests_name("agent/json_object", tests, nullptr, nullptr);
}
