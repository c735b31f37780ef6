// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/expected_answer.h"

#include <string>
#include <string_view>

#include "port/bytes.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kUri = "http://127.0.0.1:8080/cb";
constexpr std::string_view kState = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string kStateIsRight = "state=" + std::string(kState);

/// The text in memory that ends where it does.
std::string_view Guarded(std::string_view text) {
  static const GuardedBytes memory(4096);
  return AsText(memory.Copy(AsBytes(text)));
}

struct Login {
  ExpectedAnswer answer{ParseRedirectUri(kUri), SecretView(kState)};

  std::string_view code() const { return answer.code().view().Reveal(); }
};

/// Whether the answer is over after this query, with just this code.
bool BringsCode(std::string_view query, std::string_view code) {
  Login login;
  login.answer.TakeQuery(Guarded(query));
  return login.answer.is_over() && !login.answer.problem().exists() && login.code() == code;
}

void code_with_the_right_state_is_taken(void**) {
  assert_true(BringsCode("code=c&" + kStateIsRight, "c"));
  assert_true(BringsCode(kStateIsRight + "&code=1a2b!AAEAAK0O-_x", "1a2b!AAEAAK0O-_x"));
  assert_true(BringsCode("code=a%20b+c%2B%3d&" + kStateIsRight, "a b c+="));
  assert_true(BringsCode("x=%zz&&iss=https://h&error=&code=c&" + kStateIsRight + "&", "c"));
}

void whatever_else_changes_nothing(void**) {
  Login login;
  const std::string state(kState);
  for (const std::string& query :
       {std::string(), std::string("code=c"), "code=c&state=" + state + "A",
        "code=c&state=" + state.substr(1), std::string("code=c&state="), "code=c&State=" + state,
        "code=c&code=c&" + kStateIsRight, "code=c&state=x&" + kStateIsRight,
        "code=%&" + kStateIsRight, "code=%4&" + kStateIsRight, "code=%g0&" + kStateIsRight,
        "code=c&error=access_denied&" + kStateIsRight, kStateIsRight, "code&" + kStateIsRight,
        "code=&" + kStateIsRight, std::string("error=access_denied"),
        std::string("error=access_denied&state=x")}) {
    login.answer.TakeQuery(Guarded(query));
    assert_false(login.answer.is_over());
    assert_int_equal(login.answer.problem().code, ExitCode::kNeedsCode);
    assert_true(login.code().empty());
  }
  login.answer.TakeQuery("code=c&" + kStateIsRight);
  assert_true(login.answer.is_over());
  assert_true(login.code() == "c");
  assert_false(login.answer.problem().exists());
}

void every_octet_of_the_state_counts(void**) {
  for (std::size_t at = 0; at < kState.size(); ++at) {
    std::string query = "code=c&" + kStateIsRight;
    query[query.size() - kState.size() + at] ^= 1;
    Login login;
    login.answer.TakeQuery(query);
    assert_false(login.answer.is_over());
  }
}

void without_a_state_nothing_is_right(void**) {
  ExpectedAnswer answer({}, SecretView());
  for (const std::string_view query : {"code=c&state=", "code=c"}) {
    answer.TakeQuery(query);
    assert_false(answer.is_over());
  }
}

void query_of_every_length_stays_within_its_text(void**) {
  const std::string whole = "code=%41%42&" + kStateIsRight + "&error_description=x%20y";
  const std::size_t state_end = whole.find("&error");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Login login;
    login.answer.TakeQuery(Guarded(whole.substr(0, size)));
    assert_int_equal(login.answer.is_over(), size >= state_end);
  }
}

void error_of_the_page_is_named_when_it_is_known(void**) {
  constexpr struct {
    std::string_view error;
    ExitCode code;
    bool is_named;
  } kCases[] = {{"access_denied", ExitCode::kRefused, true},
                {"unauthorized_client", ExitCode::kRefused, true},
                {"server_error", ExitCode::kUnreachable, true},
                {"temporarily_unavailable", ExitCode::kUnreachable, true},
                {"something_planted", ExitCode::kRefused, false}};
  for (const auto& wanted : kCases) {
    Login login;
    login.answer.TakeQuery("error=" + std::string(wanted.error) + "&" + kStateIsRight);
    assert_true(login.answer.is_over());
    assert_int_equal(login.answer.problem().code, wanted.code);
    assert_int_equal(login.answer.problem().sentence.find(wanted.error) != std::string::npos,
                     wanted.is_named);
    assert_true(login.code().empty());
  }
}

void pasted_code_is_taken_as_it_is(void**) {
  for (const std::string_view text : {"1a2b!c%20+d", "  1a2b!c%20+d \t\r"}) {
    Login login;
    login.answer.TakePasted(Guarded(text));
    assert_true(login.answer.is_over());
    assert_true(login.code() == "1a2b!c%20+d");
  }
}

void nothing_pasted_is_nothing(void**) {
  for (const std::string_view text : {"", " ", "\r", " \t "}) {
    Login login;
    login.answer.TakePasted(Guarded(text));
    assert_false(login.answer.is_over());
    assert_false(login.answer.problem().exists());
  }
}

void pasted_address_must_be_where_the_browser_was_to_go(void**) {
  const std::string query = "?code=c&" + kStateIsRight;
  for (const std::string& address :
       {"http://127.0.0.1:8081/cb" + query, "http://localhost:8080/cb" + query,
        "https://127.0.0.1:8080/cb" + query, "http://127.0.0.1:8080/" + query,
        "http://x@127.0.0.1:8080/cb" + query, "://" + query, "http://127.0.0.1:8080/cb#" + query,
        std::string(kUri) + "?code=c d&" + kStateIsRight}) {
    Login login;
    login.answer.TakePasted(Guarded(address));
    assert_false(login.answer.is_over());
    assert_int_equal(login.answer.problem().code, ExitCode::kNeedsCode);
  }
  Login login;
  login.answer.TakePasted(Guarded(" HTTP://127.0.0.1:8080/cb" + query + "#_=_ "));
  assert_true(login.code() == "c");
}

void pasted_address_may_be_any_where_none_is_configured(void**) {
  ExpectedAnswer answer({}, SecretView(kState));
  answer.TakePasted("https://anywhere.example/x?code=c&state=x");
  assert_false(answer.is_over());
  answer.TakePasted("https://anywhere.example/x?code=c&" + kStateIsRight);
  assert_true(answer.is_over());
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(code_with_the_right_state_is_taken),
      cmocka_unit_test(whatever_else_changes_nothing),
      cmocka_unit_test(every_octet_of_the_state_counts),
      cmocka_unit_test(without_a_state_nothing_is_right),
      cmocka_unit_test(query_of_every_length_stays_within_its_text),
      cmocka_unit_test(error_of_the_page_is_named_when_it_is_known),
      cmocka_unit_test(pasted_code_is_taken_as_it_is),
      cmocka_unit_test(nothing_pasted_is_nothing),
      cmocka_unit_test(pasted_address_must_be_where_the_browser_was_to_go),
      cmocka_unit_test(pasted_address_may_be_any_where_none_is_configured),
  };
  return cmocka_run_group_tests_name("linux/login/expected_answer", tests, nullptr, nullptr);
}
