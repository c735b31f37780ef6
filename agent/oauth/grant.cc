// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/grant.h"

#include <cstddef>
#include <cstdint>

#include "agent/encoding/utf8.h"
#include "agent/http/ascii.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// UNICODECHARNOCRLF of RFC 6749 appendix A: no control characters but TAB; valid UTF-8.
bool IsUnicodeWithoutControls(std::string_view text) {
  Utf8Checker utf8;
  for (const char c : text) {
    const auto octet = static_cast<std::uint8_t>(c);
    if ((octet < 0x20 && c != '\t') || octet == 0x7F || !utf8.Accept(octet)) {
      return false;
    }
  }
  return utf8.complete();
}

bool IsVisibleWithoutBlanks(std::string_view text) {
  return IsVisible(text) && text.find(' ') == std::string_view::npos;
}

constexpr GrantParameter kPassword[] = {
    {"&username="sv, [](const Settings& settings, const SecretView&) { return settings.username; },
     IsUnicodeWithoutControls, Reason::kUsernameCharacter, Reason::kUsernameEmpty},
    {"&password="sv,
     [](const Settings& settings, const SecretView&) { return settings.password.Reveal(); },
     IsUnicodeWithoutControls, Reason::kPasswordCharacter, Reason::kPasswordEmpty},
};

constexpr GrantParameter kCode[] = {
    {"&code="sv, [](const Settings& settings, const SecretView&) { return settings.code.Reveal(); },
     IsVisible, Reason::kCodeCharacter},
    {"&redirect_uri="sv,
     [](const Settings& settings, const SecretView&) { return settings.redirect_uri; },
     IsVisibleWithoutBlanks, Reason::kRedirectUriCharacter},
    {"&code_verifier="sv,
     [](const Settings& settings, const SecretView&) { return settings.code_verifier.Reveal(); },
     IsVisible, Reason::kCodeCharacter},
};

constexpr GrantParameter kRefreshToken[] = {
    {"&refresh_token="sv,
     [](const Settings&, const SecretView& refresh_token) { return refresh_token.Reveal(); },
     IsVisible, Reason::kNone},
};

/// In the order of `Grant`.
constexpr GrantStrategy kConfigurable[] = {
    {.type = "password"sv, .parameters = kPassword, .is_for_user = true},
    {.type = "authorization_code"sv, .parameters = kCode, .works_once = true},
    {.type = "client_credentials"sv, .parameters = {}},
};

}  // namespace

constexpr GrantStrategy kRefreshTokenGrant = {.type = "refresh_token"sv,
                                              .parameters = kRefreshToken};

const GrantStrategy& StrategyOf(Grant grant) {
  return kConfigurable[static_cast<std::size_t>(grant)];
}

}  // namespace connect_auth
