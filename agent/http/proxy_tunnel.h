// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/failure.h"
#include "agent/http/response_parser.h"
#include "agent/secret.h"
#include "port/bytes.h"
#include "port/network.h"

namespace connect_auth {

/// An HTTP proxy that makes tunnels. Everything here is borrowed for the life of whoever holds it.
struct Proxy {
  std::string_view host;  ///< As of `Connection::Connect`.
  std::uint16_t port = 0;
  /// Without colon and control characters (RFC 7617 section 2). Empty: it is told no credentials.
  std::string_view user;
  SecretView password;  ///< Of the user; without control characters.
};

/// A connection to a server through the CONNECT of an HTTP proxy (RFC 9110 section 9.3.6), over a
/// connection to that proxy.
///
///     Connect()             connected           all sent             2xx
///   kIdle ──► kReachesProxy ─────────► kAsks ──────────► kListens ───────► kOpen
///                  └───────────────────┴── error, other answer ──► kFailed
///
/// What goes through it is not looked at. The proxy sees the server's name and port and its own
/// credentials, and no others: TLS begins behind its answer. Since the server speaks second, octets
/// that come with the answer are the proxy's own, and there is no tunnel then.
///
/// An agent is given this instead of its connection. One that is not links nothing of it: that is
/// the switch.
///
/// Keeps the contract of `Connection`, whose statuses are all that it answers; `reason()` knows
/// better why there is no tunnel. Each call of `Connect` makes at most one port call that moves
/// octets.
class ProxyTunnel final : public Connection {
 public:
  /// @param transport  Leads to the proxy. Borrowed for the life of this object.
  /// @param proxy      Copied; what it points at is borrowed for the life of this object.
  /// @param buffer     Holds the request, with the proxy's credentials, and then pieces of the
  ///                   answer: `BufferBytes()` for every host. Wiped when the request was sent.
  ///                   Borrowed for the life of this object.
  ProxyTunnel(Connection& transport, const Proxy& proxy, Bytes buffer)
      : transport_(transport), proxy_(proxy), buffer_(buffer) {}
  ~ProxyTunnel() { Close(); }
  ProxyTunnel(const ProxyTunnel&) = delete;
  ProxyTunnel& operator=(const ProxyTunnel&) = delete;

  static std::size_t BufferBytes(const Proxy& proxy);

  /// As of `Connection`, of the server; but kNotFound is the proxy's name that does not exist, and
  /// kUnavailable also a proxy that makes no tunnel. kInvalidArgument as well for a host that
  /// cannot stand in a request line, or if the request does not fit the buffer.
  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// What the last kPending of `Connect` waits for, on the connection to the proxy. Whoever sleeps
  /// until that wants kConnected here has to sleep for this there.
  Interest waits_for() const;
  /// Why there is no tunnel, or what it takes until there is one; kNone: nothing of it. Survives
  /// `Close()`, until the next connection begins.
  Reason reason() const { return reason_; }
  /// Of the proxy's answer; 0: none came. Survives likewise.
  std::uint16_t http_status() const;

 private:
  enum class Phase : std::uint8_t { kIdle, kReachesProxy, kAsks, kListens, kOpen, kFailed };

  Status Begin(std::string_view host, std::uint16_t port);
  Status ReachProxy(std::string_view host, std::uint16_t port);
  Status Ask();
  Status Listen();
  Status Judge();
  Status Fail(Status why, Reason reason);

  Connection& transport_;
  Proxy proxy_;
  Bytes buffer_;
  ConstBytes unsent_;  // of the request
  ResponseParser answer_;
  Phase phase_ = Phase::kIdle;
  Status failure_ = Status::kOk;
  Reason reason_ = Reason::kNone;
};

}  // namespace connect_auth
