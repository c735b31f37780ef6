// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// What has to happen on a connection before it is worth calling again.
enum class Interest : std::uint8_t {
  kNothing,    ///< No connection matters; only the time does.
  kConnected,  ///< `Connect` makes progress (a name resolved, an address answered).
  kReadable,
  kWritable,
  kEither,  ///< Readable or writable: who has more to send also looks out for an early answer.
};

/// One byte stream at a time to one server: resolve, connect, exchange bytes, close.
///
/// The agent promises:    calls come from one thread; `Close()` before connecting anew; never
///                        an empty span; `Read` and `Write` only after `Connect` said kOk.
/// The platform promises: no call blocks, name resolution included. Every address of the host
///                        is tried, IPv6 and IPv4. Small writes leave at once (no Nagle delay).
class Connection {
 public:
  /// Starts, or continues, resolving the name and connecting.
  ///
  /// @param host  A DNS name, an IPv4 address, or an IPv6 address without brackets. Borrowed
  ///              during the call; the same in every call until kOk. Not NUL-terminated.
  /// @param port  1..65535.
  /// @return kOk               Connected; repeated until `Close()`.
  /// @return kPending          Still working on it; call again with the same arguments.
  /// @return kInvalidArgument  `host` is empty, longer than 253 characters, or holds a NUL; or
  ///                           `port` is 0.
  /// @return kNotFound         The name does not exist. Repeated until `Close()`.
  /// @return kUnavailable      Resolution failed for now, or no address answered. Likewise.
  virtual Status Connect(std::string_view host, std::uint16_t port) = 0;

  /// Sends a prefix of `data`.
  ///
  /// @param data  Borrowed during the call.
  /// @return bytes()              1..data.size() bytes were accepted.
  /// @return kPending             No room now; nothing was accepted.
  /// @return kUnavailable         The connection broke; nothing was accepted. `Read` and `Write`
  ///                              repeat it until `Close()`: a broken stream never looks ended.
  /// @return kFailedPrecondition  Not connected.
  virtual IoResult Write(ConstBytes data) = 0;

  /// Receives at most `into.size()` bytes, also while `Write` has no room.
  ///
  /// @param into  Borrowed during the call. Only the first bytes() are written.
  /// @return bytes()              1..into.size() bytes were stored.
  /// @return kPending             Nothing to read yet.
  /// @return kClosed              Orderly end of stream. Never reported as 0 bytes.
  /// @return kUnavailable         The connection broke. Repeated as by `Write`.
  /// @return kFailedPrecondition  Not connected.
  virtual IoResult Read(Bytes into) = 0;

  /// Releases whatever is open and forgets the host. Allowed in any state; cannot fail.
  virtual void Close() = 0;

 protected:
  ~Connection() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth
