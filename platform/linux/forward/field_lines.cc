// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/field_lines.h"

#include <algorithm>
#include <array>

#include "agent/http/ascii.h"
#include "port/bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::array<std::string_view, 10> kHopByHop = {"connection",
                                                        "keep-alive",
                                                        "proxy-authenticate",
                                                        "proxy-authentication-info",
                                                        "proxy-connection",
                                                        "proxy-authorization",
                                                        "te",
                                                        "trailer",
                                                        "transfer-encoding",
                                                        "upgrade"};

std::string_view WithoutBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text = Part(text, begin);
  const std::size_t last = text.find_last_not_of(kBlanks);
  return Part(text, 0, last == std::string_view::npos ? 0 : last + 1);
}

bool IsInList(std::string_view name, std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = Part(list, 0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    if (EqualsIgnoringCase(WithoutBlanks(item), name)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool FieldLines::Next(Line& into) {
  const std::size_t end = rest_.find("\r\n");
  if (end == std::string_view::npos) {
    return false;
  }
  const std::string_view line = Part(rest_, 0, end);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  into.name = Part(line, 0, colon);
  into.value = WithoutBlanks(Part(line, colon + 1));
  // A blank before the colon or at the front, where lines were folded once, is no token either.
  if (!AllAre(into.name, IsTokenCharacter) || !AllAre(into.value, IsFieldCharacter)) {
    return false;
  }
  rest_.remove_prefix(end + 2);
  return true;
}

bool IsHopByHop(std::string_view name, std::string_view section) {
  for (const std::string_view known : kHopByHop) {
    if (EqualsIgnoringCase(name, known)) {
      return true;
    }
  }
  FieldLines lines(section);
  FieldLines::Line line;
  while (lines.Next(line)) {
    if (EqualsIgnoringCase(line.name, "connection") && IsInList(name, line.value)) {
      return true;
    }
  }
  return false;
}

}  // namespace connect_auth::program
