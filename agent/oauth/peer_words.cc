// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/peer_words.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/encoding/base64.h"
#include "agent/encoding/byte_writer.h"
#include "agent/http/ascii.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// A text is taken for an echo as soon as it repeats this much of a secret's front.
constexpr std::size_t kTellingOctets = 8;

bool Contains(std::string_view text, std::string_view part) {
  return !part.empty() && text.find(part) != std::string_view::npos;
}

/// Takes one character off the front of `text`: `%XX` in either case, '+' for a blank, or any other
/// as it is.
char TakeDecoded(std::string_view& text) {
  char c = text.front();
  std::size_t size = 1;
  if (c == '%' && text.size() >= 3 && IsHexDigit(text[1]) && IsHexDigit(text[2])) {
    c = static_cast<char>(HexDigitValue(text[1]) * 16 + HexDigitValue(text[2]));
    size = 3;
  } else if (c == '+') {
    c = ' ';
  }
  text.remove_prefix(size);
  return c;
}

/// Whether `text`, with its escapes undone, begins with `part`; in it a '+' may be meant as it is.
bool BeginsDecoded(std::string_view text, std::string_view part) {
  for (const char c : part) {
    const char raw = text.empty() ? '\0' : text.front();
    if (text.empty() || (TakeDecoded(text) != c && raw != c)) {
      return false;
    }
  }
  return true;
}

bool ContainsDecoded(std::string_view text, std::string_view part) {
  for (; !text.empty() && !part.empty(); text.remove_prefix(1)) {
    if (BeginsDecoded(text, part)) {
      return true;
    }
  }
  return false;
}

/// Whether `text` holds the front of what `Authorization: Basic` carries.
bool ContainsBasicCredentials(std::string_view text, const Settings& settings) {
  constexpr std::size_t kOctets = 12;
  std::array<std::uint8_t, kOctets> plain{};
  ByteWriter front(plain);
  front.Put(Part(settings.client_id, 0, kOctets));
  if (front.size() < kOctets) {
    front.Put(':');
  }
  front.Put(Part(settings.client_secret.Reveal(), 0, kOctets - front.size()));
  const std::size_t whole_groups = front.size() / 3 * 3;
  std::array<std::uint8_t, Base64EncodedSize(kOctets)> room{};
  const Bytes encoded = Bytes(room).first(Base64EncodedSize(whole_groups));
  EncodeBase64(front.written().first(whole_groups), encoded);
  const bool contains = Contains(text, AsText(encoded));
  Wipe(plain);
  Wipe(room);
  return contains;
}

}  // namespace

bool RepeatsSecret(std::string_view text, const Settings& settings) {
  for (const SecretView secret :
       {settings.client_secret, settings.password, settings.code, settings.code_verifier}) {
    const std::string_view front = Part(secret.Reveal(), 0, kTellingOctets);
    if (Contains(text, front) || ContainsDecoded(text, front)) {
      return true;
    }
  }
  return ContainsBasicCredentials(text, settings);
}

std::string_view RedirectTarget(std::string_view location) {
  const std::size_t scheme_end = location.find("://"sv);
  if (scheme_end == std::string_view::npos) {
    return Part(location, 0, location.find_first_of("?#"));
  }
  const std::string_view origin = Part(location, 0, location.find_first_of("/?#", scheme_end + 3));
  const std::size_t user_info_end = origin.rfind('@');
  return user_info_end == std::string_view::npos ? origin : Part(origin, user_info_end + 1);
}

}  // namespace connect_auth
