// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/redirect_uri.h"

#include <algorithm>

#include "agent/http/ascii.h"
#include "agent/http/origin.h"
#include "port/bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::uint16_t kHttpPort = 80;

bool IsVisible(char c) {
  return c > 0x20 && c < 0x7F;
}
bool IsSchemeCharacter(char c) {
  return IsAlphanumeric(c) || c == '+' || c == '-' || c == '.';
}
bool IsNameCharacter(char c) {
  return IsAlphanumeric(c) || c == '-' || c == '.' || c == '_';
}
bool IsIpv6Character(char c) {
  return IsHexDigit(c) || c == ':' || c == '.';
}

std::uint16_t PortOf(std::string_view scheme) {
  return EqualsIgnoringCase(scheme, "http")    ? kHttpPort
         : EqualsIgnoringCase(scheme, "https") ? kHttpsPort
                                               : std::uint16_t{0};
}

/// Takes the host off the front of `rest`.
bool TakeHost(std::string_view& rest, std::string_view& host) {
  const bool is_ipv6 = rest.starts_with('[');
  const std::size_t end = is_ipv6 ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (end == std::string_view::npos || end == 0) {
    return false;
  }
  host = Part(rest, 0, is_ipv6 ? end + 1 : end);
  rest.remove_prefix(host.size());
  return is_ipv6 ? AllAre(Part(host, 1, host.size() - 2), IsIpv6Character)
                 : AllAre(host, IsNameCharacter);
}

/// Reads what follows the host: nothing, or ':' and 1..65535.
bool ReadPort(std::string_view rest, std::uint16_t& port) {
  std::uint64_t number = 0;
  if (rest.empty()) {
    return true;
  }
  if (rest.front() != ':' || !ReadDecimal(Part(rest, 1), number) || number < 1 ||
      number > UINT16_MAX) {
    return false;
  }
  port = static_cast<std::uint16_t>(number);
  return true;
}

}  // namespace

std::optional<RedirectUri> ParseRedirectUri(std::string_view text) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t scheme_end = text.find(kSeparator);
  if (scheme_end == std::string_view::npos || scheme_end == 0 || !AllAre(text, IsVisible)) {
    return {};
  }
  text = Part(text, 0, text.find('#'));
  RedirectUri uri;
  uri.scheme = Part(text, 0, scheme_end);
  uri.port = PortOf(uri.scheme);
  std::string_view rest = Part(text, std::min(scheme_end + kSeparator.size(), text.size()));
  std::string_view authority = Part(rest, 0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (!AllAre(uri.scheme, IsSchemeCharacter) || !TakeHost(authority, uri.host) ||
      !ReadPort(authority, uri.port)) {
    return {};
  }
  uri.path = Part(rest, 0, rest.find('?'));
  rest.remove_prefix(uri.path.size());
  uri.query = rest.empty() ? rest : Part(rest, 1);
  uri.path = uri.path.empty() ? "/" : uri.path;
  return uri;
}

bool IsSamePlace(const RedirectUri& one, const RedirectUri& other) {
  return EqualsIgnoringCase(one.scheme, other.scheme) && EqualsIgnoringCase(one.host, other.host) &&
         one.port == other.port && one.path == other.path;
}

bool IsLoopback(const RedirectUri& uri) {
  return EqualsIgnoringCase(uri.scheme, "http") &&
         (uri.host == "127.0.0.1" || uri.host == "[::1]" ||
          EqualsIgnoringCase(uri.host, "localhost"));
}

}  // namespace connect_auth::program
