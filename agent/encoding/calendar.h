// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth {

// 32 bits suffice for the days of three million years, and make this half as large on small cores.

/// A date of the proleptic Gregorian calendar.
struct Date {
  std::int32_t year = 0;   ///< Within 3,000,000 of 1970.
  std::int32_t month = 0;  ///< 1..12
  std::int32_t day = 0;    ///< 1..31
};

/// @param days  Since 1970-01-01; may be negative. Within 1,000,000,000.
Date DateOfDays(std::int32_t days);

/// The days from 1970-01-01 to `date`; negative before.
std::int32_t DaysOfDate(const Date& date);

}  // namespace connect_auth
