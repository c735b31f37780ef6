// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/status.h"

namespace connect_auth::posix {

/// One IPv4 or IPv6 address, as the socket calls want it.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;

  bool is_v6() const { return any.sa_family == AF_INET6; }
  socklen_t size() const { return is_v6() ? sizeof(v6) : sizeof(v4); }
};

/// The addresses of a host in the order in which they are to be tried.
struct AddressList {
  static constexpr std::size_t kCapacity = 8;

  std::array<SocketAddress, kCapacity> items{};
  std::uint32_t count = 0;
};

/// Looks a name up; may block.
///
/// @param host  NUL-terminated. Borrowed during the call.
/// @return 0 and at least one address; else an EAI_* code, with `errno` for EAI_SYSTEM.
using LookUp = int (*)(const char* host, AddressList& into);

/// Asks getaddrinfo(3): /etc/hosts, DNS, whatever nsswitch.conf says.
int SystemLookUp(const char* host, AddressList& into);

/// Appends what getaddrinfo found, up to the capacity. The order, which is that of RFC 6724, is
/// kept within a family; the families take turns (RFC 8305, 4), so that neither crowds out the
/// other.
void TakeTurns(const addrinfo* found, AddressList& into);

/// Turns a resolver's blocking call into one that can be polled. Private to platform/posix.
///
/// A numeric host is answered on the spot. Names are looked up in a detached helper thread, which
/// shares nothing with this object but a pipe: the answer fits into one atomic write. So an
/// abandoned look-up needs no lock and no waiting; its thread finishes, finds that nobody
/// reads, and frees what it had.
///
/// The thread is the only place of platform/posix that uses the heap, as getaddrinfo does itself.
class Resolver final {
 public:
  /// Unfinished look-ups in the whole process, abandoned ones included. Bounds what a name
  /// service that hangs for ever can cost.
  static constexpr int kMaxRunning = 4;

  constexpr explicit Resolver(LookUp look_up) : look_up_(look_up) {}
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver() { Abandon(); }

  /// Begins a look-up.
  ///
  /// @param host  1..253 characters without NUL. Copied.
  /// @pre no other look-up is under way
  /// @return kOk           Numeric: `into` holds its address.
  /// @return kPending      Wait until `descriptor()` is readable, then `Poll()`.
  /// @return kUnavailable  No thread could be started; see `error()`.
  Status Start(std::string_view host, AddressList& into);

  /// Fetches the answer, if there is one.
  ///
  /// @pre the last call returned kPending
  /// @return kOk           `into` holds at least one address.
  /// @return kPending      Not yet.
  /// @return kNotFound     The name does not exist, or has no address.
  /// @return kUnavailable  No answer for now; see `error()`.
  Status Poll(AddressList& into);

  /// Forgets the look-up, if there is one. Never waits.
  void Abandon();

  /// Readable when an answer is there; -1 when no look-up is under way.
  int descriptor() const { return pipe_; }

  /// Why the last call failed: an errno, or an EAI_* code as a negative number.
  int error() const { return error_; }

 private:
  Status Fail(int error);

  LookUp look_up_;
  int pipe_ = -1;
  int error_ = 0;
};

}  // namespace connect_auth::posix
