// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/settings.h"

namespace connect_auth {

/// Stands where the server's words are not shown.
inline constexpr std::string_view kWithheld = "(withheld: it repeats a secret)";

/// Whether `text` contains the front of a configured secret, as it is, percent- or form-encoded, or
/// within the Base64 of `Authorization: Basic`. Some servers echo what they refuse.
bool RepeatsSecret(std::string_view text, const Settings& settings);

/// The origin of a Location, without user info, or the path of one on the same server: enough to
/// tell a person where the server points, without a query that may carry anything.
std::string_view RedirectTarget(std::string_view location);

}  // namespace connect_auth
