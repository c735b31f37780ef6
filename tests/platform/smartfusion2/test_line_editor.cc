// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include "platform/smartfusion2/firmware/line_editor.h"
#include "tests/cmocka.h"

namespace {

using connect_auth::smartfusion2::LineEditor;

std::vector<std::string> LinesOf(std::string_view typed) {
  LineEditor editor;
  std::vector<std::string> lines;
  for (const char c : typed) {
    if (editor.Take(c)) {
      lines.push_back(editor.too_long() ? "(too long)" : std::string(editor.line()));
    }
  }
  return lines;
}

void line_editor_ends_lines_at_cr_and_lf(void**) {
  assert_true(LinesOf("one\ntwo\r\nthree\r\r\n\nfour") ==
              (std::vector<std::string>{"one", "two", "three"}));
}

void line_editor_takes_characters_back(void**) {
  assert_true(LinesOf("\b\bsx\btas\x7Ftus\n") == (std::vector<std::string>{"status"}));
}

void line_editor_ignores_control_characters(void**) {
  std::string typed = "a";
  for (char c = 1; c < ' '; ++c) {
    if (c != '\r' && c != '\n' && c != '\b') {
      typed += c;
    }
  }
  typed += std::string_view("\0\x80\xFF", 3);
  assert_true(LinesOf(typed + "b\n") == (std::vector<std::string>{"ab"}));
}

void line_editor_tells_lines_that_are_too_long(void**) {
  const std::string longest(LineEditor::kMostCharacters, 'x');
  assert_true(LinesOf(longest + "\n" + longest + "y\nz\n") ==
              (std::vector<std::string>{longest, "(too long)", "z"}));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(line_editor_ends_lines_at_cr_and_lf),
      cmocka_unit_test(line_editor_takes_characters_back),
      cmocka_unit_test(line_editor_ignores_control_characters),
      cmocka_unit_test(line_editor_tells_lines_that_are_too_long),
  };
  return cmocka_run_group_tests_name("smartfusion2/line_editor", tests, nullptr, nullptr);
}
