// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/encoding/byte_writer.h"
#include "agent/http/origin.h"
#include "agent/secret.h"
#include "agent/settings.h"

namespace connect_auth {

/// What a token is asked for with.
enum class TokenRequestKind : std::uint8_t {
  kPassword,      ///< RFC 6749 section 4.3.2
  kCode,          ///< RFC 6749 section 4.1.3, RFC 7636 section 4.5
  kRefreshToken,  ///< RFC 6749 section 6
};

/// Writes a token request, head and body.
///
/// @param settings       Checked by `CheckSettings`. Borrowed during the call.
/// @param refresh_token  For kRefreshToken. Borrowed likewise.
/// @param into           Whether it fitted tells `overflowed()`. Holds secrets afterwards.
void WriteTokenRequest(TokenRequestKind kind, const Settings& settings, SecretView refresh_token,
                       const Origin& origin, ByteWriter& into);

}  // namespace connect_auth
