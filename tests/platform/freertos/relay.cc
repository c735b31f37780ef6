// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/freertos/relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "tests/platform/freertos/lwip_host.h"

namespace connect_auth::test {
namespace {

using lwip_host::Moved;

constexpr std::chrono::microseconds kPause{300};

Moved ReceiveOuter(int number, Bytes into) {
  const ssize_t size = ::recv(number, into.data(), into.size(), MSG_DONTWAIT);
  if (size >= 0) {
    return {static_cast<std::size_t>(size), size == 0, false};
  }
  return {0, false, errno != EAGAIN};
}

Moved SendOuter(int number, ConstBytes data) {
  const ssize_t size = ::send(number, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return {size > 0 ? static_cast<std::size_t>(size) : 0, false, size < 0 && errno != EAGAIN};
}

void EndOuter(int number) {
  ::shutdown(number, SHUT_WR);
}

int ConnectOuter(std::uint16_t port) {
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(number, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(number);
    return -1;
  }
  return number;
}

/// Moves what can be moved now in one direction.
///
/// @return whether something was; `broke` is set where an end is gone.
template <typename Flow, typename Receive, typename Send, typename End>
bool Move(Flow& flow, int from, int to, Receive receive, Send send, End end, bool& broke) {
  bool moved = false;
  if (flow.sent == flow.size && !flow.ended) {
    const Moved got = receive(from, flow.buffer);
    flow.size = got.size;
    flow.sent = 0;
    flow.ended = got.ended;
    broke |= got.broke;
    moved |= got.size > 0;
  }
  if (flow.sent < flow.size) {
    const Moved sent = send(to, ConstBytes(flow.buffer).first(flow.size).subspan(flow.sent));
    flow.sent += sent.size;
    broke |= sent.broke;
    moved |= sent.size > 0;
  }
  if (flow.ended && flow.sent == flow.size && !flow.end_told) {
    end(to);
    flow.end_told = true;
    moved = true;
  }
  return moved;
}

}  // namespace

// The thread goes on until the program ends, as lwIP's does.
Relay::Relay() {
  std::thread([this] { Run(); }).detach();
}

std::uint16_t Relay::Listen(std::uint16_t to) {
  StopListening();
  const std::lock_guard<std::mutex> lock(mutex_);
  to_ = to;
  listener_ = lwip_host::Listen(++port_);
  return port_;
}

void Relay::StopListening() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (listener_ >= 0) {
    lwip_host::Close(listener_);
    listener_ = -1;
  }
}

void Relay::Run() {
  for (;;) {
    bool moved = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      moved = AcceptOne();
      std::erase_if(links_, [&](Link& link) {
        bool over = false;
        moved |= Carry(link, over);
        return over;
      });
    }
    if (!moved) {
      std::this_thread::sleep_for(kPause);
    }
  }
}

bool Relay::AcceptOne() {
  const int inner = listener_ >= 0 ? lwip_host::Accept(listener_) : -1;
  if (inner < 0) {
    return false;
  }
  const int outer = ConnectOuter(to_);
  if (outer < 0) {
    lwip_host::Reset(inner);
    return true;
  }
  links_.push_back({inner, outer, {}, {}});
  return true;
}

/// @param over  Set when the link is closed.
bool Relay::Carry(Link& link, bool& over) {
  bool inner_broke = false;
  bool moved =
      Move(link.out, link.inner, link.outer, lwip_host::Receive, SendOuter, EndOuter, inner_broke);
  bool outer_broke = false;
  moved |= Move(link.in, link.outer, link.inner, ReceiveOuter, lwip_host::Send,
                lwip_host::EndStream, outer_broke);
  if (inner_broke || outer_broke) {
    lwip_host::Reset(link.inner);
  } else if (link.out.end_told && link.in.end_told) {
    lwip_host::Close(link.inner);
  } else {
    return moved;
  }
  ::close(link.outer);
  over = true;
  return true;
}

}  // namespace connect_auth::test
