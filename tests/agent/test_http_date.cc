// SPDX-License-Identifier: Apache-2.0
#include "agent/http/http_date.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

constexpr std::int64_t kDay = 86400;

constexpr std::array<const char*, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// A calendar that counts one day at a time, so that it shares no arithmetic with what it checks.
struct Calendar {
  int year = 1970;
  int month = 0;
  int day = 1;
  std::int64_t days = 0;

  static int Length(int month, int year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 1                                              ? (leap ? 29 : 28)
           : month == 3 || month == 5 || month == 8 || month == 10 ? 30
                                                                   : 31;
  }
  const char* weekday() const { return kWeekdays[static_cast<std::size_t>((days + 4) % 7)]; }
  const char* month_name() const { return kMonths[static_cast<std::size_t>(month)]; }
  void Next() {
    ++days;
    if (++day > Length(month, year)) {
      day = 1;
      month = (month + 1) % 12;
      year += month == 0 ? 1 : 0;
    }
  }
};

using Text = std::array<char, 64>;

std::int64_t Parsed(std::string_view text) {
  return ParseHttpDate(text).value_or(UnixSeconds{-1}).count;
}

std::string_view Fixdate(const Calendar& on, const char* time, Text& into) {
  const int size = std::snprintf(into.data(), into.size(), "%.3s, %02d %s %04d %s GMT",
                                 on.weekday(), on.day, on.month_name(), on.year, time);
  return {into.data(), static_cast<std::size_t>(size)};
}

void http_date_reads_the_three_forms(void**) {
  constexpr std::int64_t kMoment = 784111777;
  assert_int_equal(Parsed("Sun, 06 Nov 1994 08:49:37 GMT"), kMoment);
  assert_int_equal(Parsed("Sunday, 06-Nov-94 08:49:37 GMT"), kMoment);
  assert_int_equal(Parsed("Sun Nov  6 08:49:37 1994"), kMoment);
  assert_int_equal(Parsed("Wed Nov 16 08:49:37 1994"), kMoment + 10 * kDay);
}

void http_date_knows_the_days_from_1970_to_9999(void**) {
  Text text{};
  for (Calendar on; on.year < 10000; on.Next()) {
    // The calendar repeats itself after 400 years, so later only the days when it may go wrong.
    if (on.year < 2370 || on.day == Calendar::Length(on.month, on.year)) {
      assert_int_equal(Parsed(Fixdate(on, "00:00:00", text)), on.days * kDay);
    }
  }
}

void http_date_knows_every_day_in_the_obsolete_forms(void**) {
  Text text{};
  for (Calendar on; on.year < 2150; on.Next()) {
    int size = std::snprintf(text.data(), text.size(), "%.3s %s %2d 23:59:59 %04d", on.weekday(),
                             on.month_name(), on.day, on.year);
    assert_int_equal(Parsed({text.data(), static_cast<std::size_t>(size)}),
                     on.days * kDay + kDay - 1);
    size = std::snprintf(text.data(), text.size(), "%s, %02d-%s-%02d 23:59:59 GMT", on.weekday(),
                         on.day, on.month_name(), on.year % 100);
    const bool within_fifty_years = on.year >= 1977 && on.year <= 2076;
    // Another century has other weekdays, so what is out of reach is refused, not misread.
    assert_int_equal(Parsed({text.data(), static_cast<std::size_t>(size)}),
                     within_fifty_years ? on.days * kDay + kDay - 1 : -1);
  }
}

void http_date_knows_every_second_of_a_day(void**) {
  Text text{};
  std::array<char, 16> time{};
  const Calendar first;
  for (int second = 0; second < kDay; ++second) {
    std::snprintf(time.data(), time.size(), "%02d:%02d:%02d", second / 3600, second / 60 % 60,
                  second % 60);
    assert_int_equal(Parsed(Fixdate(first, time.data(), text)), second);
  }
  assert_int_equal(Parsed("Sat, 31 Dec 2016 23:59:60 GMT"),
                   Parsed("Sun, 01 Jan 2017 00:00:00 GMT"));
}

void http_date_passes_every_border_of_32_bits(void**) {
  assert_int_equal(Parsed("Tue, 19 Jan 2038 03:14:07 GMT"), INT32_MAX);
  assert_int_equal(Parsed("Tue, 19 Jan 2038 03:14:08 GMT"), std::int64_t{INT32_MAX} + 1);
  assert_int_equal(Parsed("Sun, 07 Feb 2106 06:28:15 GMT"), UINT32_MAX);
  assert_int_equal(Parsed("Sun, 07 Feb 2106 06:28:16 GMT"), std::int64_t{UINT32_MAX} + 1);
  assert_int_equal(Parsed("Fri, 31 Dec 9999 23:59:60 GMT"), 253402300800);
}

void http_date_refuses_days_and_times_that_do_not_exist(void**) {
  for (const std::string_view text :
       {"Mon, 06 Nov 1994 08:49:37 GMT",  // a Sunday
        "Monday, 06-Nov-94 08:49:37 GMT", "Mon Nov  6 08:49:37 1994",
        "Wed, 29 Feb 2023 00:00:00 GMT", "Mon, 29 Feb 2100 00:00:00 GMT",
        "Mon, 00 Jan 2024 00:00:00 GMT", "Thu, 32 Jan 2026 00:00:00 GMT",
        "Wed, 31 Apr 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"}) {
    assert_int_equal(ParseHttpDate(text).status(), Status::kMalformed);
  }
}

void http_date_refuses_other_spellings(void**) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "0"sv,
                                      "Sun"sv,
                                      "Sunday"sv,
                                      "GMT"sv,
                                      "Sun, 6 Nov 1994 08:49:37 GMT"sv,
                                      "sun, 06 Nov 1994 08:49:37 GMT"sv,
                                      "Sun, 06 nov 1994 08:49:37 GMT"sv,
                                      "Sun, 06 Nov 1994 08:49:37 gmt"sv,
                                      "Sun, 06 Nov 1994 08:49:37 UTC"sv,
                                      "Sun, 06 Nov 1994 08:49:37"sv,
                                      "Sun, 06 Nov 94 08:49:37 GMT"sv,
                                      "Sun,  06 Nov 1994 08:49:37 GMT"sv,
                                      "Sun,06 Nov 1994 08:49:37 GMT"sv,
                                      "Sun, +6 Nov 1994 08:49:37 GMT"sv,
                                      "Sun, -6 Nov 1994 08:49:37 GMT"sv,
                                      "Sun, 06 Nov 1994 8:49:37 GMT"sv,
                                      "Sun, 06 Nov 1994 08:49 GMT"sv,
                                      "Sun, 06 Nov 1994 08.49.37 GMT"sv,
                                      "Sun, 06 Nov 1994 08:49:37.0 GMT"sv,
                                      "Sun, 06 Nov 19940 08:49:37 GMT"sv,
                                      "Sun, 06-Nov-94 08:49:37 GMT"sv,
                                      "Sunday, 06 Nov 1994 08:49:37 GMT"sv,
                                      "Sunday, 06-Nov-1994 08:49:37 GMT"sv,
                                      "Sunday, 06-Nov-94 08:49:37"sv,
                                      "Sun Nov 6 08:49:37 1994"sv,
                                      "Sun Nov 06 08:49:37 94"sv,
                                      "Sun Nov  6 08:49:37 1994 GMT"sv,
                                      "Sun Nov  6 08:49:37 GMT 1994"sv,
                                      "Sun, 06 Nov 1994 08:49:37 GMT\0"sv,
                                      "1994-11-06T08:49:37Z"sv}) {
    assert_int_equal(ParseHttpDate(text).status(), Status::kMalformed);
  }
}

/// With each octet replaced, and at each length, of text that ends at a guard page. What is still a
/// date then differs in a digit, or names another day.
void http_date_withstands_every_damage_of_one_octet(void**) {
  const GuardedBytes memory(64);
  for (const std::string_view whole :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      assert_false(ParseHttpDate(AsText(memory.Copy(AsBytes(whole.substr(0, size))))).ok());
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        const Bytes text = memory.Copy(AsBytes(whole));
        text[at] = static_cast<std::uint8_t>(octet);
        const bool is_digit = octet >= '0' && octet <= '9';
        const bool is_same = text[at] == static_cast<std::uint8_t>(whole[at]);
        assert_true(ParseHttpDate(AsText(text)).ok() == is_same || is_digit);
      }
    }
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(http_date_reads_the_three_forms),
      cmocka_unit_test(http_date_knows_the_days_from_1970_to_9999),
      cmocka_unit_test(http_date_knows_every_day_in_the_obsolete_forms),
      cmocka_unit_test(http_date_knows_every_second_of_a_day),
      cmocka_unit_test(http_date_passes_every_border_of_32_bits),
      cmocka_unit_test(http_date_refuses_days_and_times_that_do_not_exist),
      cmocka_unit_test(http_date_refuses_other_spellings),
      cmocka_unit_test(http_date_withstands_every_damage_of_one_octet),
  };
  return cmocka_run_group_tests_name("agent/http_date", tests, nullptr, nullptr);
}
