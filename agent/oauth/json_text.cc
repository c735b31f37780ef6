// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/json_text.h"

#include <cstdint>

#include "agent/encoding/octets.h"
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

  /// Whether `Accept` would take any ASCII from the blank on but quote and backslash, and be as it
  /// was before: tokens are made of these.
  bool in_plain_text() const { return in_string_ && escape_ == 0 && utf8_.complete(); }

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

/// Leaves plain text behind, by fours: what is left of it, and what is not plain, is for `Accept`.
const std::uint8_t* BehindPlain(const std::uint8_t* at, const std::uint8_t* end) {
  while (end - at >= 4) {
    const std::uint32_t octets = FourOctets(at);
    if (AnyBelow(octets, 0x20) || AnyIs(octets, '"') || AnyIs(octets, '\\')) {
      break;
    }
    at += 4;
  }
  return at;
}

}  // namespace

bool IsJsonTextPlausible(ConstBytes text) {
  JsonTextChecker checker;
  const std::uint8_t* at = text.data();
  const std::uint8_t* const end = at + text.size();
  while (at != end) {
    if (!checker.Accept(*at++)) {
      return false;
    }
    if (checker.in_plain_text()) {
      at = BehindPlain(at, end);
    }
  }
  return checker.complete();
}

}  // namespace connect_auth
