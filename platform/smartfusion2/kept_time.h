// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"

namespace connect_auth::smartfusion2 {

/// The time of day in memory that outlasts a reset, as the board has no clock that does. It does
/// not outlast a loss of power, and falls back by the time that a reset takes.
void KeepTime(UnixSeconds now);

/// @return value         What was kept before the reset, a second old at most.
/// @return kUnavailable  Power was off.
Result<UnixSeconds> KeptTime();

}  // namespace connect_auth::smartfusion2
