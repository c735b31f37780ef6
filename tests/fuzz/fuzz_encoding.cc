// SPDX-License-Identifier: Apache-2.0
//
// What is encoded can be decoded, by somebody else; UTF-8 is what RFC 3629 says; days are those of
// the C library.
#include <ctime>
#include <string>

#include "agent/encoding/base64.h"
#include "agent/encoding/calendar.h"
#include "agent/encoding/form.h"
#include "agent/encoding/utf8.h"
#include "mbedtls/base64.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

void CheckBase64(ConstBytes octets) {
  const Exact encoded(Base64EncodedSize(octets.size()));
  // In the place that `EncodeBase64` allows: at the very end of where it writes.
  const Bytes from = encoded.bytes().last(octets.size());
  CopyBytes(octets, from);
  EncodeBase64(from, encoded.bytes());
  const Exact decoded(octets.size() + 1);
  std::size_t size = 0;
  Check(::mbedtls_base64_decode(decoded.bytes().data(), decoded.bytes().size(), &size,
                                encoded.bytes().data(), encoded.bytes().size()) == 0 &&
            decoded.text().substr(0, size) == AsText(octets),
        "mbedTLS decodes what is encoded");
}

std::string FormDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

void CheckForm(std::string_view text) {
  const Exact encoded(FormEncodedSize(text));
  ByteWriter writer(encoded.bytes());
  FormEncode(text, writer);
  Check(!writer.overflowed() && writer.size() == encoded.bytes().size(), "as long as was said");
  Check(encoded.text().find_first_of("&= \r\n") == std::string_view::npos, "no separator is left");
  Check(FormDecoded(encoded.text()) == text, "what is encoded can be decoded");
  if (!text.empty()) {
    ByteWriter short_of_one(encoded.bytes().first(encoded.bytes().size() - 1));
    FormEncode(text, short_of_one);
    Check(short_of_one.overflowed(), "what does not fit is told");
  }
}

/// By code points instead of ranges of octets.
bool IsUtf8(ConstBytes octets) {
  constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::uint32_t first = octets[i];
    const std::size_t more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if ((first >= 0x80 && first < 0xC0) || first >= 0xF8 || more > octets.size() - i - 1) {
      return false;
    }
    std::uint32_t point = more == 0 ? first : first & (0x3FU >> more);
    for (std::size_t k = 0; k < more; ++k) {
      const std::uint32_t next = octets[++i];
      point = point << 6 | (next & 0x3F);
      if ((next & 0xC0) != 0x80) {
        return false;
      }
    }
    if (point < kLeast[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      return false;
    }
  }
  return true;
}

void CheckUtf8(ConstBytes octets) {
  Utf8Checker checker;
  bool accepted = true;
  for (const std::uint8_t octet : octets) {
    accepted = accepted && checker.Accept(octet);
  }
  Check((accepted && checker.complete()) == IsUtf8(octets), "UTF-8 is what RFC 3629 says");
}

void CheckDays(std::int32_t days) {
  const Date date = DateOfDays(days);
  Check(DaysOfDate(date) == days, "days are those of their date");
  const std::time_t time = std::int64_t{days} * 86400;
  std::tm parts = {};
  ::gmtime_r(&time, &parts);
  Check(date.year == parts.tm_year + 1900 && date.month == parts.tm_mon + 1 &&
            date.day == parts.tm_mday,
        "and of the C library");
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  constexpr std::int32_t kMostDays = 1'000'000'000;
  CheckDays(static_cast<std::int32_t>(static_cast<std::uint32_t>(input.Number(4))) % kMostDays);
  CheckBase64(octets);
  CheckForm(AsText(octets));
  CheckUtf8(octets);
}

}  // namespace connect_auth::fuzz
