// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/json_text.h"

#include <cstdint>

#include "agent/encoding/utf8.h"
#include "agent/http/ascii.h"

namespace connect_auth {
namespace {

class JsonTextChecker {
 public:
  bool Accept(std::uint8_t octet) {
    if (!utf8_.Accept(octet)) {
      return false;
    }
    return in_string_ ? AcceptInString(octet) : AcceptOutside(octet);
  }

  bool complete() const { return utf8_.complete(); }

 private:
  bool AcceptInString(std::uint8_t octet) {
    if (octet < 0x20) {
      return false;
    }
    if (escape_ > 0) {
      return AcceptInEscape(octet);
    }
    if (octet == '\\') {
      escape_ = 1;
    } else if (octet == '"') {
      in_string_ = false;
    }
    return true;
  }

  /// `escape_` counts the octets of an escape so far: the backslash, 'u', and four digits.
  bool AcceptInEscape(std::uint8_t octet) {
    constexpr std::uint8_t kWholeUnicodeEscape = 6;
    if (escape_ == 1) {
      escape_ = octet == 'u' ? 2 : 0;
      all_zero_ = true;
      return true;
    }
    if (!IsHexDigit(static_cast<char>(octet))) {
      return false;
    }
    all_zero_ = all_zero_ && octet == '0';
    if (++escape_ < kWholeUnicodeEscape) {
      return true;
    }
    escape_ = 0;
    return !all_zero_;
  }

  bool AcceptOutside(std::uint8_t octet) {
    if (octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r') {
      return false;
    }
    if (octet == '"') {
      in_string_ = true;
    } else if (octet == '[' || octet == '{') {
      return ++depth_ <= kMaxJsonNesting;
    } else if ((octet == ']' || octet == '}') && depth_ > 0) {
      --depth_;
    }
    return true;
  }

  Utf8Checker utf8_;
  std::size_t depth_ = 0;
  std::uint8_t escape_ = 0;
  bool in_string_ = false;
  bool all_zero_ = false;
};

}  // namespace

bool IsJsonTextPlausible(ConstBytes text) {
  JsonTextChecker checker;
  for (const std::uint8_t octet : text) {
    if (!checker.Accept(octet)) {
      return false;
    }
  }
  return checker.complete();
}

}  // namespace connect_auth
