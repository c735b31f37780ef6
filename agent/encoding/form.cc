// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/form.h"

#include <cstdint>

namespace connect_auth {
namespace {

bool StaysAsItIs(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' ||
         c == '-' || c == '.' || c == '_';
}

char HexDigit(std::uint32_t value) {
  return static_cast<char>(value < 10 ? '0' + value : 'A' + value - 10);
}

}  // namespace

std::size_t FormEncodedSize(std::string_view value) {
  ByteWriter measure({});
  FormEncode(value, measure);
  return measure.size();
}

void FormEncode(std::string_view value, ByteWriter& into) {
  for (const char c : value) {
    if (c == ' ') {
      into.Put('+');
    } else if (StaysAsItIs(c)) {
      into.Put(c);
    } else {
      const auto octet = static_cast<std::uint8_t>(c);
      const char escaped[] = {'%', HexDigit(octet >> 4), HexDigit(octet & 15U)};
      into.Put(std::string_view(escaped, sizeof escaped));
    }
  }
}

}  // namespace connect_auth
