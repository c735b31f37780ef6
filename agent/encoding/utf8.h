// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth {

/// Checks UTF-8 (RFC 3629) octet by octet: no overlong forms, no surrogates, nothing above
/// U+10FFFF.
class Utf8Checker {
 public:
  /// @return false  The octet cannot stand here. The checker is of no use afterwards.
  bool Accept(std::uint8_t octet) {
    if (missing_ == 0) {
      return AcceptFirst(octet);
    }
    if (octet < lowest_ || octet > highest_) {
      return false;
    }
    lowest_ = 0x80;
    highest_ = 0xBF;
    --missing_;
    return true;
  }

  /// Whether no character is left unfinished.
  bool complete() const { return missing_ == 0; }

 private:
  bool AcceptFirst(std::uint8_t octet) {
    if (octet < 0x80) {
      return true;
    }
    if (octet < 0xC2 || octet > 0xF4) {
      return false;
    }
    missing_ = octet < 0xE0 ? 1 : octet < 0xF0 ? 2 : 3;
    // The second octet's range is what excludes overlong forms, surrogates and the top.
    lowest_ = octet == 0xE0 ? 0xA0 : octet == 0xF0 ? 0x90 : 0x80;
    highest_ = octet == 0xED ? 0x9F : octet == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

  std::uint8_t missing_ = 0;
  std::uint8_t lowest_ = 0x80;
  std::uint8_t highest_ = 0xBF;
};

}  // namespace connect_auth
