// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/peer_words.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/encoding/base64.h"
#include "agent/encoding/byte_writer.h"
#include "agent/encoding/form.h"

namespace connect_auth {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return !part.empty() && text.find(part) != std::string_view::npos;
}

/// Whether `text` contains `part`, form-encoded, without a second buffer for the encoded form.
bool ContainsFormEncoded(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at < text.size() && !part.empty(); ++at) {
    std::string_view rest = Part(text, at);
    const bool matches = std::all_of(part.begin(), part.end(), [&rest](char c) {
      std::array<std::uint8_t, 3> encoded{};
      ByteWriter one(encoded);
      FormEncode(std::string_view(&c, 1), one);
      const std::string_view wanted = AsText(one.written());
      const bool same = rest.starts_with(wanted);
      rest.remove_prefix(same ? wanted.size() : 0);
      return same;
    });
    if (matches) {
      return true;
    }
  }
  return false;
}

/// The front of the Base64 that `Authorization: Basic` carries: the first whole groups of the
/// client id. Whoever repeats the field repeats these.
bool ContainsBasicCredentials(std::string_view text, std::string_view client_id) {
  constexpr std::size_t kOctets = 12;
  constexpr std::size_t kLeast = 6;
  const std::size_t octets = std::min(client_id.size(), kOctets) / 3 * 3;
  if (octets < kLeast) {
    return Contains(text, "Basic ");
  }
  std::array<std::uint8_t, Base64EncodedSize(kOctets)> front{};
  const Bytes encoded = Bytes(front).first(Base64EncodedSize(octets));
  EncodeBase64(AsBytes(Part(client_id, 0, octets)), encoded);
  return Contains(text, AsText(encoded));
}

}  // namespace

bool RepeatsSecret(std::string_view text, const Settings& settings) {
  for (const SecretView secret : {settings.client_secret, settings.password, settings.code}) {
    if (Contains(text, secret.Reveal()) || ContainsFormEncoded(text, secret.Reveal())) {
      return true;
    }
  }
  return ContainsBasicCredentials(text, settings.client_id);
}

std::string_view RedirectTarget(std::string_view location) {
  const std::size_t scheme_end = location.find("://");
  const std::size_t from = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t end = location.find_first_of(from == 0 ? "?#" : "/?#", from);
  return Part(location, 0, end);
}

}  // namespace connect_auth
