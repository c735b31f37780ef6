// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include "platform/linux/text.h"
#include "port/result.h"

namespace connect_auth::program {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

std::string TakeVariable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value != nullptr ? value : "";
  ::unsetenv(name);
  return taken;
}

std::int64_t NumberOf(const std::string& text) {
  return ParseNumber(text, 0, std::numeric_limits<std::int64_t>::max()).value_or(0);
}

bool IsMeantForUs(const std::string& process) {
  return process.empty() || NumberOf(process) == ::getpid();
}

/// @return  A connected socket, or -1.
int ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return -1;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') {
    address.sun_path[0] = '\0';  // A name, not a path.
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    ::close(socket);
    return -1;
  }
  return socket;
}

}  // namespace

ServiceManager::ServiceManager() : notify_socket_(ConnectTo(TakeVariable("NOTIFY_SOCKET"))) {
  const bool listens = IsMeantForUs(TakeVariable("LISTEN_PID"));
  const bool has_socket = NumberOf(TakeVariable("LISTEN_FDS")) >= 1 && listens;
  ::unsetenv("LISTEN_FDNAMES");
  if (has_socket) {
    listening_socket_ = kFirstDescriptor;
    ::fcntl(listening_socket_, F_SETFD, FD_CLOEXEC);
    ::fcntl(listening_socket_, F_SETFL, O_NONBLOCK);
  }
  const bool watched = IsMeantForUs(TakeVariable("WATCHDOG_PID"));
  const std::int64_t microseconds = NumberOf(TakeVariable("WATCHDOG_USEC"));
  if (watched && microseconds > 0 && notify_socket_ >= 0) {
    watchdog_ = Millis{std::max<std::int64_t>(microseconds / 1000 / 2, 1)};
    next_feed_ = Instant{0};
  }
}

ServiceManager::~ServiceManager() {
  if (notify_socket_ >= 0) {
    ::close(notify_socket_);
  }
}

void ServiceManager::Reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  constexpr std::int64_t kMicro = 1'000'000;
  const std::int64_t at = std::int64_t{now.tv_sec} * kMicro + now.tv_nsec / 1000;
  Send(Join({"RELOADING=1\nMONOTONIC_USEC=", Decimal(at)}));
}

void ServiceManager::Tell(std::string_view status) {
  if (notify_socket_ >= 0 && status != last_status_) {
    last_status_ = status;
    Send(Join({"STATUS=", status}));
  }
}

Instant ServiceManager::Feed(Instant now) {
  if (now >= next_feed_) {
    Send("WATCHDOG=1");
    next_feed_ = now + watchdog_;
  }
  return next_feed_;
}

void ServiceManager::Send(std::string_view state) {
  if (notify_socket_ >= 0) {
    static_cast<void>(::send(notify_socket_, state.data(), state.size(), MSG_NOSIGNAL));
  }
}

}  // namespace connect_auth::program
