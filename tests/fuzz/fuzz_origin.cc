// SPDX-License-Identifier: Apache-2.0
//
// An URL that is accepted has a host that can be told from everything else, and written out again
// it is the same one.
#include <algorithm>
#include <string>

#include "agent/http/origin.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

std::string Written(const Origin& origin) {
  const std::string host =
      origin.is_ipv6 ? "[" + std::string(origin.host) + "]" : std::string(origin.host);
  return "https://" + host + ":" + std::to_string(origin.port);
}

bool IsHarmless(char c) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:";
  return kAllowed.find(c) != std::string_view::npos;
}

void CheckOrigin(const Origin& origin, std::string_view url) {
  Check(!origin.host.empty() && origin.host.size() <= 253 && origin.port != 0, "there is a host");
  Check(std::all_of(origin.host.begin(), origin.host.end(), IsHarmless), "a host is one");
  Check(origin.host.data() >= url.data() &&
            origin.host.data() + origin.host.size() <= url.data() + url.size(),
        "the host lies in the URL");
  const std::string text = Written(origin);
  Origin again;
  Check(ParseOrigin(text, again) == Reason::kNone, "what is written is read");
  Check(again.host == origin.host && again.port == origin.port && again.is_ipv6 == origin.is_ipv6,
        "as the same origin");
  Check(ParseOrigin(text + "@elsewhere", again) != Reason::kNone, "user info is refused");
  Check(ParseOrigin(text + "/path", again) == Reason::kUrlHasPath, "a path is refused");
}

bool IsTargetByDefinition(std::string_view text) {
  return !text.empty() && text.front() == '/' && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '!' && c <= '~' && c != '#';
  });
}

}  // namespace

void Run(ConstBytes octets) {
  const Exact url(octets);
  Origin origin;
  const Reason reason = ParseOrigin(url.text(), origin);
  Check(reason == Reason::kNone || reason == Reason::kUrlNotHttps ||
            reason == Reason::kUrlHasPath || reason == Reason::kUrlMalformed,
        "one of four reasons");
  if (reason == Reason::kNone) {
    CheckOrigin(origin, url.text());
  } else {
    Check(origin.host.empty() && origin.port == 0, "nothing is written unless it is accepted");
  }
  Check(IsRequestTarget(url.text()) == IsTargetByDefinition(url.text()), "a target is one");
}

}  // namespace connect_auth::fuzz
