// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "port/clock.h"
#include "port/result.h"

namespace connect_auth {

/// Reads a date of HTTP (RFC 9110 section 5.6.7) in the form that servers send and in both that
/// they sent once:
///
///     Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate
///     Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
///     Sun Nov  6 08:49:37 1994          asctime()
///
/// Strict: letter case, blanks and digits are as shown, and the day of the week is the right one.
/// A leap second counts as the second that follows it.
///
/// Two digits of a year stand for the one that is at most 50 years away from the present, which a
/// device may not know: 2026 stands for it, so they mean 1977 to 2076.
///
/// @return value       1970-01-01T00:00:00Z .. 9999-12-31T23:59:60Z
/// @return kMalformed  Not a date, or one before 1970.
Result<UnixSeconds> ParseHttpDate(std::string_view text);

}  // namespace connect_auth
