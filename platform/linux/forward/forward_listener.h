// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string_view>

#include "platform/linux/daemon/listener.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// Where programs leave requests to be forwarded: a Unix socket, or a port of this machine alone.
class ForwardListener {
 public:
  ForwardListener() = default;
  ~ForwardListener() { Close(); }
  ForwardListener(const ForwardListener&) = delete;
  ForwardListener& operator=(const ForwardListener&) = delete;

  /// @param where  A path, 127.0.0.1:PORT or [::1]:PORT.
  /// @param group  As of `Listener::Open()`.
  /// @return  A problem (kUsage).
  Problem Open(std::string_view where, gid_t group);

  void Close();

  int socket() const { return is_port_ ? port_ : unix_.socket(); }
  bool is_port() const { return is_port_; }

 private:
  Listener unix_;
  int port_ = -1;
  bool is_port_ = false;
};

}  // namespace connect_auth::program
