// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth {

/// A date of the proleptic Gregorian calendar.
struct Date {
  std::int64_t year = 0;
  int month = 0;  ///< 1..12
  int day = 0;    ///< 1..31
};

/// @param days  Since 1970-01-01; may be negative.
Date DateOfDays(std::int64_t days);

/// The days from 1970-01-01 to `date`; negative before.
std::int64_t DaysOfDate(const Date& date);

}  // namespace connect_auth
