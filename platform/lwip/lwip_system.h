// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"
#include "port/entropy.h"

namespace connect_auth::lwip {

/// Starts lwIP, with the time and the randomness that it asks for. Once.
///
/// @param clock    Borrowed for as long as lwIP is used.
/// @param entropy  For ports, sequence numbers and DNS, none of which may be guessed (RFC 6056,
///                 RFC 6528, RFC 5452). Borrowed likewise.
void StartSystem(const Clock& clock, Entropy& entropy);

/// Does what of lwIP's is due: retransmissions, DHCP, ARP, DNS.
void RunTimers();

/// @return  When `RunTimers()` has something to do next. Never, before `StartSystem()`.
Instant NextTimer();

}  // namespace connect_auth::lwip
