// SPDX-License-Identifier: Apache-2.0

#include "tests/platform/loopback_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace connect_auth::test {
namespace {

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

Address Loopback(int family, std::uint16_t port) {
  Address address{};
  if (family == AF_INET6) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_addr = in6addr_loopback;
    address.v6.sin6_port = htons(port);
  } else {
    address.v4.sin_family = AF_INET;
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.v4.sin_port = htons(port);
  }
  return address;
}

socklen_t SizeFor(int family) {
  return family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

void CloseIfOpen(int& descriptor) {
  if (descriptor >= 0) {
    ::close(descriptor);
    descriptor = -1;
  }
}

}  // namespace

bool LoopbackPeer::Start(int family, contract::Peer peer, std::uint16_t port) {
  Stop();
  family_ = family;
  peer_ = peer;
  if (peer == contract::Peer::kUnknownName || peer == contract::Peer::kNoResolver || !Bind(port)) {
    return false;
  }
  if (peer == contract::Peer::kRefuses) {
    return true;  // Bound, so that nobody else takes the port, but not listening.
  }
  if (::listen(listener_, peer == contract::Peer::kNeverAnswers ? 0 : 16) != 0) {
    return false;
  }
  if (peer == contract::Peer::kNeverAnswers) {
    FillBacklog();
    return true;
  }
  has_thread_ = ::pipe(stop_) == 0 && ::pthread_create(&thread_, nullptr, Run, this) == 0;
  return has_thread_;
}

void LoopbackPeer::Stop() {
  if (has_thread_) {
    static_cast<void>(!::write(stop_[1], "x", 1));
    ::pthread_join(thread_, nullptr);
    has_thread_ = false;
  }
  CloseIfOpen(listener_);
  for (int& descriptor : stop_) {
    CloseIfOpen(descriptor);
  }
  for (int& descriptor : fillers_) {
    CloseIfOpen(descriptor);
  }
}

const char* LoopbackPeer::host() const {
  return family_ == AF_INET6 ? "::1" : "127.0.0.1";
}

bool LoopbackPeer::Bind(std::uint16_t port) {
  listener_ = ::socket(family_, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0) {
    return false;
  }
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  Address address = Loopback(family_, port);
  socklen_t size = SizeFor(family_);
  if (::bind(listener_, &address.any, size) != 0 ||
      ::getsockname(listener_, &address.any, &size) != 0) {
    return false;
  }
  port_ = ntohs(family_ == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
  return true;
}

/// Linux drops the first packet of whoever comes when the queue of a listener is full.
void LoopbackPeer::FillBacklog() {
  const Address address = Loopback(family_, port_);
  for (int& filler : fillers_) {
    filler = ::socket(family_, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    static_cast<void>(::connect(filler, &address.any, SizeFor(family_)));
  }
}

void* LoopbackPeer::Run(void* self) {
  static_cast<LoopbackPeer*>(self)->AcceptUntilStopped();
  return nullptr;
}

void LoopbackPeer::AcceptUntilStopped() {
  while (WaitFor(listener_, POLLIN)) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection >= 0) {
      Serve(connection);
      ::close(connection);
    }
  }
}

void LoopbackPeer::Serve(int connection) {
  const int on = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  switch (peer_) {
    case contract::Peer::kEcho:
      return Echo(connection, 1);
    case contract::Peer::kEchoPairs:
      return Echo(connection, 2);
    case contract::Peer::kSendsAndCloses:
      return SendAndClose(connection);
    case contract::Peer::kResets: {
      WaitFor(connection, POLLIN);
      const linger at_once{1, 0};
      ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
      return;
    }
    case contract::Peer::kSilent:
      WaitFor(connection, POLLRDHUP);
      return;
    case contract::Peer::kSendsOnly:
      if (WaitFor(connection, POLLIN) && SendPeerBytes(connection)) {
        WaitFor(connection, POLLRDHUP);
      }
      return;
    case contract::Peer::kRefuses:
    case contract::Peer::kNeverAnswers:
    case contract::Peer::kUnknownName:
    case contract::Peer::kNoResolver:
      return;
  }
}

/// @param multiple  Waits until the bytes not yet sent back are a multiple of this.
void LoopbackPeer::Echo(int connection, std::size_t multiple) {
  std::array<std::uint8_t, 4096> buffer{};
  std::size_t held = 0;
  while (WaitFor(connection, POLLIN)) {
    const ssize_t got = ::recv(connection, buffer.data() + held, buffer.size() - held, 0);
    if (got <= 0) {
      return;
    }
    held += static_cast<std::size_t>(got);
    if (held % multiple == 0) {
      if (!SendAll(connection, buffer.data(), held)) {
        return;
      }
      held = 0;
    }
  }
}

bool LoopbackPeer::SendPeerBytes(int connection) {
  std::array<std::uint8_t, contract::kPeerBytes> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = contract::PeerByteAt(i);
  }
  return SendAll(connection, bytes.data(), bytes.size());
}

void LoopbackPeer::SendAndClose(int connection) {
  if (!SendPeerBytes(connection)) {
    return;
  }
  ::shutdown(connection, SHUT_WR);
  // Unread bytes at the time of close would turn the orderly end into a reset.
  std::array<std::uint8_t, 256> ignored{};
  while (WaitFor(connection, POLLIN) && ::recv(connection, ignored.data(), ignored.size(), 0) > 0) {
  }
}

/// @return false when the peer is to stop.
bool LoopbackPeer::WaitFor(int descriptor, short events) {
  pollfd either[2] = {{descriptor, events, 0}, {stop_[0], POLLIN, 0}};
  while (::poll(either, 2, -1) < 0) {
  }
  return either[1].revents == 0;
}

bool LoopbackPeer::SendAll(int connection, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    if (!WaitFor(connection, POLLOUT)) {
      return false;
    }
    const ssize_t sent = ::send(connection, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) {
      return false;
    }
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace connect_auth::test
