// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>

#include "tests/port/contract_network.h"

namespace connect_auth::test {

/// The other end of a connection, on a loopback address, with a thread of its own.
class LoopbackPeer final {
 public:
  LoopbackPeer() = default;
  LoopbackPeer(const LoopbackPeer&) = delete;
  LoopbackPeer& operator=(const LoopbackPeer&) = delete;
  ~LoopbackPeer() { Stop(); }

  /// @param family  AF_INET or AF_INET6.
  /// @param port    0 for any.
  /// @return false when that address cannot be had, or a peer is not of that kind.
  bool Start(int family, contract::Peer peer, std::uint16_t port = 0);
  void Stop();

  const char* host() const;
  std::uint16_t port() const { return port_; }

 private:
  static constexpr int kFillers = 4;

  bool Bind(std::uint16_t port);
  void FillBacklog();
  static void* Run(void* self);
  void AcceptUntilStopped();
  void Serve(int connection);
  void Echo(int connection, std::size_t multiple);
  bool SendPeerBytes(int connection);
  void SendAndClose(int connection);
  bool WaitFor(int descriptor, short events);
  bool SendAll(int connection, const std::uint8_t* data, std::size_t size);

  int family_ = 0;
  contract::Peer peer_ = contract::Peer::kSilent;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int fillers_[kFillers] = {-1, -1, -1, -1};
  pthread_t thread_{};
  bool has_thread_ = false;
};

}  // namespace connect_auth::test
