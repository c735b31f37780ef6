// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "platform/linux/problem.h"

namespace connect_auth::program {

/// Who is at the other end of a Unix socket, as the kernel knows (SO_PEERCRED, SO_PEERGROUPS).
struct Peer {
  uid_t user = static_cast<uid_t>(-1);
  std::vector<gid_t> groups;  ///< The primary one first.

  /// @return  false: the kernel does not say.
  bool Find(int socket);
};

/// The users that may ask the service: root, the service's own, those that are listed, and the
/// members of the groups that are listed.
class AllowList {
 public:
  /// @param users   Names or numbers, separated by blanks or commas.
  /// @param groups  Likewise.
  /// @return  A problem (kUsage) that names who is unknown.
  Problem Load(std::string_view users, std::string_view groups);

  bool Allows(const Peer& peer) const;

  bool has_groups() const { return !groups_.empty(); }
  /// The group that the socket is given to; -1: none is listed.
  gid_t socket_group() const { return groups_.empty() ? static_cast<gid_t>(-1) : groups_.front(); }

 private:
  std::vector<uid_t> users_;
  std::vector<gid_t> groups_;
};

}  // namespace connect_auth::program
