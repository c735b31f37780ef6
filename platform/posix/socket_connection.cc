// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/socket_connection.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "port/assert.h"

namespace connect_auth::posix {
namespace {

constexpr std::size_t kMaxHostBytes = 253;

/// Rounded down, so that what is left until a later moment is rounded up and has passed when
/// poll(2) returns.
Instant MonotonicNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000};
}

int PollTimeout(Millis at_most) {
  return static_cast<int>(std::clamp<std::int64_t>(at_most.count, 0, INT_MAX));
}

bool IsLegal(std::string_view host, std::uint16_t port) {
  // A NUL would cut the name short on its way into the C library: another host than was verified.
  return !host.empty() && host.size() <= kMaxHostBytes && port != 0 &&
         host.find('\0') == std::string_view::npos;
}

/// A non-blocking TCP socket without Nagle's delay, or -1.
int OpenSocket(int family) {
  const int number = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (number >= 0) {
    const int on = 1;
    ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return number;
}

void SetPort(SocketAddress& address, std::uint16_t port) {
  if (address.is_v6()) {
    address.v6.sin6_port = htons(port);
  } else {
    address.v4.sin_port = htons(port);
  }
}

/// The outcome of a connection attempt that poll(2) called ready: 0 or an errno.
int Outcome(int number) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return errno;
  }
  return error;
}

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

/// For poll(2), on a connected socket; 0: none.
short EventsOf(Interest interest) {
  switch (interest) {
    case Interest::kReadable:
      return POLLIN;
    case Interest::kWritable:
      return POLLOUT;
    case Interest::kEither:
      return POLLIN | POLLOUT;
    case Interest::kNothing:
    case Interest::kConnected:
      break;
  }
  return 0;
}

}  // namespace

Status SocketConnection::Connect(std::string_view host, std::uint16_t port) {
  switch (phase_) {
    case Phase::kIdle:
      return Start(host, port);
    case Phase::kResolving:
      return Resolve();
    case Phase::kConnecting:
      return Race();
    case Phase::kConnected:
      return Status::kOk;
    case Phase::kFailed:
    case Phase::kBroken:
      break;
  }
  return failure_;
}

Status SocketConnection::Start(std::string_view host, std::uint16_t port) {
  if (!IsLegal(host, port)) {
    error_ = EINVAL;
    return Status::kInvalidArgument;
  }
  port_ = port;
  error_ = 0;
  phase_ = Phase::kResolving;
  return Resolved(resolver_.Start(host, addresses_));
}

Status SocketConnection::Resolve() {
  return Resolved(resolver_.Poll(addresses_));
}

Status SocketConnection::Resolved(Status status) {
  if (status == Status::kPending) {
    return status;
  }
  if (status != Status::kOk) {
    return Fail(Phase::kFailed, status, resolver_.error());
  }
  tried_ = 0;
  phase_ = Phase::kConnecting;
  return Race();
}

Status SocketConnection::Race() {
  CollectAnswers();
  while (phase_ == Phase::kConnecting && tried_ < addresses_.count &&
         (open_ == 0 || MonotonicNow() >= next_attempt_at_)) {
    StartAttempt();
  }
  if (phase_ == Phase::kConnected) {
    return Status::kOk;
  }
  return open_ == 0 ? Fail(Phase::kFailed, Status::kUnavailable, error_) : Status::kPending;
}

void SocketConnection::CollectAnswers() {
  if (open_ == 0) {
    return;
  }
  std::array<pollfd, AddressList::kCapacity> attempts{};
  for (std::size_t i = 0; i < tried_; ++i) {
    attempts[i] = {sockets_[i], POLLOUT, 0};  // poll(2) skips those that are -1.
  }
  if (::poll(attempts.data(), tried_, 0) <= 0) {
    return;
  }
  for (std::size_t i = 0; i < tried_; ++i) {
    if (attempts[i].revents == 0) {
      continue;
    }
    const int error = Outcome(sockets_[i]);
    if (error == 0) {
      return Win(i);
    }
    AttemptFailed(i, error);
  }
}

void SocketConnection::StartAttempt() {
  const std::size_t index = tried_++;
  SocketAddress& address = addresses_.items[index];
  SetPort(address, port_);
  next_attempt_at_ = MonotonicNow() + kAttemptDelay;
  sockets_[index] = OpenSocket(address.any.sa_family);
  ++open_;
  if (sockets_[index] < 0) {
    return AttemptFailed(index, errno);
  }
  if (::connect(sockets_[index], &address.any, address.size()) == 0) {
    return Win(index);
  }
  if (errno != EINPROGRESS && errno != EINTR) {
    AttemptFailed(index, errno);
  }
}

void SocketConnection::AttemptFailed(std::size_t index, int error) {
  if (sockets_[index] >= 0) {
    ::close(sockets_[index]);
    sockets_[index] = -1;
  }
  --open_;
  error_ = error;
  next_attempt_at_ = MonotonicNow();
}

void SocketConnection::Win(std::size_t index) {
  const SocketAddress& address = addresses_.items[index];
  const void* const number = address.is_v6() ? static_cast<const void*>(&address.v6.sin6_addr)
                                             : static_cast<const void*>(&address.v4.sin_addr);
  ::inet_ntop(address.any.sa_family, number, peer_.data(), static_cast<socklen_t>(peer_.size()));
  const int winner = sockets_[index];
  sockets_[index] = -1;
  CloseSockets();
  sockets_[0] = winner;
  open_ = 1;
  error_ = 0;
  phase_ = Phase::kConnected;
}

IoResult SocketConnection::Write(ConstBytes data) {
  CONNECT_AUTH_ASSERT(!data.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  const std::size_t size = std::min<std::size_t>(data.size(), INT_MAX);
  ssize_t sent = 0;
  do {
    sent = ::send(sockets_[0], data.data(), size, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(sent));
  }
  if (sent == 0 || WouldBlock(errno)) {
    return IoResult::Error(Status::kPending);
  }
  return IoResult::Error(Fail(Phase::kBroken, Status::kUnavailable, errno));
}

IoResult SocketConnection::Read(Bytes into) {
  CONNECT_AUTH_ASSERT(!into.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  const std::size_t size = std::min<std::size_t>(into.size(), INT_MAX);
  ssize_t got = 0;
  do {
    got = ::recv(sockets_[0], into.data(), size, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(got));
  }
  if (got == 0) {
    return IoResult::Error(Status::kClosed);
  }
  if (WouldBlock(errno)) {
    return IoResult::Error(Status::kPending);
  }
  return IoResult::Error(Fail(Phase::kBroken, Status::kUnavailable, errno));
}

void SocketConnection::Close() {
  resolver_.Abandon();
  CloseSockets();
  addresses_ = {};
  peer_ = {};
  phase_ = Phase::kIdle;
}

bool SocketConnection::Wait(Interest interest, Millis at_most) {
  WaitSet set = wait_set(interest);
  if (set.count == 0 && interest != Interest::kNothing) {
    return true;
  }
  const bool due_before = set.until < Instant::Never() && set.until - MonotonicNow() < at_most;
  const Millis span = due_before ? set.until - MonotonicNow() : at_most;
  const int ready =
      ::poll(set.descriptors.data(), static_cast<nfds_t>(set.count), PollTimeout(span));
  return ready > 0 || (ready == 0 && due_before);
}

SocketConnection::WaitSet SocketConnection::wait_set(Interest interest) const {
  WaitSet set;
  if (interest == Interest::kConnected && phase_ == Phase::kResolving) {
    set.descriptors[set.count++] = {resolver_.descriptor(), POLLIN, 0};
  }
  if (interest == Interest::kConnected && phase_ == Phase::kConnecting) {
    for (std::size_t i = 0; i < tried_; ++i) {
      if (sockets_[i] >= 0) {
        set.descriptors[set.count++] = {sockets_[i], POLLOUT, 0};
      }
    }
    set.until = tried_ < addresses_.count ? next_attempt_at_ : Instant::Never();
  }
  if (phase_ == Phase::kConnected && EventsOf(interest) != 0) {
    set.descriptors[set.count++] = {sockets_[0], EventsOf(interest), 0};
  }
  return set;
}

const char* SocketConnection::last_error_text() const {
  if (error_ >= 0) {
    return std::strerror(error_);
  }
  return ::gai_strerror(EAI_NONAME < 0 ? error_ : -error_);
}

void SocketConnection::CloseSockets() {
  for (int& number : sockets_) {
    if (number >= 0) {
      ::close(number);
      number = -1;
    }
  }
  open_ = 0;
}

Status SocketConnection::Fail(Phase into, Status why, int error) {
  Close();
  phase_ = into;
  failure_ = why;
  error_ = error;
  return why;
}

/// A connection that broke stays unavailable; in any other phase the call came too early.
IoResult SocketConnection::NotConnected() const {
  const bool broke = phase_ == Phase::kBroken;
  return IoResult::Error(broke ? Status::kUnavailable : Status::kFailedPrecondition);
}

}  // namespace connect_auth::posix
