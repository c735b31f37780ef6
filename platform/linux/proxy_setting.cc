// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/proxy_setting.h"

#include <algorithm>

#include "agent/http/ascii.h"
#include "agent/http/origin.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

Problem Malformed() {
  return {ExitCode::kUsage,
          "proxy in [server] is not http://[USER@]HOST:PORT; correct it: the port has to be there, "
          "and special characters of the user are written as %XX"};
}

bool DecodePercent(std::string_view text, std::string& into) {
  while (!text.empty()) {
    const bool is_escaped = text.front() == '%';
    const std::size_t size = is_escaped ? 3 : 1;
    if (text.size() < size || !AllAre(text.substr(is_escaped ? 1 : 0, size - 1), IsHexDigit)) {
      return false;
    }
    into += is_escaped ? static_cast<char>(HexDigitValue(text[1]) * 16 + HexDigitValue(text[2]))
                       : text.front();
    text.remove_prefix(size);
  }
  return true;
}

/// A user-id of RFC 7617 section 2.
bool IsUser(std::string_view text) {
  return !text.empty() && AllAre(text, [](char c) { return IsFieldCharacter(c) && c != ':'; });
}

/// Takes `USER@` off the front of `rest`, if it is there.
Problem TakeUser(std::string_view& rest, std::string& user) {
  const std::size_t end = rest.rfind('@');
  if (end == std::string_view::npos) {
    return {};
  }
  const std::string_view encoded = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (encoded.find(':') != std::string_view::npos) {
    return {ExitCode::kUsage,
            "proxy in [server] holds a password, which others may read; put that into a file, and "
            "name the file with proxy_password_file"};
  }
  return DecodePercent(encoded, user) && IsUser(user) ? Problem() : Malformed();
}

bool HasPort(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  return authority.find(':', bracket == std::string_view::npos ? 0 : bracket) !=
         std::string_view::npos;
}

/// Takes the next entry off the front of `list`; empty: there is none.
std::string_view TakeEntry(std::string_view& list) {
  constexpr std::string_view kSeparators = ", \t";
  list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
  const std::string_view entry = list.substr(0, list.find_first_of(kSeparators));
  list.remove_prefix(entry.size());
  return entry;
}

bool IsAddress(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         AllAre(host, [](char c) { return IsDigit(c) || c == '.'; });
}

bool Covers(std::string_view entry, std::string_view host) {
  if (entry.starts_with('[') && entry.ends_with(']')) {
    entry = entry.substr(1, entry.size() - 2);
  }
  if (entry == "*" || EqualsIgnoringCase(entry, host)) {
    return true;
  }
  entry.remove_prefix(entry.starts_with('.') ? 1 : 0);
  if (entry.empty() || entry.size() > host.size() || IsAddress(host)) {
    return false;
  }
  const std::size_t begin = host.size() - entry.size();
  return EqualsIgnoringCase(host.substr(begin), entry) && (begin == 0 || host[begin - 1] == '.');
}

}  // namespace

std::string ProxySetting::name() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return Join({is_ipv6 ? "[" : "", host, is_ipv6 ? "]:" : ":", Decimal(port)});
}

Problem ParseProxy(std::string_view text, ProxySetting& into) {
  constexpr std::string_view kScheme = "http://";
  if (!StartsWithIgnoringCase(text, kScheme)) {
    return Malformed();
  }
  text.remove_prefix(kScheme.size());
  ProxySetting proxy;
  Problem problem = TakeUser(text, proxy.user);
  if (problem.exists()) {
    return problem;
  }
  // What is left has the form of a server's, but for the port.
  const std::string as_server = Join({"https://", text});
  Origin origin;
  if (ParseOrigin(as_server, origin) != Reason::kNone || !HasPort(text)) {
    return Malformed();
  }
  proxy.host = origin.host;
  proxy.port = origin.port;
  into = proxy;
  return {};
}

Problem CheckNoProxy(std::string_view list) {
  constexpr auto kMayStand = [](char c) {
    return IsAlphanumeric(c) || std::string_view("-._:[]").find(c) != std::string_view::npos;
  };
  for (std::string_view entry = TakeEntry(list); !entry.empty(); entry = TakeEntry(list)) {
    const bool has_port = std::count(entry.begin(), entry.end(), ':') == 1;
    if (entry != "*" && (has_port || !AllAre(entry, kMayStand))) {
      return {ExitCode::kUsage,
              "no_proxy in [server] holds something else than names, domains and addresses; leave "
              "out networks, ports and patterns, but for a single *"};
    }
  }
  return {};
}

bool IsExempt(std::string_view host, std::string_view list) {
  for (std::string_view entry = TakeEntry(list); !entry.empty(); entry = TakeEntry(list)) {
    if (Covers(entry, host)) {
      return true;
    }
  }
  return false;
}

}  // namespace connect_auth::program
