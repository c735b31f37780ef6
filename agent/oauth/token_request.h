// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encoding/byte_writer.h"
#include "agent/http/origin.h"
#include "agent/oauth/grant.h"
#include "agent/secret.h"
#include "agent/settings.h"

namespace connect_auth {

/// Writes a token request, head and body.
///
/// @param settings       Checked by `CheckSettings`. Borrowed during the call.
/// @param refresh_token  For kRefreshTokenGrant. Borrowed likewise.
/// @param into           Whether it fitted tells `overflowed()`. Holds secrets afterwards.
void WriteTokenRequest(const GrantStrategy& grant, const Settings& settings,
                       SecretView refresh_token, const Origin& origin, ByteWriter& into);

}  // namespace connect_auth
