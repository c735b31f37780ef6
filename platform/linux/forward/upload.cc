// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/upload.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace connect_auth::program {

IoResult Upload::Read(Bytes into) {
  is_waiting_ = false;
  const ConstBytes again = ConstBytes(kept_.bytes()).subspan(at_);
  if (!again.empty()) {
    const std::size_t count = std::min(again.size(), into.size());
    CopyBytes(again.first(count), into);
    at_ += count;
    return IoResult::Bytes(count);
  }
  const IoResult got = Receive(into);
  is_waiting_ = got.status() == Status::kPending;
  if (got.ok()) {
    received_ += got.bytes();
    const bool is_kept = size_ <= kMostKept && kept_.Append(into.first(got.bytes()));
    at_ = is_kept ? kept_.size() : at_;
  }
  return got;
}

IoResult Upload::Receive(Bytes into) {
  if (!early_.empty()) {
    const std::size_t count = std::min(early_.size(), into.size());
    CopyBytes(early_.first(count), into);
    early_ = early_.subspan(count);
    return IoResult::Bytes(count);
  }
  if (expects_continue_) {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    expects_continue_ = false;
    static_cast<void>(::send(socket_, kGoOn.data(), kGoOn.size(), MSG_NOSIGNAL));
  }
  const ssize_t count = ::recv(socket_, into.data(), into.size(), 0);
  if (count > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(count));
  }
  const bool none_yet = count < 0 && (errno == EAGAIN || errno == EINTR);
  return IoResult::Error(none_yet ? Status::kPending : Status::kUnavailable);
}

bool Upload::Rewind() {
  if (kept_.size() != received_) {
    return false;
  }
  at_ = 0;
  return true;
}

}  // namespace connect_auth::program
