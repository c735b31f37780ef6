// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/encoding/byte_writer.h"
#include "agent/http/origin.h"
#include "agent/settings.h"

namespace connect_auth {

/// Writes the token request (RFC 6749 sections 4.1.3 and 4.3.2), head and body.
///
/// @param settings  Checked by `CheckSettings`. Borrowed during the call.
/// @param into      Whether it fitted tells `overflowed()`. Holds secrets afterwards.
void WriteTokenRequest(const Settings& settings, const Origin& origin, ByteWriter& into);

}  // namespace connect_auth
