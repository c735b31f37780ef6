// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/tls_connection.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "agent/config.h"
#include "agent/encoding/base64.h"
#include "agent/encoding/byte_order.h"
#include "agent/encoding/calendar.h"
#include "agent/http/ascii.h"
#include "mbedtls/net_sockets.h"
#include "mbedtls/platform.h"
#include "mbedtls/sha256.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"
#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::string_view kPinScheme = "sha256//";
constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kPinSize = Base64EncodedSize(kSha256Bytes);
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::uint32_t kDateFlags = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
constexpr std::uint32_t kPinFlag = MBEDTLS_X509_BADCERT_OTHER;

const char* const kAlpnProtocols[] = {"http/1.1", nullptr};

/// Signatures accepted, in order of preference (RFC 8446 section 4.2.3). PKCS #1 stands in front of
/// PSS because mbedTLS 3.6.6 offers PSS for the sake of TLS 1.3 and then refuses it from a server
/// that picks it, as it may, for TLS 1.2. With 1.3 a server has to pass over PKCS #1.
constexpr std::uint16_t kSignatureAlgorithms[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                                  MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
                                                  MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
                                                  MBEDTLS_TLS1_3_SIG_NONE};

#if !defined(CONNECT_AUTH_MBEDTLS_HOOKS)
/// What agent/tls/mbedtls_config.h leaves out, somebody else's mbedTLS may have: forward secrecy
/// and authenticated encryption only, with curves whose keys nobody can choose for both.
void Restrict(mbedtls_ssl_config& config) {
  static constexpr int kSuites[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                                    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                    0};
  static constexpr std::uint16_t kGroups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                              MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
                                              MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
  mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_ciphersuites(&config, kSuites);
  mbedtls_ssl_conf_groups(&config, kGroups);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
  mbedtls_ssl_conf_tls13_key_exchange_modes(&config,
                                            MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
#if defined(MBEDTLS_SSL_EARLY_DATA)
  mbedtls_ssl_conf_early_data(&config, MBEDTLS_SSL_EARLY_DATA_DISABLED);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
  mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
}
#endif

/// Takes the next pin off the front of `pins`, without its scheme; empty: it is malformed.
std::string_view TakePin(std::string_view& pins) {
  const std::string_view pin = Part(pins, 0, pins.find(';'));
  pins.remove_prefix(std::min(pin.size() + 1, pins.size()));
  const bool well_formed =
      pin.starts_with(kPinScheme) && pin.size() == kPinScheme.size() + kPinSize;
  return well_formed ? Part(pin, kPinScheme.size()) : std::string_view();
}

bool IsBase64Character(char c) {
  return IsAlphanumeric(c) || c == '+' || c == '/' || c == '=';
}

bool IsPinned(const mbedtls_x509_crt& certificate, std::string_view pins) {
  std::array<std::uint8_t, kSha256Bytes> digest{};
  if (mbedtls_sha256(certificate.pk_raw.p, certificate.pk_raw.len, digest.data(), 0) != 0) {
    return false;
  }
  std::array<std::uint8_t, kPinSize> encoded{};
  EncodeBase64(digest, encoded);
  while (!pins.empty()) {
    if (TakePin(pins) == AsText(encoded)) {
      return true;
    }
  }
  return false;
}

/// Whether `address`, 4 or 16 octets, is among the certificate's (RFC 5280 section 4.2.1.6).
bool HasAddress(const mbedtls_x509_crt& certificate, ConstBytes address) {
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr;
       name = name->next) {
    if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
        AsText({name->buf.p, name->buf.len}) == AsText(address)) {
      return true;
    }
  }
  return false;
}

bool LooksLikePem(ConstBytes certificates) {
  return AsText(certificates).find("-----BEGIN ") != std::string_view::npos;
}

/// Adds PEM or DER to a chain. In PEM, certificates that mbedTLS cannot use (say, of an unknown
/// curve) are passed over, as long as one is usable.
int AddAuthorities(mbedtls_x509_crt& chain, ConstBytes certificates) {
  if (!LooksLikePem(certificates)) {
    return mbedtls_x509_crt_parse_der_nocopy(&chain, certificates.data(), certificates.size());
  }
  const int result = mbedtls_x509_crt_parse(&chain, certificates.data(), certificates.size());
  if (result > 0) {
    CONNECT_AUTH_LOG(kWarning, "tls: CA certificates passed over as unusable", result);
  }
  return result > 0 && chain.raw.p != nullptr ? 0 : result;
}

int RandomCallback(void* engine, unsigned char* into, std::size_t size) {
  const bool filled = static_cast<Engine*>(engine)->Random(Bytes(into, size)) == Status::kOk;
  return filled ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

bool IsAllocationFailure(int error_code) {
  switch (error_code) {
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
      return true;
    default:
      return false;
  }
}

UnixSeconds ToUnixSeconds(const mbedtls_x509_time& time) {
  const std::int64_t days = DaysOfDate({time.year, time.mon, time.day});
  return UnixSeconds{((days * 24 + time.hour) * 60 + time.min) * 60 + time.sec};
}

Reason UntrustedReason(std::uint32_t flags) {
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    return Reason::kCertificateNotTrusted;
  }
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
    return Reason::kCertificateWrongHost;
  }
  return (flags & kPinFlag) != 0 ? Reason::kCertificateNotPinned : Reason::kCertificateUnsuitable;
}

}  // namespace

struct TlsConnection::Session {
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_x509_crt authorities;
  std::array<char, kMaxHostBytes + 1> host;
  std::array<std::uint8_t, 16> address;  // of the host, where it is no name
  std::size_t address_size;
  std::array<std::uint8_t, config::kSegmentBytes> gathered;  // output not yet given to transport_
  std::size_t gathered_size;
  std::string_view pins;
  Digest binding;             // of the TLS session, to host, port and trust
  UnixSeconds trusted_until;  // the first end of all certificates of the chain
  bool authorities_loaded;
  bool verified;  // a chain, in this handshake
  bool pin_found;
  bool guesses_time;  // It is `Trust::least_time`.
  bool received_anything;
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  LoadedIdentity* identity;
#endif

  void Init() {
    trusted_until = UnixSeconds{std::numeric_limits<std::int64_t>::max()};
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&authorities);
  }

  void Free() {
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&config);
    mbedtls_x509_crt_free(&authorities);
#if CONNECT_AUTH_CLIENT_CERTIFICATE
    FreeIdentity(identity);
#endif
    Wipe(gathered);
  }

  /// mbedTLS asks once for each certificate of the chain it has built, the server's last.
  static int Verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
    auto& session = *static_cast<Session*>(self);
    session.pin_found = session.pin_found || IsPinned(*certificate, session.pins);
    session.trusted_until = std::min(session.trusted_until, ToUnixSeconds(certificate->valid_to));
    if (session.guesses_time) {
      *flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_FUTURE);
    }
    const bool has_issuer = session.verified;
    session.verified = true;
    if (depth != 0) {
      return 0;
    }
    if (!session.pin_found && !session.pins.empty()) {
      *flags |= kPinFlag;
    }
    if (session.address_size != 0 &&
        !HasAddress(*certificate, ConstBytes(session.address).first(session.address_size))) {
      *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    // mbedTLS passes over a certificate whose signature is not built in (SHA-1, MD5), and takes the
    // CA's behind it for the server's: then it is not the name that is wrong.
    if (*flags == MBEDTLS_X509_BADCERT_CN_MISMATCH && has_issuer &&
        mbedtls_x509_crt_get_ca_istrue(certificate) == 1) {
      *flags = MBEDTLS_X509_BADCERT_BAD_MD;
    }
    return 0;
  }
};

bool ArePinsWellFormed(std::string_view pins) {
  while (!pins.empty()) {
    const std::string_view pin = TakePin(pins);
    if (pin.empty() || !AllAre(pin, IsBase64Character)) {
      return false;
    }
  }
  return true;
}

Status TlsConnection::Connect(std::string_view host, std::uint16_t port) {
  switch (phase_) {
    case Phase::kClosed:
      reason_ = Reason::kNone;
      error_code_ = 0;
      refused_before_ = Engine::refused_allocations();
      resumed_ = false;
      phase_ = Phase::kTransport;
      return ConnectTransport(host, port);
    case Phase::kTransport:
      return ConnectTransport(host, port);
    case Phase::kHandshake:
      return Handshake();
    case Phase::kOpen:
      return Status::kOk;
    case Phase::kBroken:
      break;
  }
  return broken_status_;
}

Status TlsConnection::ConnectTransport(std::string_view host, std::uint16_t port) {
  if (!engine_.started()) {
    return Break(Status::kFailedPrecondition, Reason::kTlsUnusable, 0);
  }
  waits_for_ = Interest::kConnected;
  const Status status = transport_.Connect(host, port);
  if (status == Status::kPending) {
    return status;
  }
  if (status != Status::kOk) {
    return Break(status,
                 status == Status::kNotFound ? Reason::kNameNotFound : Reason::kNoConnection, 0);
  }
  waits_for_ = Interest::kNothing;
  phase_ = Phase::kHandshake;
  return SetUp(host, port);
}

/// Makes mbedTLS's objects; everything they need comes from the arena.
Status TlsConnection::SetUp(std::string_view host, std::uint16_t port) {
  if (host.size() > kMaxHostBytes) {
    return Break(Status::kInvalidArgument, Reason::kUrlMalformed, 0);
  }
  void* const memory = mbedtls_calloc(1, sizeof(Session));
  if (memory == nullptr) {
    return Break(Status::kOutOfMemory, Reason::kArenaExhausted, 0);
  }
  session_ = new (memory) Session();
  session_->Init();
  session_->pins = trust_.pins;
#if defined(CONNECT_AUTH_MBEDTLS_HOOKS)  // Another mbedTLS does not ask the agent for the time.
  session_->guesses_time = trust_.least_time.count != 0 && !engine_.WallTime().ok();
#endif
  engine_.SetTimeIfUnknown(trust_.least_time);
  if (session_->guesses_time) {
    CONNECT_AUTH_LOG(kWarning, "tls: the clock is not set, certificates are judged by",
                     trust_.least_time.count);
  }
  std::copy(host.begin(), host.end(), session_->host.begin());
  session_->host[host.size()] = '\0';
  session_->address_size =
      mbedtls_x509_crt_parse_cn_inet_pton(session_->host.data(), session_->address.data());
  const int result = Configure();
  if (result != 0) {
    return BreakWithError(result);
  }
  mbedtls_ssl_set_bio(&session_->ssl, this, SendCallback, ReceiveCallback, nullptr);
  return sessions_.enabled() ? OfferSession(host, port) : Status::kPending;
}

/// @return 0, or mbedTLS's error code
int TlsConnection::Configure() {
  mbedtls_ssl_config& config = session_->config;
  int result = mbedtls_ssl_config_defaults(
      &config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (result != 0) {
    return result;
  }
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&config, &session_->authorities, nullptr);
  mbedtls_ssl_conf_verify(&config, Session::Verify, session_);
  mbedtls_ssl_conf_sig_algs(&config, kSignatureAlgorithms);
#if !defined(CONNECT_AUTH_MBEDTLS_HOOKS)
  Restrict(config);
#endif
  mbedtls_ssl_conf_rng(&config, RandomCallback, &engine_);
  mbedtls_ssl_conf_session_tickets(&config, sessions_.enabled() ? 1 : 0);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
  mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&config, sessions_.enabled() ? 1 : 0);
#endif
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): mbedTLS reads them only.
  result = mbedtls_ssl_conf_alpn_protocols(&config, const_cast<const char**>(kAlpnProtocols));
  if (result == 0) {
    result = mbedtls_ssl_setup(&session_->ssl, &config);
  }
  if (result == 0) {
    // mbedTLS would send an address as server name, which is for names only (RFC 6066 section 3);
    // without one it leaves the check to `Session::Verify`.
    result = mbedtls_ssl_set_hostname(
        &session_->ssl, session_->address_size == 0 ? session_->host.data() : nullptr);
  }
  return result;
}

/// Offers the kept session, if it was made with this server and under this trust.
Status TlsConnection::OfferSession(std::string_view host, std::uint16_t port) {
  session_->binding = BindingTo(host, port);
  const Result<UnixSeconds> now =
      session_->guesses_time ? Result(sessions_.since()) : engine_.WallTime();
  offered_ = now.ok() && sessions_.IsGoodFor(session_->binding, now.value()) &&
             sessions_.OfferTo(session_->ssl, now.value());
  return Engine::refused_allocations() == refused_before_
             ? Status::kPending
             : BreakWithError(MBEDTLS_ERR_SSL_ALLOC_FAILED);
}

/// What a session stands and falls with.
Digest TlsConnection::BindingTo(std::string_view host, std::uint16_t port) {
  if (!trust_digest_known_) {
    const std::string_view trust[] = {
      AsText(trust_.authorities),
      AsText(trust_.backup_authorities),
      trust_.pins,
#if CONNECT_AUTH_CLIENT_CERTIFICATE
      AsText(identity_.certificates),  // It was shown when the session was made.
#endif
    };
    trust_digest_ = DigestOf(trust);
    trust_digest_known_ = true;
  }
  std::array<std::uint8_t, 2> port_octets{};
  PutBigEndian(port, port_octets);
  const std::string_view fields[] = {host, AsText(port_octets), AsText(trust_digest_)};
  return DigestOf(fields);
}

void TlsConnection::SetTrust(const Trust& trust) {
  trust_ = trust;
  trust_digest_known_ = false;
}

/// Those to verify with, and those to show.
Status TlsConnection::LoadCertificates() {
  session_->authorities_loaded = true;
  for (const ConstBytes certificates : {trust_.authorities, trust_.backup_authorities}) {
    if (certificates.empty()) {
      continue;
    }
    const int result = AddAuthorities(session_->authorities, certificates);
    if (result == 0) {
      continue;
    }
    if (Engine::refused_allocations() != refused_before_ || IsAllocationFailure(result)) {
      return Break(Status::kOutOfMemory, Reason::kArenaExhausted, result);
    }
    return Break(Status::kInvalidArgument, Reason::kAuthoritiesUnreadable, result);
  }
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  return LoadOwnCertificate();
#else
  return Status::kOk;
#endif
}

#if CONNECT_AUTH_CLIENT_CERTIFICATE

void TlsConnection::SetIdentity(const Identity& identity) {
  identity_ = identity;
  trust_digest_known_ = false;
}

Status TlsConnection::LoadOwnCertificate() {
  if (identity_.certificates.empty()) {
    return Status::kOk;
  }
  int result = 0;
  const Reason reason =
      LoadIdentity(identity_, engine_, session_->config, session_->identity, result);
  if (reason == Reason::kNone) {
    return Status::kOk;
  }
  return Engine::refused_allocations() != refused_before_ || IsAllocationFailure(result)
             ? Break(Status::kOutOfMemory, Reason::kArenaExhausted, result)
             : Break(Status::kInvalidArgument, reason, result);
}

/// What the server's fatal alert says of our certificate; kNone: nothing. handshake_failure is all
/// that TLS 1.2 has for "there is none", and decrypt_error is said of signatures that do not fit:
/// they mean that once the server has shown its own and there is nothing else left to judge.
Reason TlsConnection::RefusalInAlert() const {
  if (!session_->verified && !resumed_) {
    return Reason::kNone;  // Anybody on the way could have said it.
  }
  switch (session_->ssl.MBEDTLS_PRIVATE(in_msg)[1]) {
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
      return Reason::kClientCertificateExpired;
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
    case MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR:
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED:
      break;
    default:
      return Reason::kNone;
  }
  return identity_.certificates.empty() ? Reason::kClientCertificateMissing
                                        : Reason::kClientCertificateRefused;
}

#endif  // CONNECT_AUTH_CLIENT_CERTIFICATE

/// Does a step; and where a session was on offer when it failed, begins again without it. Lack of
/// memory and a chain that was refused are not the session's fault.
Status TlsConnection::Handshake() {
  const Status status = StepHandshake();
  if (status == Status::kOk || status == Status::kPending || !offered_) {
    return status;
  }
  sessions_.Drop();
  offered_ = false;
  if (status != Status::kMalformed && status != Status::kUnavailable) {
    return status;
  }
  CONNECT_AUTH_LOG(kInfo, "tls: the kept session made the handshake fail, error", error_code_);
  FreeSession();
  transport_.Close();
  reason_ = Reason::kNone;
  error_code_ = 0;
  waits_for_ = Interest::kNothing;
  phase_ = Phase::kTransport;
  return Status::kPending;
}

Status TlsConnection::StepHandshake() {
  waits_for_ = Interest::kNothing;
  mbedtls_ssl_context& ssl = session_->ssl;
  // The certificates are read when there is one to verify: a resumed session has none.
  if (ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_CERTIFICATE &&
      !session_->authorities_loaded) {
    const Status loaded = LoadCertificates();
    if (loaded != Status::kOk) {
      return loaded;
    }
  }
  const int result = mbedtls_ssl_handshake_step(&ssl);
  if (IsPending(result)) {
    return Status::kPending;
  }
  if (result != 0) {
    return BreakWithError(result);
  }
  return mbedtls_ssl_is_handshake_over(&ssl) == 0 ? Status::kPending : Conclude();
}

Status TlsConnection::Conclude() {
  // The handshake has failed already on any flag, and does not go without a certificate unless a
  // session is resumed; this guards against a change of that.
  if (mbedtls_ssl_get_verify_result(&session_->ssl) != 0 || (!session_->verified && !offered_)) {
    return BreakUntrusted(MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
  }
  resumed_ = !session_->verified;
  phase_ = Phase::kOpen;
  if (resumed_) {
    session_->trusted_until = sessions_.trusted_until();
  }
  KeepSession();
  return Status::kOk;
}

/// Keeps what this connection has agreed on or been given, for the next one.
void TlsConnection::KeepSession() {
  const Result<UnixSeconds> now = engine_.WallTime();
  if (!sessions_.enabled() || !now.ok()) {
    return;
  }
  const UnixSeconds end{now.value().count + config::kMaxSessionAgeSeconds};
  session_->trusted_until = std::min(session_->trusted_until, end);
  sessions_.TakeFrom(session_->ssl, resumed_, session_->binding, now.value(),
                     session_->trusted_until);
}

void TlsConnection::KeepSessionNow() {
  if (phase_ == Phase::kOpen && session_->guesses_time) {
    session_->guesses_time = false;
    KeepSession();
  }
}

IoResult TlsConnection::Write(ConstBytes data) {
  if (phase_ != Phase::kOpen) {
    return IoResult::Error(phase_ == Phase::kBroken ? broken_status_ : Status::kFailedPrecondition);
  }
  waits_for_ = Interest::kNothing;
  const int result = mbedtls_ssl_write(&session_->ssl, data.data(), data.size());
  if (IsPending(result)) {
    return IoResult::Error(Status::kPending);
  }
  return result > 0 ? IoResult::Bytes(static_cast<std::size_t>(result))
                    : IoResult::Error(BreakWithError(result));
}

IoResult TlsConnection::Read(Bytes into) {
  if (phase_ != Phase::kOpen) {
    return IoResult::Error(phase_ == Phase::kBroken ? broken_status_ : Status::kFailedPrecondition);
  }
  waits_for_ = Interest::kNothing;
  const int result = mbedtls_ssl_read(&session_->ssl, into.data(), into.size());
  if (IsPending(result)) {
    return IoResult::Error(Status::kPending);
  }
  if (result > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(result));
  }
  if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
    return IoResult::Error(Status::kClosed);
  }
  return IoResult::Error(result == 0 ? Break(Status::kUnavailable, Reason::kTlsTruncated, 0)
                                     : BreakWithError(result));
}

void TlsConnection::Close() {
  if (phase_ == Phase::kOpen && mbedtls_ssl_close_notify(&session_->ssl) == 0) {
    static_cast<void>(Flush());  // As a courtesy: the peer learns of the end from TCP as well.
  }
  if (phase_ == Phase::kHandshake && offered_) {
    sessions_.Drop();  // Given up: perhaps the server does not answer because of it.
  }
  offered_ = false;
  FreeSession();
  transport_.Close();
  waits_for_ = Interest::kNothing;
  phase_ = Phase::kClosed;
}

void TlsConnection::FreeSession() {
  if (session_ != nullptr) {
    session_->Free();
    mbedtls_free(session_);
    session_ = nullptr;
  }
}

std::string_view TlsConnection::version() const {
  return phase_ == Phase::kOpen ? mbedtls_ssl_get_version(&session_->ssl) : std::string_view();
}

std::string_view TlsConnection::cipher_suite() const {
  return phase_ == Phase::kOpen ? mbedtls_ssl_get_ciphersuite(&session_->ssl) : std::string_view();
}

bool TlsConnection::IsPending(int result) {
  switch (result) {
    // What has come is taken in by whichever call is next, also one that writes.
    case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
      KeepSession();
      return true;
    case MBEDTLS_ERR_SSL_WANT_READ:
      // Output that found no room is offered once more with the next call.
      waits_for_ = session_->gathered_size == 0 ? Interest::kReadable : Interest::kEither;
      return true;
    case MBEDTLS_ERR_SSL_WANT_WRITE:
      waits_for_ = Interest::kWritable;
      return true;
    default:
      return false;
  }
}

/// Ends the connection for good: the one place that sets kBroken.
Status TlsConnection::Break(Status status, Reason reason, int error_code) {
  if (session_ != nullptr) {
    static_cast<void>(Flush());  // An alert tells the peer why.
  }
  phase_ = Phase::kBroken;
  broken_status_ = status;
  reason_ = reason;
  error_code_ = error_code;
  return status;
}

Status TlsConnection::BreakWithError(int error_code) {
  if (Engine::refused_allocations() != refused_before_ || IsAllocationFailure(error_code)) {
    return Break(Status::kOutOfMemory, Reason::kArenaExhausted, error_code);
  }
  switch (error_code) {
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
      return BreakUntrusted(error_code);
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
#if CONNECT_AUTH_CLIENT_CERTIFICATE
      if (RefusalInAlert() != Reason::kNone) {
        return Break(Status::kRejected, RefusalInAlert(), error_code);
      }
#endif
      return Break(Status::kMalformed, Reason::kTlsRefused, error_code);
    case MBEDTLS_ERR_NET_CONN_RESET:
    case MBEDTLS_ERR_SSL_CONN_EOF:
      return Break(Status::kUnavailable, Reason::kConnectionLost, error_code);
    case MBEDTLS_ERR_NET_INVALID_CONTEXT:
      return Break(Status::kMalformed, Reason::kNotTls, error_code);
    default:
      return Break(Status::kMalformed, Reason::kTlsFailed, error_code);
  }
}

Status TlsConnection::BreakUntrusted(int error_code) {
  const std::uint32_t flags = mbedtls_ssl_get_verify_result(&session_->ssl);
  CONNECT_AUTH_LOG(kInfo, "tls: certificate refused, mbedTLS verify flags", flags);
  if (flags == 0 || (flags & ~kDateFlags) != 0) {
    return Break(Status::kUntrusted, UntrustedReason(flags & ~kDateFlags), error_code);
  }
  if (!engine_.WallTime().ok() && !session_->guesses_time) {
    return Break(Status::kCertificateDate, Reason::kClockUnknown, error_code);
  }
  return Break(Status::kCertificateDate,
               (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0 ? Reason::kCertificateExpired
                                                           : Reason::kCertificateNotYetValid,
               error_code);
}

/// Hands gathered output to the transport, in one call.
///
/// @return kOk when nothing is left, kPending when some is, or the transport's failure
Status TlsConnection::Flush() {
  Session& session = *session_;
  if (session.gathered_size == 0) {
    return Status::kOk;
  }
  const Bytes gathered = Bytes(session.gathered).first(session.gathered_size);
  const IoResult sent = transport_.Write(gathered);
  if (!sent.ok()) {
    return sent.status();
  }
  CopyBytes(gathered.subspan(sent.bytes()), gathered);
  session.gathered_size -= sent.bytes();
  return session.gathered_size == 0 ? Status::kOk : Status::kPending;
}

/// mbedTLS gives output away: it is gathered, and sent only when there is too much of it.
int TlsConnection::SendRecord(ConstBytes record) {
  Session& session = *session_;
  if (record.size() > session.gathered.size() - session.gathered_size) {
    const Status flushed = Flush();
    if (flushed != Status::kOk) {
      return flushed == Status::kPending ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_CONN_RESET;
    }
  }
  const std::size_t count =
      std::min(record.size(), session.gathered.size() - session.gathered_size);
  CopyBytes(record.first(count), Bytes(session.gathered).subspan(session.gathered_size));
  session.gathered_size += count;
  return static_cast<int>(count);
}

/// mbedTLS wants the peer's answer, so whatever was gathered has to leave first. Where there is no
/// room for that, the peer may have answered all the same, and read no more.
int TlsConnection::ReceiveRecord(Bytes into) {
  const Status flushed = Flush();
  if (flushed != Status::kOk && flushed != Status::kPending) {
    return MBEDTLS_ERR_NET_CONN_RESET;
  }
  const IoResult got = transport_.Read(into);
  if (got.status() == Status::kPending) {
    return MBEDTLS_ERR_SSL_WANT_READ;
  }
  if (got.status() == Status::kClosed) {
    return 0;
  }
  if (!got.ok()) {
    return MBEDTLS_ERR_NET_CONN_RESET;
  }
  // The first octet of a record is its type, 20..23. A server without TLS begins otherwise, and
  // deserves a clearer word than "invalid record".
  constexpr std::uint8_t kFirstType = 20;
  constexpr std::uint8_t kLastType = 23;
  if (!session_->received_anything && (into[0] < kFirstType || into[0] > kLastType)) {
    return MBEDTLS_ERR_NET_INVALID_CONTEXT;
  }
  session_->received_anything = true;
  return static_cast<int>(got.bytes());
}

int TlsConnection::SendCallback(void* self, const unsigned char* data, std::size_t size) {
  return static_cast<TlsConnection*>(self)->SendRecord(ConstBytes(data, size));
}

int TlsConnection::ReceiveCallback(void* self, unsigned char* into, std::size_t size) {
  return static_cast<TlsConnection*>(self)->ReceiveRecord(Bytes(into, size));
}

}  // namespace connect_auth
