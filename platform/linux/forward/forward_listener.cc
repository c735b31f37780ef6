// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/forward_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "platform/linux/text.h"
#include "platform/posix/resolver.h"
#include "port/result.h"

namespace connect_auth::program {
namespace {

constexpr int kBacklog = 128;

Problem Refuse(std::string_view where, std::string_view why) {
  return {ExitCode::kUsage, Join({"cannot listen at ", Printable(where), ": ", why,
                                  "; correct listen in [forward]"})};
}

/// Only addresses that nobody else on the network can reach.
bool ReadAddress(std::string_view where, posix::SocketAddress& into) {
  constexpr std::uint32_t kLoopbackNetwork = 127;
  const std::size_t colon = where.rfind(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  const Result<std::int64_t> port = ParseNumber(where.substr(colon + 1), 1, UINT16_MAX);
  const std::string host(where.substr(0, colon));
  if (host == "[::1]") {
    into.v6.sin6_family = AF_INET6;
    into.v6.sin6_addr = in6addr_loopback;
    into.v6.sin6_port = htons(static_cast<std::uint16_t>(port.value_or(0)));
    return port.ok();
  }
  into.v4.sin_family = AF_INET;
  into.v4.sin_port = htons(static_cast<std::uint16_t>(port.value_or(0)));
  return port.ok() && ::inet_pton(AF_INET, host.c_str(), &into.v4.sin_addr) == 1 &&
         ntohl(into.v4.sin_addr.s_addr) >> 24U == kLoopbackNetwork;
}

}  // namespace

Problem ForwardListener::Open(std::string_view where, gid_t group) {
  if (where.starts_with('/')) {
    return unix_.Open(std::string(where), group);
  }
  is_port_ = true;
  posix::SocketAddress address{};
  if (!ReadAddress(where, address)) {
    return Refuse(where, "it is neither a path nor 127.0.0.1:PORT nor [::1]:PORT");
  }
  const int yes = 1;  // So that one service can follow another; two still exclude each other.
  port_ = ::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool listens =
      port_ >= 0 && ::setsockopt(port_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
      ::bind(port_, &address.any, address.size()) == 0 && ::listen(port_, kBacklog) == 0;
  return listens ? Problem() : Refuse(where, ErrorText(errno));
}

void ForwardListener::Close() {
  unix_.Close();
  if (port_ >= 0) {
    ::close(port_);
    port_ = -1;
  }
}

}  // namespace connect_auth::program
