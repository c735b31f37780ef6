// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace connect_auth::smartfusion2 {

/// Gathers the lines that somebody types, or a program sends.
class LineEditor {
 public:
  static constexpr std::size_t kMostCharacters = 140;

  /// Takes the next character: CR or LF end a line, backspace takes one back, other control
  /// characters count for nothing.
  ///
  /// @return true  `line()` is a whole line. It is gone with the next call.
  bool Take(char character);

  /// A line that was too long is empty, and `too_long()`.
  std::string_view line() const { return {text_.data(), too_long_ ? 0 : size_}; }
  bool too_long() const { return too_long_; }

 private:
  std::array<char, kMostCharacters> text_{};
  std::size_t size_ = 0;
  bool too_long_ = false;
  bool ended_ = false;
};

}  // namespace connect_auth::smartfusion2
