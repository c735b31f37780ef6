// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/browser_request.h"

#include <algorithm>

#include "agent/http/ascii.h"
#include "agent/http/origin.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool IsVersion(std::string_view text) {
  return text == "HTTP/1.1" || text == "HTTP/1.0";
}

}  // namespace

Bytes RequestHead::room() {
  return octets_.Reserve(kMostBytes) ? octets_.room() : Bytes();
}

RequestHead::State RequestHead::Fill(std::size_t count) {
  const std::size_t before = octets_.size();
  octets_.Fill(count);
  const std::size_t from = before - std::min(before, kHeadEnd.size() - 1);
  if (text().find(kHeadEnd, from) != std::string_view::npos) {
    return State::kComplete;
  }
  return octets_.size() == kMostBytes ? State::kTooLong : State::kIncomplete;
}

std::optional<RequestLine> ParseRequestLine(std::string_view head) {
  const std::size_t end = head.find(kLineEnd);
  const std::string_view line = Part(head, 0, end);
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (end == std::string_view::npos || method_end == target_end ||
      !IsVersion(Part(line, target_end + 1))) {
    return {};
  }
  RequestLine parsed;
  parsed.method = Part(line, 0, method_end);
  const std::string_view target = Part(line, method_end + 1, target_end - method_end - 1);
  if (parsed.method.empty() || !AllAre(parsed.method, IsTokenCharacter) ||
      !IsRequestTarget(target)) {
    return {};
  }
  parsed.path = Part(target, 0, target.find('?'));
  parsed.query = parsed.path.size() == target.size() ? std::string_view()
                                                     : Part(target, parsed.path.size() + 1);
  return parsed;
}

}  // namespace connect_auth::program
