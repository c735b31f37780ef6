// SPDX-License-Identifier: Apache-2.0
#include "agent/http/http_date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "agent/http/ascii.h"
#include "port/bytes.h"

namespace connect_auth {
namespace {

/// A letter stands for a part of the date (see `Take`), anything else for itself.
constexpr std::array<std::string_view, 3> kForms = {"a, d b Y h:m:s GMT", "A, d-b-y h:m:s GMT",
                                                    "a b e h:m:s Y"};

constexpr std::string_view kShortWeekdays = "Sun Mon Tue Wed Thu Fri Sat";
constexpr std::string_view kWeekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
constexpr std::string_view kMonths = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";

constexpr std::int32_t kFirstYear = 1970;
constexpr std::int32_t kLastTwoDigitYear = 2076;
constexpr std::int32_t kThursday = 4;  // 1970-01-01

struct Date {
  std::int32_t weekday = 0;  // 0: Sunday
  std::int32_t day = 0;      // 1..
  std::int32_t month = 0;    // 0: January
  std::int32_t year = 0;
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

void Take(char part, Scanner& from, Date& date) {
  switch (part) {
    case 'a':
      date.weekday = from.Name(kShortWeekdays);
      return;
    case 'A':
      date.weekday = from.Name(kWeekdays);
      return;
    case 'b':
      date.month = from.Name(kMonths);
      return;
    case 'd':
      date.day = from.Number(2);
      return;
    case 'e':
      date.day = from.Number(from.Skip(" ") ? 1 : 2);
      return;
    case 'h':
      date.hour = from.Number(2);
      return;
    case 'm':
      date.minute = from.Number(2);
      return;
    case 's':
      date.second = from.Number(2);
      return;
    case 'Y':
      date.year = from.Number(4);
      return;
    case 'y':
      date.year = YearOfTwoDigits(from.Number(2));
      return;
    default:
      return from.Literal(part);
  }
}

bool Scan(std::string_view text, std::string_view form, Date& date) {
  Scanner scanner(text);
  for (const char part : form) {
    Take(part, scanner, date);
  }
  return scanner.at_end();
}

bool IsLeap(std::int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

std::int32_t DaysIn(std::int32_t month, std::int32_t year) {
  constexpr std::array<std::int8_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  constexpr std::int32_t kFebruary = 1;
  return kDays[static_cast<std::size_t>(month)] + (month == kFebruary && IsLeap(year) ? 1 : 0);
}

/// @pre date.year >= kFirstYear
/// @return  From 1970-01-01 on; the day need not exist.
std::int32_t DaysBefore(const Date& date) {
  const std::int32_t before = date.year - 1;  // The last year whose leap day counts.
  constexpr std::int32_t kLeapDaysBefore1970 = 1969 / 4 - 1969 / 100 + 1969 / 400;
  std::int32_t days = (date.year - kFirstYear) * 365 +
                      (before / 4 - before / 100 + before / 400 - kLeapDaysBefore1970) +
                      (date.day - 1);
  for (std::int32_t month = 0; month < date.month; ++month) {
    days += DaysIn(month, date.year);
  }
  return days;
}

bool IsPossible(const Date& date) {
  return date.year >= kFirstYear && date.day >= 1 && date.day <= DaysIn(date.month, date.year) &&
         date.hour <= 23 && date.minute <= 59 && date.second <= 60 &&
         (DaysBefore(date) + kThursday) % 7 == date.weekday;
}

}  // namespace

Result<UnixSeconds> ParseHttpDate(std::string_view text) {
  for (const std::string_view form : kForms) {
    Date date;
    if (Scan(text, form, date)) {
      if (!IsPossible(date)) {
        return Status::kMalformed;
      }
      const std::int32_t of_day = (date.hour * 60 + date.minute) * 60 + date.second;
      return UnixSeconds{std::int64_t{DaysBefore(date)} * 86400 + of_day};
    }
  }
  return Status::kMalformed;
}

}  // namespace connect_auth
