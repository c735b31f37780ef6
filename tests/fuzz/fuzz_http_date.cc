// SPDX-License-Identifier: Apache-2.0
//
// Line 1 is a Date, line 2 a Retry-After. A date means what the C library says, and every moment
// that the C library writes is read as itself.
#include <array>
#include <ctime>
#include <string>

#include "agent/http/ascii.h"
#include "agent/http/http_date.h"
#include "agent/http/response_parser.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::array kForms = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                               "%a %b %e %H:%M:%S %Y"};
constexpr std::int64_t kMoments = 253402300800;  // to the end of the year 9999

/// The moment that the C library reads; -1: none. It is less strict, so this is no judge of form.
std::int64_t ReadByLibrary(const std::string& text) {
  for (const char* form : kForms) {
    std::tm read = {};
    const char* const end = ::strptime(text.c_str(), form, &read);
    if (end != text.c_str() + text.size()) {
      continue;
    }
    const bool two_digits = form == kForms[1];
    read.tm_year += two_digits && read.tm_year < 77 ? 100 : 0;
    const int weekday = read.tm_wday;
    const std::int64_t moment = ::timegm(&read);
    // A leap second is not one of the C library's; it may end the day.
    return weekday == read.tm_wday || read.tm_sec == 0 ? moment : -1;
  }
  return -1;
}

void CheckDate(std::string_view line) {
  const Exact text(AsBytes(line));
  const Result<UnixSeconds> read = ParseHttpDate(text.text());
  if (read.ok()) {
    Check(read.value().count == ReadByLibrary(std::string(line)), "as the C library reads it");
  }
}

void CheckMoment(std::int64_t moment) {
  const std::time_t time = moment;
  std::tm parts = {};
  ::gmtime_r(&time, &parts);
  for (const char* form : kForms) {
    std::array<char, 64> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), form, &parts);
    const bool readable = form != kForms[1] || (parts.tm_year >= 77 && parts.tm_year < 177);
    const Result<UnixSeconds> read = ParseHttpDate({text.data(), size});
    Check(!readable || (read.ok() && read.value().count == moment), "what is written is read");
  }
}

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  const std::size_t last = text.find_last_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, last - begin + 1);
}

std::uint32_t WaitOf(std::string_view date, std::string_view retry_after) {
  std::uint64_t wait = 0;
  const Result<UnixSeconds> from = ParseHttpDate(date);
  const Result<UnixSeconds> to = ParseHttpDate(retry_after);
  if (!ReadDecimal(retry_after, wait) && from.ok() && to.ok() && to.value() > from.value() &&
      from.value().count != 0) {
    wait = static_cast<std::uint64_t>(to.value().count - from.value().count);
  }
  return static_cast<std::uint32_t>(wait < UINT32_MAX ? wait : UINT32_MAX);
}

void CheckRetryAfter(std::string_view date, std::string_view retry_after) {
  if (!AllAre(date, IsFieldCharacter) || !AllAre(retry_after, IsFieldCharacter) ||
      date.size() > PeerText::kCapacity || retry_after.size() > PeerText::kCapacity) {
    return;
  }
  const std::string text = "HTTP/1.1 503 Busy\r\nDate: " + std::string(date) +
                           "\r\nRetry-After: " + std::string(retry_after) + "\r\n\r\n";
  const Exact wire(AsBytes(text));
  ResponseParser parser;
  Check(parser.Decode(wire.bytes()).ok(), "such fields are well-formed");
  Check(parser.retry_after_s() == WaitOf(WithoutBlanks(date), WithoutBlanks(retry_after)),
        "Retry-After is seconds, or counts from Date");
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  CheckMoment(static_cast<std::int64_t>(input.Number(5)) % kMoments);
  const std::string_view lines = AsText(input.rest());
  const std::size_t end = lines.find('\n');
  const std::string_view date = lines.substr(0, end);
  const std::string_view retry_after =
      end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
  CheckDate(date);
  CheckDate(retry_after);
  CheckRetryAfter(date, retry_after);
}

}  // namespace connect_auth::fuzz
