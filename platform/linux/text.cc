// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/text.h"

#include <time.h>

#include <array>
#include <cstring>

#include "agent/http/ascii.h"

namespace connect_auth::program {

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) {
    joined.append(part);
  }
  return joined;
}

std::string Decimal(std::int64_t value) {
  return std::to_string(value);
}

std::string UtcTime(UnixSeconds at) {
  const time_t seconds = at.count;
  tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) {
    return "unknown";
  }
  const std::size_t size = ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

std::string ErrorText(int error) {
  return std::strerror(error);
}

std::string Printable(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string printable;
  for (const char c : text) {
    if (c >= 0x20 && c <= 0x7E) {
      printable.push_back(c);
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    printable.append("\\x");
    printable.push_back(kHexDigits[octet >> 4]);
    printable.push_back(kHexDigits[octet & 0x0F]);
  }
  return printable;
}

std::string HexOf(ConstBytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text.append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return text;
}

Result<std::int64_t> ParseNumber(std::string_view text, std::int64_t least, std::int64_t most) {
  constexpr std::size_t kMaxDigits = 12;
  if (text.empty() || text.size() > kMaxDigits) {
    return Status::kInvalidArgument;
  }
  std::int64_t value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) {
      return Status::kInvalidArgument;
    }
    value = value * 10 + DigitValue(c);
  }
  return value >= least && value <= most ? Result<std::int64_t>(value) : Status::kInvalidArgument;
}

}  // namespace connect_auth::program
