// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"

namespace connect_auth::lwip {

/// Gives lwIP the time (its sys_now()).
///
/// @param clock  Borrowed for as long as lwIP is used. To be called before lwip_init().
void SetClock(const Clock& clock);

/// Does what of lwIP's is due: retransmissions, DHCP, ARP, DNS.
void RunTimers();

/// @return  When `RunTimers()` has something to do next.
Instant NextTimer();

}  // namespace connect_auth::lwip
