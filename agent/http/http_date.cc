// SPDX-License-Identifier: Apache-2.0
#include "agent/http/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "agent/encoding/calendar.h"
#include "agent/http/ascii.h"
#include "port/bytes.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// A letter stands for a part of the date (see `Take`), anything else for itself.
constexpr std::array<std::string_view, 3> kForms = {"a, d b Y h:m:s GMT", "A, d-b-y h:m:s GMT",
                                                    "a b e h:m:s Y"};

constexpr std::string_view kShortWeekdays = "Sun Mon Tue Wed Thu Fri Sat";
constexpr std::string_view kWeekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
constexpr std::string_view kMonths = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";

constexpr std::int32_t kFirstYear = 1970;
constexpr std::int32_t kLastTwoDigitYear = 2076;
constexpr std::int32_t kThursday = 4;  // 1970-01-01

struct Moment {
  Date date;
  std::int32_t weekday = 0;  // 0: Sunday
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  std::int32_t second = 0;
};

/// Takes parts off the front of a text. What is not there makes it fail for good.
class Scanner {
 public:
  explicit constexpr Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return !failed_ && rest_.empty(); }

  bool Skip(std::string_view wanted) {
    const bool found = Part(rest_, 0, wanted.size()) == wanted;
    rest_ = found ? Part(rest_, wanted.size()) : rest_;
    return found;
  }
  void Literal(char wanted) { failed_ = !Skip({&wanted, 1}) || failed_; }

  std::int32_t Number(std::size_t digits) {
    std::int32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || !IsDigit(rest_.front())) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + static_cast<std::int32_t>(DigitValue(rest_.front()));
      rest_.remove_prefix(1);
    }
    return value;
  }

  /// @param names  With a blank between each two.
  /// @return  Which of them it was, from 0 on.
  std::int32_t Name(std::string_view names) {
    for (std::int32_t index = 0; !names.empty(); ++index) {
      const std::size_t size = std::min(names.find(' '), names.size());
      if (Skip(Part(names, 0, size))) {
        return index;
      }
      names.remove_prefix(std::min(size + 1, names.size()));
    }
    failed_ = true;
    return 0;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::int32_t YearOfTwoDigits(std::int32_t digits) {
  constexpr std::int32_t kCentury = kLastTwoDigitYear / 100 * 100;
  return digits + (kCentury + digits > kLastTwoDigitYear ? kCentury - 100 : kCentury);
}

void Take(char part, Scanner& from, Moment& moment) {
  switch (part) {
    case 'a':
      moment.weekday = from.Name(kShortWeekdays);
      return;
    case 'A':
      moment.weekday = from.Name(kWeekdays);
      return;
    case 'b':
      moment.date.month = from.Name(kMonths) + 1;
      return;
    case 'd':
      moment.date.day = from.Number(2);
      return;
    case 'e':
      moment.date.day = from.Number(from.Skip(" "sv) ? 1 : 2);
      return;
    case 'h':
      moment.hour = from.Number(2);
      return;
    case 'm':
      moment.minute = from.Number(2);
      return;
    case 's':
      moment.second = from.Number(2);
      return;
    case 'Y':
      moment.date.year = from.Number(4);
      return;
    case 'y':
      moment.date.year = YearOfTwoDigits(from.Number(2));
      return;
    default:
      return from.Literal(part);
  }
}

bool Scan(std::string_view text, std::string_view form, Moment& moment) {
  Scanner scanner(text);
  for (const char part : form) {
    Take(part, scanner, moment);
  }
  return scanner.at_end();
}

/// @param days  Those of its date.
bool IsPossible(const Moment& moment, std::int32_t days) {
  // A day beyond its month's end is one of the next month.
  return moment.date.year >= kFirstYear && DateOfDays(days).day == moment.date.day &&
         moment.hour <= 23 && moment.minute <= 59 && moment.second <= 60 &&
         (days + kThursday) % 7 == moment.weekday;
}

}  // namespace

Result<UnixSeconds> ParseHttpDate(std::string_view text) {
  for (const std::string_view form : kForms) {
    Moment moment;
    if (Scan(text, form, moment)) {
      const std::int32_t days = DaysOfDate(moment.date);
      if (!IsPossible(moment, days)) {
        break;
      }
      const std::int32_t of_day = (moment.hour * 60 + moment.minute) * 60 + moment.second;
      return UnixSeconds{std::int64_t{days} * 86400 + of_day};
    }
  }
  return Status::kMalformed;
}

}  // namespace connect_auth
