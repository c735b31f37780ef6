// SPDX-License-Identifier: Apache-2.0
//
// Stands in for agent/tls/tls_connection.cc where what is said inside of TLS is fuzzed: it passes
// everything on as it is, so that an input is what the server says, and a run takes no cryptography
// but that of the store. A peer that is not to be trusted says so himself, with the statuses of
// `TlsConnection`.
#include "agent/tls/tls_connection.h"

namespace connect_auth {

bool ArePinsWellFormed(std::string_view pins) {
  return pins.empty();
}

void TlsConnection::SetTrust(const Trust& trust) {
  trust_ = trust;
}
#if CONNECT_AUTH_CLIENT_CERTIFICATE
void TlsConnection::SetIdentity(const Identity& identity) {
  identity_ = identity;
}
#endif

Status TlsConnection::Connect(std::string_view host, std::uint16_t port) {
  const Status status = transport_.Connect(host, port);
  waits_for_ = Interest::kConnected;
  reason_ = status == Status::kUntrusted ? Reason::kCertificateNotTrusted : Reason::kNone;
  return status;
}

IoResult TlsConnection::Write(ConstBytes data) {
  waits_for_ = Interest::kWritable;
  return transport_.Write(data);
}

IoResult TlsConnection::Read(Bytes into) {
  waits_for_ = Interest::kReadable;
  return transport_.Read(into);
}

void TlsConnection::Close() {
  transport_.Close();
}

void TlsConnection::KeepSessionNow() {}

std::string_view TlsConnection::version() const {
  return {};
}

}  // namespace connect_auth
