// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/socket_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>

#include "lwip/dns.h"
#include "lwip/inet.h"
#include "lwip/sockets.h"
#include "platform/freertos/ticks.h"
#include "port/assert.h"
#include "task.h"

namespace connect_auth::freertos {
namespace {

// RFC 1035 section 2.3.4, without the final dot.
constexpr std::size_t kLongestName = 253;

// In the order in which they are tried.
constexpr std::uint8_t kKinds[] = {
#if LWIP_IPV6
    LWIP_DNS_ADDRTYPE_IPV6,
#endif
#if LWIP_IPV4
    LWIP_DNS_ADDRTYPE_IPV4,
#endif
};

// How long a kind of address is tried while there is another one.
constexpr TickType_t kAttemptTicks = TicksFor(Millis{3000});

union SocketAddress {
  sockaddr any;
#if LWIP_IPV4
  sockaddr_in v4;
#endif
#if LWIP_IPV6
  sockaddr_in6 v6;
#endif
};

SocketAddress AddressFor([[maybe_unused]] const ip_addr_t& address, std::uint16_t port) {
  SocketAddress result{};
#if LWIP_IPV6
  if (IP_IS_V6_VAL(address)) {
    result.v6.sin6_family = AF_INET6;
    result.v6.sin6_port = lwip_htons(port);
    inet6_addr_from_ip6addr(&result.v6.sin6_addr, ip_2_ip6(&address));
    return result;
  }
#endif
#if LWIP_IPV4
  result.v4.sin_family = AF_INET;
  result.v4.sin_port = lwip_htons(port);
  inet_addr_from_ip4addr(&result.v4.sin_addr, ip_2_ip4(&address));
#endif
  return result;
}

/// A non-blocking TCP socket without Nagle's delay, or -1.
int OpenSocket(int family) {
  const int number = lwip_socket(family, SOCK_STREAM, IPPROTO_TCP);
  if (number >= 0) {
    const int on = 1;
    lwip_fcntl(number, F_SETFL, O_NONBLOCK);
    lwip_setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return number;
}

/// The outcome of an attempt to connect that select() called ready: 0 or an errno.
int Outcome(int number) {
  int error = 0;
  socklen_t size = sizeof(error);
  return lwip_getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

timeval TimevalOf(Millis span) {
  timeval result{};
  const std::int64_t millis = std::clamp<std::int64_t>(span.count, 0, INT_MAX);
  result.tv_sec = static_cast<decltype(result.tv_sec)>(millis / 1000);
  result.tv_usec = static_cast<decltype(result.tv_usec)>(millis % 1000 * 1000);
  return result;
}

}  // namespace

Status SocketConnection::Connect(std::string_view host, std::uint16_t port) {
  if (phase_ == Phase::kIdle) {
    // A NUL would cut the name short on its way into lwIP: another host than was verified.
    if (host.empty() || host.size() > kLongestName || port == 0 || host.find('\0') != host.npos) {
      return Status::kInvalidArgument;
    }
    port_ = port;
    phase_ = Phase::kResolving;
  }
  bool moves = true;
  while (moves && phase_ == Phase::kResolving) {
    std::array<char, kLongestName + 1> name{};
    std::copy(host.begin(), host.end(), name.begin());
    moves = Resolve(name.data());
  }
  while (moves && phase_ == Phase::kConnecting) {
    moves = Progress();
  }
  return Report();
}

/// @return whether something else is to be done now.
bool SocketConnection::Resolve(const char* host) {
  ip_addr_t address{};
  if (ipaddr_aton(host, &address) != 0) {
    kind_ = std::size(kKinds) - 1;  // It has no other address.
    return Attempt(address);
  }
  const Status status = look_up_.Resolve(host, kKinds[kind_], address);
  if (status == Status::kPending) {
    return false;
  }
  return status == Status::kOk ? Attempt(address) : TryNextKind();
}

bool SocketConnection::Attempt(const ip_addr_t& address) {
  const SocketAddress at = AddressFor(address, port_);
  socket_ = OpenSocket(at.any.sa_family);
  attempt_began_ = xTaskGetTickCount();
  phase_ = Phase::kConnecting;
  if (socket_ < 0) {
    return TryNextKind();
  }
  if (lwip_connect(socket_, &at.any, sizeof(at)) != 0 && errno != EINPROGRESS) {
    return TryNextKind();
  }
  return true;
}

bool SocketConnection::Progress() {
  const bool is_last = kind_ + 1U == std::size(kKinds);
  if (!Select(Interest::kWritable, Millis{0})) {
    const bool is_late = xTaskGetTickCount() - attempt_began_ >= kAttemptTicks;
    return !is_last && is_late && TryNextKind();
  }
  if (Outcome(socket_) != 0) {
    return TryNextKind();
  }
  phase_ = Phase::kConnected;
  return false;
}

bool SocketConnection::TryNextKind() {
  CloseSocket();
  ++kind_;
  phase_ = kind_ < std::size(kKinds) ? Phase::kResolving : Phase::kFailed;
  return phase_ == Phase::kResolving;
}

Status SocketConnection::Report() const {
  switch (phase_) {
    case Phase::kConnected:
      return Status::kOk;
    case Phase::kFailed:
    case Phase::kBroken:
      return Status::kUnavailable;
    case Phase::kIdle:
    case Phase::kResolving:
    case Phase::kConnecting:
      break;
  }
  return Status::kPending;
}

IoResult SocketConnection::Write(ConstBytes data) {
  CONNECT_AUTH_ASSERT(!data.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  const std::size_t size = std::min<std::size_t>(data.size(), INT_MAX);
  const ssize_t sent = lwip_send(socket_, data.data(), size, 0);
  return sent > 0 ? IoResult::Bytes(static_cast<std::size_t>(sent)) : Fail();
}

IoResult SocketConnection::Read(Bytes into) {
  CONNECT_AUTH_ASSERT(!into.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  if (ended_) {
    return IoResult::Error(Status::kClosed);
  }
  const std::size_t size = std::min<std::size_t>(into.size(), INT_MAX);
  const ssize_t got = lwip_recv(socket_, into.data(), size, 0);
  if (got == 0) {
    ended_ = true;
    return IoResult::Error(Status::kClosed);
  }
  return got > 0 ? IoResult::Bytes(static_cast<std::size_t>(got)) : Fail();
}

/// What lwIP's last answer means.
IoResult SocketConnection::Fail() {
  if (WouldBlock(errno)) {
    return IoResult::Error(Status::kPending);
  }
  CloseSocket();
  phase_ = Phase::kBroken;
  return NotConnected();
}

IoResult SocketConnection::NotConnected() const {
  return IoResult::Error(phase_ == Phase::kBroken ? Status::kUnavailable
                                                  : Status::kFailedPrecondition);
}

void SocketConnection::Close() {
  if (phase_ == Phase::kResolving) {
    look_up_.Abandon();
  }
  CloseSocket();
  kind_ = 0;
  ended_ = false;
  phase_ = Phase::kIdle;
}

void SocketConnection::CloseSocket() {
  if (socket_ >= 0) {
    lwip_close(socket_);
    socket_ = -1;
  }
}

void SocketConnection::Wait(Interest interest, Millis at_most) {
  if (interest == Interest::kNothing || phase_ == Phase::kResolving) {
    static_cast<void>(ulTaskNotifyTake(pdTRUE, TicksFor(at_most)));
  } else if (socket_ >= 0) {
    Select(interest, at_most);
  }
}

/// @return whether `interest` is met.
bool SocketConnection::Select(Interest interest, Millis at_most) const {
  fd_set to_read;
  fd_set to_write;
  FD_ZERO(&to_read);
  FD_ZERO(&to_write);
  if (interest == Interest::kReadable || interest == Interest::kEither) {
    FD_SET(socket_, &to_read);
  }
  if (interest != Interest::kReadable) {
    FD_SET(socket_, &to_write);
  }
  timeval span = TimevalOf(at_most);
  return lwip_select(socket_ + 1, &to_read, &to_write, nullptr, &span) > 0;
}

}  // namespace connect_auth::freertos
