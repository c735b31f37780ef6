// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/failure.h"
#include "agent/http/proxy_tunnel.h"
#include "platform/linux/configuration.h"
#include "platform/linux/secret_buffer.h"
#include "platform/posix/socket_connection.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth::program {

/// The way to the server: straight, or through the configured proxy.
class Route {
 public:
  /// @param configuration  Loaded. Borrowed during the call.
  explicit Route(const Configuration& configuration);
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  /// What leads to the server.
  Connection& connection();
  /// What leads to the first host on the way.
  const posix::SocketConnection& socket() const { return socket_; }

  /// As `SocketConnection::Wait`.
  ///
  /// @param interest  In `connection()`.
  bool Wait(Interest interest, Millis at_most);

  /// As `SocketConnection::wait_set`.
  posix::SocketConnection::WaitSet wait_set(Interest interest) const;

  /// The same failure, with what the proxy had to do with it: to whoever is above, all of that is a
  /// server that cannot be reached.
  Failure Complete(Failure failure) const;

 private:
  Interest InSocket(Interest interest) const;

  posix::SocketConnection socket_;
  std::string host_;  // of the proxy, as are the next two
  std::string user_;
  SecretBuffer password_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::optional<ProxyTunnel> tunnel_;
};

}  // namespace connect_auth::program
