// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/client_request.h"

#include <algorithm>
#include <cstddef>

#include "agent/http/ascii.h"
#include "platform/linux/forward/field_lines.h"
#include "port/bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMostFields = 100;
constexpr std::size_t kLongestTarget = 8000;

constexpr Refusal kRequestLine{400, "the first line is none of HTTP/1.1"};
constexpr Refusal kField{400, "a header field is malformed"};
constexpr Refusal kHost{400, "there must be exactly one Host field"};
constexpr Refusal kLength{400, "the length of the content is not clear"};
constexpr Refusal kMethod{405,
                          "CONNECT and TRACE are not forwarded: this is no proxy to name in "
                          "https_proxy, but takes the requests themselves, in plain HTTP"};
constexpr Refusal kChunked{411, "content must come with a Content-Length"};
constexpr Refusal kTargetTooLong{414, "the target is longer than 8000 characters"};
constexpr Refusal kExpectation{417, "nothing but 100-continue can be expected"};
constexpr Refusal kOtherOrigin{421,
                               "requests go to the configured server only: name a path on it, or "
                               "an https URL of it"};
constexpr Refusal kUnderscore{400,
                              "a header field's name has an underscore, which some servers take "
                              "for another character"};
constexpr Refusal kTooManyFields{431, "there are more than 100 header fields"};
constexpr Refusal kVersion{505, "only HTTP/1.1 and HTTP/1.0 are spoken"};

bool IsVersion(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && IsDigit(text[5]) && text[6] == '.' &&
         IsDigit(text[7]);
}

/// Brings a target into the form that an origin server gets (RFC 9112 section 3.2).
std::optional<Refusal> TakeTarget(std::string_view target, const Origin& origin,
                                  std::string_view& into) {
  const std::size_t scheme_end = target.find("://");
  into = target;
  if (!target.starts_with('/') && scheme_end != std::string_view::npos) {
    const std::size_t path = std::min(target.find_first_of("/?#", scheme_end + 3), target.size());
    Origin named;
    if (ParseOrigin(Part(target, 0, path), named) != Reason::kNone ||
        !EqualsIgnoringCase(named.host, origin.host) || named.port != origin.port) {
      return kOtherOrigin;
    }
    into = path == target.size() ? "/" : Part(target, path);
  }
  if (into.size() > kLongestTarget) {
    return kTargetTooLong;
  }
  return IsRequestTarget(into) ? std::optional<Refusal>() : kRequestLine;
}

std::optional<Refusal> TakeRequestLine(std::string_view line, const Origin& origin,
                                       ClientRequest& into) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return kRequestLine;
  }
  into.method = Part(line, 0, method_end);
  const std::string_view version = Part(line, target_end + 1);
  if (into.method.empty() || !AllAre(into.method, IsTokenCharacter) || !IsVersion(version)) {
    return kRequestLine;
  }
  into.http_1_0 = version == "HTTP/1.0";
  if (!into.http_1_0 && version != "HTTP/1.1") {
    return kVersion;
  }
  // What comes back of TRACE would show the token.
  if (EqualsIgnoringCase(into.method, "CONNECT") || EqualsIgnoringCase(into.method, "TRACE")) {
    return kMethod;
  }
  return TakeTarget(Part(line, method_end + 1, target_end - method_end - 1), origin, into.target);
}

/// What was seen of fields of which there may be one only.
struct Seen {
  std::size_t fields = 0;
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  bool transfer_coding = false;
};

std::optional<Refusal> TakeField(const FieldLines::Line& line, Seen& seen, ClientRequest& into) {
  const auto is = [&line](std::string_view name) { return EqualsIgnoringCase(line.name, name); };
  ++seen.fields;
  if (line.name.find('_') != std::string_view::npos) {
    return kUnderscore;
  }
  if (is("host")) {
    ++seen.hosts;
    into.host = line.value;
  } else if (is("content-length")) {
    ++seen.lengths;
    return ReadDecimal(line.value, into.content_length) ? std::optional<Refusal>() : kLength;
  } else if (is("transfer-encoding")) {
    seen.transfer_coding = true;
  } else if (is("expect")) {
    into.expects_continue = !into.http_1_0;
    return EqualsIgnoringCase(line.value, "100-continue") ? std::optional<Refusal>() : kExpectation;
  } else if (is("origin") || is("referer") || is("sec-fetch-site")) {
    into.from_browser = true;
  }
  return {};
}

std::optional<Refusal> Conclude(const Seen& seen, const ClientRequest& request) {
  if (seen.fields > kMostFields) {
    return kTooManyFields;
  }
  if (seen.hosts > 1 || (seen.hosts == 0 && !request.http_1_0)) {
    return kHost;
  }
  if (seen.lengths > 1 || (seen.transfer_coding && (seen.lengths != 0 || request.http_1_0))) {
    return kLength;
  }
  return seen.transfer_coding ? kChunked : std::optional<Refusal>();
}

}  // namespace

std::optional<Refusal> ParseClientRequest(std::string_view head, const Origin& origin,
                                          ClientRequest& into) {
  const std::size_t line_end = head.find(kLineEnd);
  if (line_end == std::string_view::npos || !head.ends_with("\r\n\r\n")) {
    return kRequestLine;
  }
  into = ClientRequest();
  std::optional<Refusal> refusal = TakeRequestLine(Part(head, 0, line_end), origin, into);
  if (refusal) {
    return refusal;
  }
  into.fields = Part(head, line_end + 2, head.size() - line_end - 4);
  FieldLines lines(into.fields);
  FieldLines::Line line;
  Seen seen;
  while (lines.Next(line)) {
    refusal = TakeField(line, seen, into);
    if (refusal) {
      return refusal;
    }
  }
  return lines.complete() ? Conclude(seen, into) : kField;
}

}  // namespace connect_auth::program
