// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/calendar.h"

namespace connect_auth {
namespace {

// Years are counted from 0000-03-01, so that a leap day ends its year and every 400 years are
// alike; months are then 153 days in five, from March on.
constexpr std::int32_t kDaysTo1970 = 719468;
constexpr std::int32_t kDaysIn400Years = 146097;

/// Into how many-th 400 years `count` falls, each of them `size` long; rounds down.
constexpr std::int32_t EraOf(std::int32_t count, std::int32_t size) {
  return (count >= 0 ? count : count - size + 1) / size;
}

}  // namespace

Date DateOfDays(std::int32_t days) {
  const std::int32_t since = days + kDaysTo1970;
  const std::int32_t era = EraOf(since, kDaysIn400Years);
  const std::int32_t day_of_era = since - era * kDaysIn400Years;
  const std::int32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int32_t month_from_march = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = era * 400 + year_of_era + (date.month <= 2 ? 1 : 0);
  return date;
}

std::int32_t DaysOfDate(const Date& date) {
  const bool after_february = date.month > 2;
  const std::int32_t year = after_february ? date.year : date.year - 1;
  const std::int32_t era = EraOf(year, 400);
  const std::int32_t year_of_era = year - era * 400;
  const std::int32_t month_from_march = after_february ? date.month - 3 : date.month + 9;
  const std::int32_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int32_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysIn400Years + day_of_era - kDaysTo1970;
}

}  // namespace connect_auth
