// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/config.h"
#include "agent/failure.h"
#include "agent/tls/digest.h"
#include "agent/tls/engine.h"
#include "agent/tls/identity.h"
#include "agent/tls/session_cache.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth {

/// Whom a TLS connection believes.
struct Trust {
  /// CA certificates, PEM (any number) or one DER. Borrowed for the life of whoever holds this.
  ConstBytes authorities;
  /// More of them, for the time when the first are being replaced; may be empty. Borrowed likewise.
  ConstBytes backup_authorities;
  /// `sha256//` and the Base64 of a SHA-256 of a SubjectPublicKeyInfo (RFC 7469 section 2.4);
  /// several are separated by ';'. When not empty, one key of the verified chain must be among
  /// them. Borrowed likewise.
  std::string_view pins;
  /// What is taken for the time while the clock is not set: a certificate counts if it had not
  /// expired by then, and when it begins is not looked at. One that expired since then is not found
  /// out, and a kept session is offered as if it had just come. 0: none counts,
  /// Reason::kClockUnknown.
  UnixSeconds least_time = {};
};

/// Whether `pins` has the form that `Trust` describes.
bool ArePinsWellFormed(std::string_view pins);

/// A TLS client (1.2 and 1.3) over another connection, and a `Connection` itself.
///
///     Connect()            connected             verified
///   kClosed ──► kTransport ─────────► kHandshake ─────────► kOpen
///                   ▲ └──────────────────┤ └────────────────┴──── error ──► kBroken
///                   └────────────────────┘ a session was offered, and it failed: once more without
///
/// Chain, host name and dates are verified before `Connect` says kOk: there is no switch to leave
/// that out. `Connect` does one step of the handshake at a time; a step may compute for as long as
/// one public-key operation takes on the device.
///
/// The last session is offered for resumption: to the same host and port, under the same trust and
/// identity, for as long as agent/tls/README.md says. A server that resumes it proves that it is
/// the one that was verified, and sends no certificate again. One that does not is verified in the
/// same handshake. Where a handshake fails with a session on offer, the session is dropped and one
/// more connection is made without.
///
/// Output is gathered and goes out when the peer's answer is first asked for (`Read`), so that the
/// end of the handshake and a small request share one segment.
///
/// Statuses beyond those of `Connection`:
/// - `Connect`: kUntrusted, kCertificateDate, kMalformed (the handshake failed), kOutOfMemory (the
///   arena is too small), kInvalidArgument (authorities or own certificate unreadable),
///   kRejected (the server wants another client certificate), kFailedPrecondition (no engine
///   started).
/// - `Write`, `Read`: kMalformed (a record failed its checks), kOutOfMemory; kRejected likewise:
///   with TLS 1.3 the server says so only after its client is done with the handshake.
/// - `Read`: kClosed only after close_notify; kUnavailable for an end without it.
class TlsConnection final : public Connection {
 public:
  /// @param transport  Carries the records. Borrowed for the life of this object.
  /// @param engine     Started before the first `Connect`. Borrowed for the life of this object.
  /// @param session    Room for the session, see `SessionCache`. Empty: no resumption. Borrowed for
  ///                   the life of this object.
  TlsConnection(Connection& transport, Engine& engine, Bytes session = {})
      : transport_(transport), engine_(engine), sessions_(session) {}
  ~TlsConnection() { Close(); }
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  /// Takes effect with the next connection.
  void SetTrust(const Trust& trust);
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  /// Takes effect likewise.
  void SetIdentity(const Identity& identity);
#endif

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// The time became known, by what this connection brought: a session that was agreed on when it
  /// was not is kept now.
  void KeepSessionNow();

  /// What the last kPending waits for; kNothing: call again at once.
  Interest waits_for() const {
    return waits_for_;
  }
  /// Why the last call failed. Survives `Close()`, until the next connection begins.
  Reason reason() const {
    return reason_;
  }
  /// mbedTLS's code for it; 0: none. Survives likewise.
  std::int32_t error_code() const {
    return error_code_;
  }
  /// The version and cipher suite agreed on, for diagnosis; empty when not open. Static text.
  std::string_view version() const;
  std::string_view cipher_suite() const;
  /// Whether the last handshake resumed a session. Survives `Close()` likewise.
  bool resumed() const {
    return resumed_;
  }
  /// What is offered next time. Not to be changed between `Connect()` and `Close()`.
  SessionCache& sessions() {
    return sessions_;
  }

 private:
  enum class Phase : std::uint8_t { kClosed, kTransport, kHandshake, kOpen, kBroken };
  struct Session;  // mbedTLS's objects; lives in the arena from SetUp() to Close().

  Status ConnectTransport(std::string_view host, std::uint16_t port);
  Status SetUp(std::string_view host, std::uint16_t port);
  int Configure();
  Status OfferSession(std::string_view host, std::uint16_t port);
  Digest BindingTo(std::string_view host, std::uint16_t port);
  Status LoadCertificates();
  Status Handshake();
  Status StepHandshake();
  Status Conclude();
  void KeepSession();
  void FreeSession();
  Status Break(Status status, Reason reason, int error_code);
  Status BreakWithError(int error_code);
  Status BreakUntrusted(int error_code);
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  Status LoadOwnCertificate();
  Reason RefusalInAlert() const;
#endif
  bool IsPending(int result);
  Status Flush();
  int SendRecord(ConstBytes record);
  int ReceiveRecord(Bytes into);
  static int SendCallback(void* self, const unsigned char* data, std::size_t size);
  static int ReceiveCallback(void* self, unsigned char* into, std::size_t size);

  Connection& transport_;
  Engine& engine_;
  SessionCache sessions_;
  Trust trust_;
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  Identity identity_;
#endif
  Digest trust_digest_{};
  Session* session_ = nullptr;
  std::size_t refused_before_ = 0;
  std::int32_t error_code_ = 0;
  Phase phase_ = Phase::kClosed;
  Status broken_status_ = Status::kOk;
  Reason reason_ = Reason::kNone;
  Interest waits_for_ = Interest::kNothing;
  bool trust_digest_known_ = false;
  bool offered_ = false;
  bool resumed_ = false;
};

}  // namespace connect_auth
