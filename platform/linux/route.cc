// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/route.h"

namespace connect_auth::program {

Route::Route(const Configuration& configuration) {
  Proxy proxy = configuration.proxy();
  if (!proxy.host.empty() && password_.Append(AsBytes(proxy.password.Reveal()))) {
    host_ = proxy.host;
    user_ = proxy.user;
    proxy = {host_, proxy.port, user_, password_.view()};
    const std::size_t size = ProxyTunnel::BufferBytes(proxy);
    buffer_.reset(new std::uint8_t[size]);
    tunnel_.emplace(socket_, proxy, Bytes(buffer_.get(), size));
  }
}

Connection& Route::connection() {
  return tunnel_ ? static_cast<Connection&>(*tunnel_) : socket_;
}

/// Whoever waits for a connection waits for what the tunnel is about.
Interest Route::InSocket(Interest interest) const {
  return tunnel_ && interest == Interest::kConnected ? tunnel_->waits_for() : interest;
}

bool Route::Wait(Interest interest, Millis at_most) {
  return socket_.Wait(InSocket(interest), at_most);
}

posix::SocketConnection::WaitSet Route::wait_set(Interest interest) const {
  return socket_.wait_set(InSocket(interest));
}

Failure Route::Complete(Failure failure) const {
  const bool never_connected = failure.reason == Reason::kNameNotFound ||
                               failure.reason == Reason::kNoConnection ||
                               failure.reason == Reason::kConnectTimeout;
  if (tunnel_ && never_connected && tunnel_->reason() != Reason::kNone) {
    failure.reason = tunnel_->reason();
    failure.http_status = tunnel_->http_status();
  }
  return failure;
}

}  // namespace connect_auth::program
