// SPDX-License-Identifier: Apache-2.0
#include <string_view>

std::string_view Tail(std::string_view text, std::size_t at) {
  return text.substr(at);
}
