// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/oauth/token.h"
#include "agent/session/slot.h"
#include "port/clock.h"

namespace connect_auth {

/// Whether other devices are likely to have got their tokens when this one got its own.
enum class Herd : std::uint8_t {
  kScattered,
  kInStep,  ///< It is the first token since a start, or the first after a failure.
};

/// When to ask for the token's successor, if nobody wants one before that. To be worked out once,
/// when a token came or was found.
///
/// Between 7/10 and 8/10 of its life, at the device's own place: the last fifth is left to live
/// through an outage, and at the latest then `RequiredLife` would have a caller of the agent ask,
/// whatever the margin. The spread lets devices drift apart that were in step, but only by a tenth
/// of a lifetime a turn. So a token that came in step is replaced once at any time between 1/10
/// and 8/10, which scatters a fleet at one stroke, for at most one request more a device.
///
/// Two requests are at least `kLeastPause` apart, however short the server lets tokens live. Those
/// that live shorter than that run out first, and who needs one in between asks for it.
///
/// @param slot  For Purpose::kRenewal.
/// @return  In the past or now if it is due: its time is over, or its age is not known (it is
///          usable then until the server says otherwise). Who has just started asks no sooner than
///          `Backoff::First()` all the same.
Instant RenewalAt(const Token& token, const Clock& clock, Slot slot, Herd herd);

inline constexpr Millis kLeastPause = Millis::Seconds(15);

}  // namespace connect_auth
