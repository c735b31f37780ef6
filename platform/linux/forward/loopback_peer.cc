// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/loopback_peer.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "platform/linux/text.h"
#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth::program {
namespace {

/// A socket, as it stands in /proc/net/tcp.
struct Owner {
  std::uint32_t user = 0;
  std::int64_t inode = 0;  // 0: no process has it any more; then the user is none, too.

  friend bool operator==(const Owner&, const Owner&) = default;
};

struct CloseFile {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

std::string Hex(std::uint32_t value, unsigned digits) {
  std::string text;
  while (digits > 0) {
    --digits;
    text += "0123456789ABCDEF"[value >> 4 * digits & 0xFU];
  }
  return text;
}

std::string Endpoint(const sockaddr_in& address) {
  return Join({Hex(address.sin_addr.s_addr, 8), ":", Hex(ntohs(address.sin_port), 4)});
}

std::string Endpoint(const sockaddr_in6& address) {
  std::array<std::uint32_t, 4> words{};
  static_assert(sizeof(words) == sizeof(address.sin6_addr));
  std::memcpy(words.data(), &address.sin6_addr, sizeof(words));
  std::string text;
  for (const std::uint32_t word : words) {
    text += Hex(word, 8);
  }
  return Join({text, ":", Hex(ntohs(address.sin6_port), 4)});
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

/// Takes a word off the front of `line`.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = Part(line, 0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

/// @param line  Behind the ends: state, queues, timer, retransmissions, user, time-outs, inode.
Owner OwnerIn(std::string_view line) {
  constexpr int kWordsBefore = 4;
  for (int i = 0; i < kWordsBefore; ++i) {
    TakeWord(line);
  }
  const Result<std::int64_t> user =
      ParseNumber(TakeWord(line), 0, std::numeric_limits<std::uint32_t>::max());
  TakeWord(line);
  const Result<std::int64_t> inode =
      ParseNumber(TakeWord(line), 0, std::numeric_limits<std::int64_t>::max());
  return user.ok() ? Owner{static_cast<std::uint32_t>(user.value()), inode.value_or(0)} : Owner();
}

/// Looks for the socket with these ends.
///
/// @param ends  Its own, a blank, the other one.
Owner LookUp(const char* table, const std::string& ends) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(table, "re"));
  std::array<char, 512> room;
  while (file != nullptr && std::fgets(room.data(), room.size(), file.get()) != nullptr) {
    const std::string_view line = room.data();
    const std::size_t at = line.find(ends);
    if (at != std::string_view::npos) {
      return OwnerIn(Part(line, at + ends.size()));
    }
  }
  return {};
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

bool AddressesOf(int socket, Address& peer, Address& own) {
  socklen_t peer_size = sizeof(peer);
  socklen_t own_size = sizeof(own);
  return ::getpeername(socket, &peer.any, &peer_size) == 0 &&
         ::getsockname(socket, &own.any, &own_size) == 0;
}

}  // namespace

bool FindLoopbackPeer(int socket, Peer& into) {
  constexpr int kTries = 3;  // A table that changes meanwhile may be read with a gap.
  Address peer{};
  Address own{};
  if (!AddressesOf(socket, peer, own)) {
    return false;
  }
  for (int i = 0; i < kTries; ++i) {
    // A socket that is just being closed seems to be root's. So it counts only if it is there
    // still.
    const Owner owner = LookUp(peer, own);
    if (owner.inode != 0 && owner == LookUp(peer, own)) {
      into.user = owner.user;
      return true;
    }
  }
  return false;
}

void FindGroups(Peer& peer) {
  constexpr int kMost = 65536;  // NGROUPS_MAX
  const passwd* const entry = ::getpwuid(peer.user);
  int count = 64;
  bool known = false;
  while (entry != nullptr && !known && count <= kMost) {
    peer.groups.resize(static_cast<std::size_t>(count));
    int found = count;
    known = ::getgrouplist(entry->pw_name, entry->pw_gid, peer.groups.data(), &found) >= 0;
    count = known ? found : std::max(found, count + 1);
  }
  peer.groups.resize(known ? static_cast<std::size_t>(count) : 0);
}

bool IsHeldByPeer(int socket) {
  Address peer{};
  Address own{};
  return AddressesOf(socket, peer, own) && LookUp(peer, own).inode != 0;
}

}  // namespace connect_auth::program
