// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/loopback_peer.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace connect_auth::program {
namespace {

/// A socket, as it stands in /proc/net/tcp.
struct Owner {
  unsigned user = 0;
  unsigned long inode = 0;  // 0: no process has it any more; then the user is none, too.

  friend bool operator==(const Owner&, const Owner&) = default;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

using Text = std::array<char, 48>;

std::string Endpoint(const sockaddr_in& address) {
  Text text{};
  std::snprintf(text.data(), text.size(), "%08X:%04X",
                static_cast<unsigned>(address.sin_addr.s_addr),
                static_cast<unsigned>(ntohs(address.sin_port)));
  return text.data();
}

std::string Endpoint(const sockaddr_in6& address) {
  std::array<unsigned, 4> words{};
  static_assert(sizeof(words) == sizeof(address.sin6_addr));
  std::memcpy(words.data(), &address.sin6_addr, sizeof(words));
  Text text{};
  std::snprintf(text.data(), text.size(), "%08X%08X%08X%08X:%04X", words[0], words[1], words[2],
                words[3], static_cast<unsigned>(ntohs(address.sin6_port)));
  return text.data();
}

/// An IPv4 address as a socket for IPv6 has it.
sockaddr_in6 Mapped(const sockaddr_in& address) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = address.sin_port;
  mapped.sin6_addr.s6_addr[10] = 0xFF;
  mapped.sin6_addr.s6_addr[11] = 0xFF;
  std::memcpy(&mapped.sin6_addr.s6_addr[12], &address.sin_addr, sizeof(address.sin_addr));
  return mapped;
}

/// Looks for the socket with these ends.
///
/// @param ends  Its own, a blank, the other one.
Owner LookUp(const char* table, const std::string& ends) {
  Owner owner;
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(table, "re"));
  std::array<char, 512> line;
  while (file != nullptr && std::fgets(line.data(), line.size(), file.get()) != nullptr) {
    const char* const found = std::strstr(line.data(), ends.c_str());
    if (found != nullptr) {
      // state, queues, timer, retransmissions, user, time-outs, inode
      static_cast<void>(std::sscanf(found + ends.size(), " %*x %*x:%*x %*x:%*x %*x %u %*d %lu",
                                    &owner.user, &owner.inode));
      break;
    }
  }
  return owner;
}

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Not /proc/net: systemd's ProcSubset=pid hides that, and nothing of a process's own.
constexpr const char* kTableV4 = "/proc/self/net/tcp";
constexpr const char* kTableV6 = "/proc/self/net/tcp6";

Owner LookUp(const Address& peer, const Address& own) {
  if (peer.any.sa_family == AF_INET6) {
    return LookUp(kTableV6, Endpoint(peer.v6) + " " + Endpoint(own.v6));
  }
  const Owner owner = LookUp(kTableV4, Endpoint(peer.v4) + " " + Endpoint(own.v4));
  return owner.inode != 0
             ? owner
             : LookUp(kTableV6, Endpoint(Mapped(peer.v4)) + " " + Endpoint(Mapped(own.v4)));
}

void FindGroups(Peer& peer) {
  const passwd* const entry = ::getpwuid(peer.user);
  if (entry == nullptr) {
    return;
  }
  int count = 65536;  // NGROUPS_MAX
  peer.groups.resize(static_cast<std::size_t>(count));
  const bool known = ::getgrouplist(entry->pw_name, entry->pw_gid, peer.groups.data(), &count) >= 0;
  peer.groups.resize(known ? static_cast<std::size_t>(count) : 0);
}

}  // namespace

bool FindLoopbackPeer(int socket, Peer& into) {
  constexpr int kTries = 3;  // A table that changes meanwhile may be read with a gap.
  Address peer{};
  Address own{};
  socklen_t peer_size = sizeof(peer);
  socklen_t own_size = sizeof(own);
  if (::getpeername(socket, &peer.any, &peer_size) != 0 ||
      ::getsockname(socket, &own.any, &own_size) != 0) {
    return false;
  }
  for (int i = 0; i < kTries; ++i) {
    // A socket that is just being closed seems to be root's. So it counts only if it is there
    // still.
    const Owner owner = LookUp(peer, own);
    if (owner.inode != 0 && owner == LookUp(peer, own)) {
      into.user = owner.user;
      FindGroups(into);
      return true;
    }
  }
  return false;
}

}  // namespace connect_auth::program
