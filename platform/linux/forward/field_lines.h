// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace connect_auth::program {

/// The lines of a header section (RFC 9112 section 5), one after the other.
class FieldLines {
 public:
  /// @param section  Lines with their ends, without the empty line. Borrowed for the life of this
  ///                 object and of what it hands out.
  explicit FieldLines(std::string_view section) : rest_(section) {}

  struct Line {
    std::string_view name;
    std::string_view value;  ///< Without the blanks around it.
  };

  /// @return  false: there are no more, or the next one is malformed.
  bool Next(Line& into);

  /// Whether all lines have been read, and none was malformed.
  bool complete() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// Whether a field belongs to one connection (RFC 9110 section 7.6.1).
///
/// @param section  Of which the field is: its Connection fields name others.
bool IsHopByHop(std::string_view name, std::string_view section);

}  // namespace connect_auth::program
