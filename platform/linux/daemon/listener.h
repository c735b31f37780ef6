// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/linux/problem.h"

namespace connect_auth::program {

/// The Unix socket at which the service is asked.
class Listener {
 public:
  Listener() = default;
  ~Listener() { Close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Makes the socket, mode 0660. What a service that was killed left at that path is replaced;
  /// anything else is left alone: a symbolic link, a file, a socket of another user or of a service
  /// that answers. The directory is made if it is missing; only root and this user may write in it.
  ///
  /// @param group  That the socket is given to; -1: this process's.
  /// @return  A problem (kUsage).
  Problem Open(const std::string& path, gid_t group);

  /// Takes over a socket that a service manager made, and leaves its path alone.
  void Adopt(int socket) { socket_ = socket; }

  /// Stops listening; a path that `Open()` made goes with it.
  void Close();

  int socket() const { return socket_; }

 private:
  Problem Bind(const std::string& path, gid_t group);

  int socket_ = -1;
  std::string path_;  // Empty: somebody else's.
};

}  // namespace connect_auth::program
