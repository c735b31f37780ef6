// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "FreeRTOS.h"
#include "FreeRTOS_IP.h"
#include "FreeRTOS_Sockets.h"
#include "platform/freertos/plus_tcp_look_up.h"
#include "platform/freertos/waitable_connection.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth::freertos {

/// A TCP connection over FreeRTOS-Plus-TCP's sockets (4.x).
///
///        Connect()              address                answer
///  kIdle ─────────► kResolving ─────────► kConnecting ─────────► kConnected
///    ▲                  │  ▲                   │                      │ reset, given up
///    │                  │  └───────────────────┤                      └──────► kBroken
///    │    no kind is left │  refused, no route │
///    │                  └────────► kFailed ◄───┘
///    └─────────────────────────── Close(), from every phase
///
/// One address of a name is tried for each kind: IPv4 first, for 3 s at most, and IPv6 then. The
/// resolver is silent about a name that has no address of a kind, and IPv6 first would cost every
/// connection that time where a name has none. So an unknown name is kUnavailable, never kNotFound.
///
/// The stack answers the end of the peer's stream with that of its own. What is written after that
/// is accepted and goes nowhere, so that the peer's last words can still be read.
///
/// All calls come from one task, or from several that take turns, not before
/// FreeRTOS_IPInit_Multi() was called. Each may wait for the IP task, as every socket call does,
/// but never for the network.
class PlusTcpConnection final : public WaitableConnection {
 public:
  constexpr PlusTcpConnection() = default;
  PlusTcpConnection(const PlusTcpConnection&) = delete;
  PlusTcpConnection& operator=(const PlusTcpConnection&) = delete;
  ~PlusTcpConnection() { Close(); }

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;

  /// Ends the stream if all that was written has arrived; else the peer hears no more.
  void Close() override;

  /// A notification always ends it. Until there is a connection, so do 250 ms: the stack tells
  /// nobody that an attempt was refused, nor that a name has no address.
  void Wait(Interest interest, Millis at_most) override;

 private:
  enum class Phase : std::uint8_t { kIdle, kResolving, kConnecting, kConnected, kFailed, kBroken };

  bool Resolve(const char* host);
  bool Attempt(BaseType_t kind, const IP_Address_t& address);
  bool Progress();
  bool TryNextKind();
  Status Report() const;
  IoResult NotConnected() const;
  IoResult Break();
  bool IsConnecting() const;
  bool IsOver() const;
  bool WasEnded(BaseType_t error) const;
  bool MustWait(Interest interest) const;
  bool IsMet(Interest interest) const;
  void CloseSocket();

  PlusTcpLookUp look_up_;
  Socket_t socket_ = nullptr;
  TickType_t attempt_began_ = 0;
  std::uint16_t port_ = 0;
  std::uint8_t kind_ = 0;  // Which of the kinds of addresses is tried.
  Phase phase_ = Phase::kIdle;
  bool ended_ = false;  // The end was read: a reset after it changes nothing.
};

}  // namespace connect_auth::freertos
