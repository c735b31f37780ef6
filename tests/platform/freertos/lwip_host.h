// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "port/bytes.h"

// What the tests need of lwIP besides the connection under test. In a header of its own, as lwIP's
// sockets and those of the system cannot be included together.
namespace connect_auth::test::lwip_host {

/// An address in a network that carries nothing.
inline constexpr const char* kBlackHole = "10.0.0.9";

/// Starts lwIP with its thread, its loopback and that network. On the first call.
void Start();

/// Whether lwIP knows a name server. The one there is knows "both.test", "only4.test",
/// "hole6.test", whose IPv6 address leads nowhere, and "late.test", about which it says nothing for
/// now; all of them on the loopback.
void SetNameServer(bool known);
/// How many answers are held back.
std::size_t late_answers();
void SendLateAnswers();

// Sockets of the peer, none of which blocks.

struct Moved {
  std::size_t size = 0;
  bool ended = false;
  bool broke = false;
};

/// @return a listener for both kinds of addresses, or -1.
int Listen(std::uint16_t port);
/// @return a connection, or -1.
int Accept(int listener);
Moved Receive(int connection, Bytes into);
Moved Send(int connection, ConstBytes data);
void EndStream(int connection);
void Reset(int connection);
void Close(int number);

}  // namespace connect_auth::test::lwip_host
