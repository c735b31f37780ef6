// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <cstddef>
#include <string_view>

namespace connect_auth::fuzz {

/// The grammar of RFC 8259, written down once more: a judge of what JSON is. UTF-8 and the depth
/// are somebody else's. Beyond the grammar, surrogates come in pairs (section 8.2 leaves open what
/// becomes of others), and a byte order mark in front is passed over (section 8.1).
class StrictJson {
 public:
  /// Whether `text` is one object.
  static bool IsObject(std::string_view text) {
    StrictJson json(text);
    static_cast<void>(json.Take("\xEF\xBB\xBF"));
    json.SkipBlanks();
    const bool is_object = json.Next() == '{' && json.TakeValue();
    json.SkipBlanks();
    return is_object && json.rest_.empty();
  }

 private:
  explicit StrictJson(std::string_view text) : rest_(text) {}

  int Next() const { return rest_.empty() ? -1 : static_cast<unsigned char>(rest_.front()); }
  bool Take(std::string_view wanted) {
    const bool found = rest_.starts_with(wanted);
    rest_.remove_prefix(found ? wanted.size() : 0);
    return found;
  }
  void SkipBlanks() {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  }
  bool TakeDigits() {
    const std::size_t end = rest_.find_first_not_of("0123456789");
    const std::size_t count = end == std::string_view::npos ? rest_.size() : end;
    rest_.remove_prefix(count);
    return count > 0;
  }
  bool TakeNumber() {
    static_cast<void>(Take("-"));
    if (!Take("0") && !TakeDigits()) {
      return false;
    }
    if (Take(".") && !TakeDigits()) {
      return false;
    }
    if (!Take("e") && !Take("E")) {
      return true;
    }
    static_cast<void>(Take("-") || Take("+"));
    return TakeDigits();
  }
  /// @return  -1: there are no four digits.
  int TakeHex() {
    int number = 0;
    for (int i = 0; i < 4; ++i) {
      if (std::isxdigit(Next()) == 0) {
        return -1;
      }
      number =
          number * 16 + (std::isdigit(Next()) != 0 ? Next() - '0' : (Next() | 0x20) - 'a' + 10);
      rest_.remove_prefix(1);
    }
    return number;
  }
  bool TakeEscape() {
    if (Take("u")) {
      const int first = TakeHex() & ~0x3FF;
      return first >= 0 && first != 0xDC00 &&
             (first != 0xD800 || (Take("\\u") && (TakeHex() & ~0x3FF) == 0xDC00));
    }
    const bool known =
        Next() >= 0 && std::string_view("\"\\/bfnrt").find(rest_.front()) != std::string_view::npos;
    rest_.remove_prefix(known ? 1 : 0);
    return known;
  }
  bool TakeString() {
    if (!Take("\"")) {
      return false;
    }
    while (Next() >= 0x20) {
      if (Take("\"")) {
        return true;
      }
      if (!Take("\\")) {
        rest_.remove_prefix(1);
      } else if (!TakeEscape()) {
        return false;
      }
    }
    return false;
  }
  bool TakeMember(bool named) {
    SkipBlanks();
    if (named) {
      if (!TakeString()) {
        return false;
      }
      SkipBlanks();
      if (!Take(":")) {
        return false;
      }
    }
    return TakeValue();
  }
  /// Behind the bracket that opens it.
  bool TakeMembers(bool named, std::string_view end) {
    SkipBlanks();
    if (Take(end)) {
      return true;
    }
    do {
      if (!TakeMember(named)) {
        return false;
      }
      SkipBlanks();
    } while (Take(","));
    return Take(end);
  }
  bool TakeValue() {
    SkipBlanks();
    switch (Next()) {
      case '{':
        rest_.remove_prefix(1);
        return TakeMembers(true, "}");
      case '[':
        rest_.remove_prefix(1);
        return TakeMembers(false, "]");
      case '"':
        return TakeString();
      case 't':
        return Take("true");
      case 'f':
        return Take("false");
      case 'n':
        return Take("null");
      default:
        return TakeNumber();
    }
  }

  std::string_view rest_;
};

}  // namespace connect_auth::fuzz
