// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "FreeRTOS.h"
#include "lwip/ip_addr.h"
#include "platform/freertos/name_look_up.h"
#include "platform/freertos/waitable_connection.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth::freertos {

/// A TCP connection over lwIP's sockets.
///
///        Connect()              address                answer
///  kIdle ─────────► kResolving ─────────► kConnecting ─────────► kConnected
///    ▲                  │  ▲                   │                      │ reset, given up
///    │                  │  └───────────────────┤                      └──────► kBroken
///    │    no kind is left │  refused, no route │
///    │                  └────────► kFailed ◄───┘
///    └─────────────────────────── Close(), from every phase
///
/// lwIP gives one address of a name for each kind. Where it has both kinds, IPv6 is tried first,
/// for 3 s at most, and IPv4 then. Which of an unknown name and a silent resolver it is lwIP does
/// not tell: both are kUnavailable, never kNotFound.
///
/// All calls come from one task, as lwIP wants it for a socket, or from several that take turns.
/// Each waits for lwIP's lock, or its thread, as every socket call does, but never for the network.
/// `Close()` may have to where lwIP has no memory for a FIN: for LWIP_TCP_CLOSE_TIMEOUT_MS_DEFAULT.
///
/// Why a call failed is in `errno` only, which therefore has to be each task's own.
class SocketConnection final : public WaitableConnection {
 public:
  constexpr SocketConnection() = default;
  SocketConnection(const SocketConnection&) = delete;
  SocketConnection& operator=(const SocketConnection&) = delete;
  ~SocketConnection() { Close(); }

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// A socket is waited for with select(), which nothing but time and the socket ends.
  void Wait(Interest interest, Millis at_most) override;

 private:
  enum class Phase : std::uint8_t { kIdle, kResolving, kConnecting, kConnected, kFailed, kBroken };

  bool Resolve(const char* host);
  bool Attempt(const ip_addr_t& address);
  bool Progress();
  bool TryNextKind();
  Status Report() const;
  IoResult NotConnected() const;
  IoResult Fail();
  bool Select(Interest interest, Millis at_most) const;
  void CloseSocket();

  NameLookUp look_up_;
  TickType_t attempt_began_ = 0;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::uint8_t kind_ = 0;  // Which of the kinds of addresses is tried.
  Phase phase_ = Phase::kIdle;
  bool ended_ = false;  // lwIP tells it once only.
};

}  // namespace connect_auth::freertos
