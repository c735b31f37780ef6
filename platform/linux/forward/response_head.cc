// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/response_head.h"

#include <cstddef>

#include "agent/http/ascii.h"
#include "platform/linux/forward/field_lines.h"
#include "platform/linux/text.h"
#include "port/bytes.h"

namespace connect_auth::program {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kStatusAt = 9;  // "HTTP/1.1 200"
constexpr std::size_t kStatusDigits = 3;

/// The last of several heads, without its empty line.
std::string_view FinalHead(std::string_view heads) {
  heads.remove_suffix(kLineEnd.size());
  const std::size_t before = heads.rfind(kHeadEnd);
  return before == std::string_view::npos ? heads : Part(heads, before + kHeadEnd.size());
}

/// A gateway takes line folding out (RFC 9112 section 5.2).
std::string Unfolded(std::string_view section) {
  std::string text(section);
  for (std::size_t at = text.find(kLineEnd); at != std::string::npos;
       at = text.find(kLineEnd, at + 1)) {
    const bool is_folded = at + 2 < text.size() && (text[at + 2] == ' ' || text[at + 2] == '\t');
    if (is_folded) {
      text[at] = ' ';
      text[at + 1] = ' ';
    }
  }
  return text;
}

/// What fields say of the content's length.
struct Length {
  int count = 0;
  std::uint64_t octets = 0;
  bool is_known() const { return count == 1; }
};

Length TakeFields(std::string_view section, std::string& into) {
  Length length;
  FieldLines lines(section);
  FieldLines::Line line;
  while (lines.Next(line)) {
    if (EqualsIgnoringCase(line.name, "content-length")) {
      length.count += ReadDecimal(line.value, length.octets) ? 1 : 2;
    } else if (!IsHopByHop(line.name, section)) {
      into += Join({line.name, ": ", line.value, kLineEnd});
    }
  }
  return length;
}

}  // namespace

std::optional<ResponseHead> ForwardedHead(std::string_view heads, const AskedWith& asked) {
  if (!heads.ends_with(kHeadEnd)) {
    return {};
  }
  const std::string final_head = Unfolded(FinalHead(heads));
  const std::size_t line_end = final_head.find(kLineEnd);
  const std::string_view status_line = Part(final_head, 0, line_end);
  ResponseHead made;
  made.text = Join({"HTTP/1.1", Part(status_line, kStatusAt - 1), kLineEnd});
  const Length length = TakeFields(Part(final_head, line_end + 2), made.text);
  const std::string_view status = Part(status_line, kStatusAt, kStatusDigits);
  const bool has_content = !asked.is_head && status != "204" && status != "304";
  if (length.is_known() && status != "204") {
    made.text +=
        Join({"Content-Length: ", Decimal(static_cast<std::int64_t>(length.octets)), kLineEnd});
  }
  if (has_content) {
    made.framing = length.is_known() ? ResponseHead::Framing::kLength
                   : asked.http_1_0  ? ResponseHead::Framing::kClose
                                     : ResponseHead::Framing::kChunked;
  }
  made.text += made.framing == ResponseHead::Framing::kChunked
                   ? "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                   : "Connection: close\r\n\r\n";
  return made;
}

}  // namespace connect_auth::program
