// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/oauth/token.h"
#include "port/clock.h"
#include "port/result.h"

namespace connect_auth {

// Policy as pure functions: how long a token lives, and when it has to be replaced.

/// How long ago a request was sent.
///
/// In the boot that sent it the monotonic clock alone decides, whatever the wall clock does. After
/// a reboot the wall clock decides, if it was known then and is now and has not run back.
///
/// @return value         Time since then.
/// @return kUnavailable  Not known.
Result<Millis> AgeOf(const Anchor& anchor, const Clock& clock);

/// How much longer a token lives, from when it was asked for.
///
/// @return value         Time left; <= 0 when it is over.
/// @return kUnavailable  Its age cannot be known.
Result<Millis> RemainingLife(const Token& token, const Clock& clock);

/// What must remain of a token for it to be given out, instead of a new one being asked for.
///
/// The margin counts for at most a fifth of the lifetime, so that one as long as the lifetime does
/// not ask for a token at every call. What the caller wants counts in full.
///
/// @param margin     From the settings.
/// @param min_valid  What the caller wants the token to be good for.
Millis RequiredLife(const Token& token, Millis margin, Millis min_valid);

}  // namespace connect_auth
