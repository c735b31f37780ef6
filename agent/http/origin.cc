// SPDX-License-Identifier: Apache-2.0
#include "agent/http/origin.h"

#include <algorithm>
#include <cstddef>

#include "agent/http/ascii.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 section 2.3.4, in its text form.

bool IsNameCharacter(char c) {
  return IsAlphanumeric(c) || c == '-' || c == '.' || c == '_';
}
bool IsIpv6Character(char c) {
  return IsHexDigit(c) || c == ':' || c == '.';
}

/// Takes the host off the front of `rest`.
bool TakeHost(std::string_view& rest, Origin& origin) {
  origin.is_ipv6 = rest.starts_with('[');
  if (origin.is_ipv6) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) {
      return false;
    }
    origin.host = Part(rest, 1, end - 1);
    rest.remove_prefix(end + 1);
    return origin.host.size() >= 2 && AllAre(origin.host, IsIpv6Character);
  }
  origin.host = Part(rest, 0, rest.find(':'));
  rest.remove_prefix(origin.host.size());
  return !origin.host.empty() && AllAre(origin.host, IsNameCharacter);
}

/// Reads what follows the host: nothing, or ':' and 1..65535.
bool ReadPort(std::string_view rest, Origin& origin) {
  if (rest.empty()) {
    origin.port = kHttpsPort;
    return true;
  }
  constexpr std::size_t kMaxDigits = 5;
  rest.remove_prefix(1);
  std::uint64_t port = 0;
  const bool is_number = rest.size() <= kMaxDigits && ReadDecimal(rest, port);
  origin.port = static_cast<std::uint16_t>(port);
  return is_number && port >= 1 && port <= UINT16_MAX;
}

}  // namespace

Reason ParseOrigin(std::string_view url, Origin& into) {
  if (!StartsWithIgnoringCase(url, kScheme)) {
    return Reason::kUrlNotHttps;
  }
  url.remove_prefix(kScheme.size());
  const std::size_t authority_end = std::min(url.find_first_of("/?#"), url.size());
  std::string_view rest = Part(url, 0, authority_end);
  const std::string_view path = Part(url, authority_end);
  Origin origin;
  if (!TakeHost(rest, origin) || origin.host.size() > kMaxHostBytes ||
      (!rest.empty() && rest.front() != ':') || !ReadPort(rest, origin)) {
    return Reason::kUrlMalformed;
  }
  if (!path.empty() && path != "/"sv) {
    return path.find('#') == std::string_view::npos && IsRequestTarget(path)
               ? Reason::kUrlHasPath
               : Reason::kUrlMalformed;
  }
  into = origin;
  return Reason::kNone;
}

bool IsRequestTarget(std::string_view target) {
  return target.starts_with('/') &&
         AllAre(target, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

}  // namespace connect_auth
