// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "port/bytes.h"
#include "port/clock.h"
#include "port/result.h"

namespace connect_auth::program {

// Text for people. Secrets never come near it.

std::string Join(std::initializer_list<std::string_view> parts);

std::string Decimal(std::int64_t value);

/// A moment as `2026-01-31T12:00:00Z`.
std::string UtcTime(UnixSeconds at);

/// The words of the C library for an errno.
std::string ErrorText(int error);

/// `text` on one line and harmless for a terminal: whatever is not printable ASCII becomes `\xHH`.
std::string Printable(std::string_view text);

/// Octets as hexadecimal digits.
std::string HexOf(ConstBytes bytes);

/// Reads a decimal number of nothing but digits.
///
/// @return value             least <= value <= most
/// @return kInvalidArgument  Anything else.
Result<std::int64_t> ParseNumber(std::string_view text, std::int64_t least, std::int64_t most);

}  // namespace connect_auth::program
