// SPDX-License-Identifier: Apache-2.0
#include "agent/http/proxy_tunnel.h"

#include "agent/encoding/base64.h"
#include "agent/encoding/byte_writer.h"
#include "agent/http/ascii.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

constexpr std::size_t kMaxHostBytes = 253;

/// Whether it can be asked for: in a request line a blank or a line end would be another request.
bool IsLegal(std::string_view host, std::uint16_t port) {
  return !host.empty() && host.size() <= kMaxHostBytes && port != 0 &&
         AllAre(host, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// The authority-form of RFC 9112 section 3.2.3, in which the port is always named.
void PutAuthority(std::string_view host, std::uint16_t port, ByteWriter& into) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  into.Put(is_ipv6 ? "["sv : ""sv);
  into.Put(host);
  into.Put(is_ipv6 ? "]:"sv : ":"sv);
  into.PutDecimal(port);
}

void PutRequest(const Proxy& proxy, std::string_view host, std::uint16_t port, ByteWriter& into) {
  into.Put("CONNECT "sv);
  PutAuthority(host, port, into);
  into.Put(" HTTP/1.1\r\nHost: "sv);
  PutAuthority(host, port, into);
  into.Put("\r\n"sv);
  if (!proxy.user.empty()) {
    into.Put("Proxy-"sv);
    RequestWriter(into).BasicAuthorization(proxy.user, proxy.password, false);
  }
  into.Put("\r\n"sv);
}

}  // namespace

std::size_t ProxyTunnel::BufferBytes(const Proxy& proxy) {
  constexpr std::size_t kAround = 96;  // the words of the request, brackets and ports
  return 2 * kMaxHostBytes + kAround +
         Base64EncodedSize(proxy.user.size() + 1 + proxy.password.size());
}

Status ProxyTunnel::Connect(std::string_view host, std::uint16_t port) {
  switch (phase_) {
    case Phase::kIdle:
      return Begin(host, port);
    case Phase::kReachesProxy:
      return ReachProxy(host, port);
    case Phase::kAsks:
      return Ask();
    case Phase::kListens:
      return Listen();
    case Phase::kOpen:
      return Status::kOk;
    case Phase::kFailed:
      break;
  }
  return failure_;
}

Status ProxyTunnel::Begin(std::string_view host, std::uint16_t port) {
  if (!IsLegal(host, port)) {
    return Status::kInvalidArgument;
  }
  answer_.Reset(false);
  reason_ = Reason::kProxyUnreachable;
  phase_ = Phase::kReachesProxy;
  return ReachProxy(host, port);
}

Status ProxyTunnel::ReachProxy(std::string_view host, std::uint16_t port) {
  const Status status = transport_.Connect(proxy_.host, proxy_.port);
  if (status == Status::kPending) {
    return status;
  }
  if (status != Status::kOk) {
    return Fail(status, Reason::kProxyUnreachable);
  }
  ByteWriter request(buffer_);
  PutRequest(proxy_, host, port, request);
  if (request.overflowed()) {
    return Fail(Status::kInvalidArgument, Reason::kRequestTooLarge);
  }
  unsent_ = request.written();
  reason_ = Reason::kProxySilent;
  phase_ = Phase::kAsks;
  return Ask();
}

Status ProxyTunnel::Ask() {
  const IoResult sent = transport_.Write(unsent_);
  if (sent.status() == Status::kPending) {
    return Status::kPending;
  }
  if (!sent.ok()) {
    return Fail(Status::kUnavailable, Reason::kProxyMalformed);
  }
  unsent_ = unsent_.subspan(sent.bytes());
  if (unsent_.empty()) {
    Wipe(buffer_);
    phase_ = Phase::kListens;
  }
  return Status::kPending;
}

Status ProxyTunnel::Listen() {
  const IoResult got = transport_.Read(buffer_);
  if (got.status() == Status::kPending) {
    return Status::kPending;
  }
  if (!got.ok() || !answer_.Decode(buffer_.first(got.bytes())).ok()) {
    return Fail(Status::kUnavailable, Reason::kProxyMalformed);
  }
  return answer_.head_complete() ? Judge() : Status::kPending;
}

/// The answer's head is all that is read of it: an error page is of no use.
Status ProxyTunnel::Judge() {
  constexpr std::uint16_t kFirstOther = 300;
  constexpr std::uint16_t kUnauthorized = 401;  // of some proxies, where the password is wrong
  constexpr std::uint16_t kProxyAuthenticationRequired = 407;
  if (answer_.status() == kProxyAuthenticationRequired || answer_.status() == kUnauthorized) {
    return Fail(Status::kUnavailable, Reason::kProxyAuthentication);
  }
  if (answer_.status() >= kFirstOther) {
    return Fail(Status::kUnavailable, Reason::kProxyRefused);
  }
  if (answer_.surplus()) {
    return Fail(Status::kUnavailable, Reason::kProxyMalformed);
  }
  reason_ = Reason::kNone;
  phase_ = Phase::kOpen;
  return Status::kOk;
}

IoResult ProxyTunnel::Write(ConstBytes data) {
  return phase_ == Phase::kOpen ? transport_.Write(data)
                                : IoResult::Error(Status::kFailedPrecondition);
}

IoResult ProxyTunnel::Read(Bytes into) {
  return phase_ == Phase::kOpen ? transport_.Read(into)
                                : IoResult::Error(Status::kFailedPrecondition);
}

void ProxyTunnel::Close() {
  transport_.Close();
  Wipe(buffer_);
  phase_ = Phase::kIdle;
}

Interest ProxyTunnel::waits_for() const {
  switch (phase_) {
    case Phase::kAsks:
      return Interest::kWritable;
    case Phase::kListens:
      return Interest::kReadable;
    case Phase::kIdle:
    case Phase::kReachesProxy:
    case Phase::kOpen:
    case Phase::kFailed:
      break;
  }
  return Interest::kConnected;
}

std::uint16_t ProxyTunnel::http_status() const {
  return answer_.head_complete() ? answer_.status() : std::uint16_t{0};
}

Status ProxyTunnel::Fail(Status why, Reason reason) {
  Close();
  failure_ = why;
  reason_ = reason;
  phase_ = Phase::kFailed;
  return why;
}

}  // namespace connect_auth
