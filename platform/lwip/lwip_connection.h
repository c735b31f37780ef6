// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "port/network.h"

namespace connect_auth::lwip {

/// A TCP connection over lwIP's raw API, for systems that call lwIP from one loop (NO_SYS).
///
///        Connect()              address                 answer
///  kIdle ─────────► kResolving ─────────► kConnecting ─────────► kConnected
///    ▲                  │ no address           │ refused, no route    │ reset, given up; and
///    │                  │                      │                      │ all read that came
///    │                  └────────► kFailed ◄───┘                      └──────► kBroken
///    └─────────────────────────── Close(), from every phase
///
/// What arrives stays in the buffers of the network driver until it is read, and only then is the
/// peer told that there is room again: a slow reader holds TCP_WND octets at most, in no more
/// frames than fill it, and one frame that lwIP keeps. What is written is copied into lwIP's heap
/// (TCP_WRITE_FLAG_COPY): it has to last until the peer acknowledges it, and `data` is borrowed
/// during the call only.
///
/// What the port asks for and lwIP cannot give: it says of a name only that it was not resolved, so
/// an unknown one is kUnavailable as well; of a name with several addresses it keeps the first one.
/// With IPv6 and IPv4 it asks for one kind after the other. It asks one question at a time: while
/// an abandoned one is on its way, for 7 s per name server at most, `Connect` is kPending.
///
/// A connection that was closed goes on without this object until the peer has all, or the memory
/// is needed. Those that do so are told by their priority, TCP_PRIO_MIN.
///
/// The calls and lwIP's own processing (input of frames, timers) come from the same context.
/// Nothing has to be polled in addition: whoever handed lwIP a frame or a time-out calls again.
class LwipConnection final : public Connection {
 public:
  constexpr LwipConnection() = default;
  LwipConnection(const LwipConnection&) = delete;
  LwipConnection& operator=(const LwipConnection&) = delete;
  ~LwipConnection() { Close(); }

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

 private:
  enum class Phase : std::uint8_t { kIdle, kResolving, kConnecting, kConnected, kFailed, kBroken };

  static void OnResolved(const char* name, const ip_addr_t* address, void* look_up);
  static err_t OnConnected(void* self, tcp_pcb* pcb, err_t error);
  static err_t OnReceived(void* self, tcp_pcb* pcb, pbuf* data, err_t error);
  static void OnError(void* self, err_t error);

  Status Resolve(std::string_view host);
  void ConnectTo(const ip_addr_t& address);
  Status Report() const;
  IoResult NotConnected() const;
  IoResult Break();
  IoResult ReadNothing();
  void TakeRefused();
  void DropReceived();

  tcp_pcb* pcb_ = nullptr;  // Null in kConnected: it broke, but there is something left to read.
  pbuf* received_ = nullptr;
  std::uintptr_t look_up_ = 0;  // Tells its answer from those to names asked for earlier.
  std::uint16_t port_ = 0;
  Phase phase_ = Phase::kIdle;
  bool ended_ = false;
};

}  // namespace connect_auth::lwip
