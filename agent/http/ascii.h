// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"

namespace connect_auth {

// Character classes of RFC 9110, RFC 5234 and RFC 6749, without a locale.

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool IsAlphanumeric(char c) {
  return IsDigit(c) || IsAlpha(c);
}
constexpr bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// @pre IsDigit(c)
constexpr std::uint32_t DigitValue(char c) {
  return static_cast<std::uint32_t>(c - '0');
}

/// @pre IsHexDigit(c)
constexpr std::uint32_t HexDigitValue(char c) {
  return IsDigit(c) ? DigitValue(c) : static_cast<std::uint32_t>(ToLower(c) - 'a' + 10);
}

/// A character of a `token` (RFC 9110 section 5.6.2): field names, methods.
constexpr bool IsTokenCharacter(char c) {
  // A bit for each octet of ASCII: digits, letters and !#$%&'*+-.^_`|~
  constexpr std::uint32_t kSet[] = {0, 0x03FF6CFA, 0xC7FFFFFE, 0x57FFFFFF};
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x80 && (kSet[octet / 32] >> octet % 32 & 1U) != 0;
}

/// A character of a field value (RFC 9110 section 5.5): visible, blank, tab or obs-text.
constexpr bool IsFieldCharacter(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return (octet >= 0x20 && octet != 0x7F) || c == '\t';
}

/// Whether all characters of `text` are of one class. Not inline, nor a template: it is asked for
/// many classes, seldom, and of short texts.
[[gnu::noinline]] constexpr bool AllAre(std::string_view text, bool (*is_in_class)(char)) {
  for (const char c : text) {
    if (!is_in_class(c)) {
      return false;
    }
  }
  return true;
}

/// Whether `text` consists of VSCHAR (RFC 6749 appendix A): visible characters and blanks.
[[gnu::noinline]] constexpr bool IsVisible(std::string_view text) {
  return AllAre(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

/// Reads 1..18 digits, which fit 64 bits whatever they are.
///
/// @param into  Written only when true is returned.
/// @return false  It is something else.
[[gnu::noinline]] constexpr bool ReadDecimal(std::string_view text, std::uint64_t& into) {
  constexpr std::size_t kMostDigits = 18;
  if (text.empty() || text.size() > kMostDigits || !AllAre(text, IsDigit)) {
    return false;
  }
  into = 0;
  for (const char c : text) {
    into = into * 10 + DigitValue(c);
  }
  return true;
}

[[gnu::noinline]] constexpr bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) {
      return false;
    }
  }
  return true;
}

constexpr bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return EqualsIgnoringCase(Part(text, 0, prefix.size()), prefix);
}

}  // namespace connect_auth
