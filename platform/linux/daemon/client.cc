// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/client.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "port/bytes.h"

namespace connect_auth::program {

Client::Client(int socket, unsigned user, Instant now)
    : socket_(socket), user_(user), last_active_(now), stalled_since_(now) {}

Client::~Client() {
  Wipe(Bytes(reinterpret_cast<std::uint8_t*>(input_.data()), end_));  // A code may be in it.
  ::close(socket_);
}

Client::State Client::Receive(Instant now) {
  const ssize_t count = ::recv(socket_, input_.data() + end_, input_.size() - end_, 0);
  if (count < 0) {
    return errno == EAGAIN || errno == EINTR ? State::kOpen : State::kClosed;
  }
  if (count == 0) {
    return State::kClosed;
  }
  if (end_ == 0) {
    stalled_since_ = now;
  }
  last_active_ = now;
  end_ += static_cast<std::size_t>(count);
  const bool endless =
      end_ == input_.size() && std::memchr(input_.data(), '\n', input_.size()) == nullptr;
  return endless ? State::kClosed : State::kOpen;
}

bool Client::TakeLine(std::string_view& line) {
  if (is_waiting() || is_leaving_ || is_full()) {
    return false;
  }
  const std::string_view there(input_.data() + begin_, end_ - begin_);
  const std::size_t end = there.find('\n');
  if (end == std::string_view::npos) {
    return false;
  }
  line = there.substr(0, end);
  begin_ += end + 1;
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return true;
}

void Client::Compact() {
  std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
  const std::size_t left = end_ - begin_;
  Wipe(Bytes(reinterpret_cast<std::uint8_t*>(input_.data()), end_).subspan(left));
  begin_ = 0;
  end_ = left;
}

std::uint32_t Client::interest() const {
  if (has_unsent()) {
    return EPOLLOUT;
  }
  if (is_waiting()) {
    return 0;
  }
  // The peer may take the last answer just before this is asked: then lines were left for nothing.
  const bool has_line = std::memchr(input_.data() + begin_, '\n', end_ - begin_) != nullptr;
  return has_line ? std::uint32_t{EPOLLOUT} : std::uint32_t{EPOLLIN};
}

SecretBuffer& Client::answers() {
  constexpr std::size_t kUsualAnswerBytes = 1024;
  static_cast<void>(answers_.Reserve(kMostUnsentBytes + kUsualAnswerBytes));  // `Append` tells.
  return answers_;
}

Client::State Client::Send(Instant now) {
  while (has_unsent()) {
    const ConstBytes rest = answers_.bytes().subspan(sent_);
    const ssize_t count = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      return State::kOpen;
    }
    if (count < 0 && errno != EINTR) {
      return State::kClosed;
    }
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
      stalled_since_ = now;
    }
  }
  sent_ = 0;
  answers_.Clear();
  return is_leaving_ ? State::kClosed : State::kOpen;
}

void Client::WaitFor(const Query& query, Instant until) {
  waiting_ = query;
  waiting_.code = {};  // They are borrowed from a line that is gone by then.
  waiting_.verifier = {};
  waits_until_ = until;
}

bool Client::MayCost(Instant now) {
  if (now - costly_second_ >= Millis::Seconds(1)) {
    costly_second_ = now;
    costly_ = 0;
  }
  return ++costly_ <= kMostCostly;
}

Instant Client::deadline() const {
  const bool owes_line = end_ != 0 && !is_waiting();
  return has_unsent() || owes_line ? stalled_since_ + kPatience : Instant::Never();
}

}  // namespace connect_auth::program
