// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/network.h"

struct bio_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace connect_auth::tests {

/// Keys of the server and of the CA that has signed its certificate.
enum class Keys : std::uint8_t {
  kP256,
  kRsa2048,
  kRsa2048Below4096,  ///< The server's key has 2048 bits, the CA's 4096.
};

/// What the peer's certificate says. Times are seconds from now.
struct CertificateOptions {
  const char* san = "DNS:server.domain.tld,DNS:localhost,IP:127.0.0.1,IP:::1";
  long not_before_s = -3600;
  long not_after_s = 1000000;
  Keys keys = Keys::kP256;
  bool signed_by_stranger = false;  ///< By a CA that `ca_pem()` does not hold.
  bool wrong_usage = false;         ///< Only good for clients.
};

struct PeerOptions {
  CertificateOptions certificate;
  int tls_version = 0;  ///< 12, 13, or 0: both.
  bool tickets =
      true;            ///< Sends tickets that hold the session; otherwise it keeps sessions itself.
  bool plain = false;  ///< Speaks no TLS: answers the first octets with an HTTP error.
  bool closes = true;  ///< close_notify behind the reply.
  bool hangs_up = false;  ///< The end of the stream without it.
  bool keeps = false;     ///< Answers each record that comes, and never closes.
};

/// What a client shows to a peer: a certificate of a CA of its own, and the key.
class ClientCertificate {
 public:
  /// @param not_after_s  Seconds from now.
  explicit ClientCertificate(Keys keys = Keys::kP256, long not_after_s = 1000000);

  /// PEM with its NUL.
  ConstBytes pem() const { return ConstBytes(pem_).first(pem_size_); }
  ConstBytes key_pem() const { return ConstBytes(key_pem_).first(key_pem_size_); }
  ConstBytes ca_pem() const { return ConstBytes(ca_pem_).first(ca_pem_size_); }
  ConstBytes der() const { return ConstBytes(der_).first(der_size_); }
  ConstBytes key_der() const { return ConstBytes(key_der_).first(key_der_size_); }

 private:
  std::array<std::uint8_t, 4096> pem_{};
  std::array<std::uint8_t, 4096> key_pem_{};
  std::array<std::uint8_t, 4096> ca_pem_{};
  std::array<std::uint8_t, 4096> der_{};
  std::array<std::uint8_t, 4096> key_der_{};
  std::size_t pem_size_ = 0;
  std::size_t key_pem_size_ = 0;
  std::size_t ca_pem_size_ = 0;
  std::size_t der_size_ = 0;
  std::size_t key_der_size_ = 0;
};

/// Works out each reply, where a fixed one will not do.
class Responder {
 public:
  /// @param received  All that came on this connection so far. Borrowed during the call.
  /// @return  The reply, borrowed until the next call; empty: the request is not complete.
  virtual std::string_view Answer(std::string_view received) = 0;

 protected:
  ~Responder() = default;
};

/// OpenSSL as the server at the other end of a connection, in memory: no sockets, no threads, so
/// that every call can be made to fail, and every octet counted.
///
/// It answers the first octets of a request with `reply`, or those that `ReplyAfter()` says, or a
/// request with what a `Responder` says. Each `Connect` is a new connection.
class TlsPeer final : public Connection {
 public:
  /// @param reply  Borrowed for the life of this object.
  TlsPeer(const PeerOptions& options, std::string_view reply);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// The CA to trust, as PEM with its NUL.
  ConstBytes ca_pem() const { return ConstBytes(ca_pem_).first(ca_pem_size_); }
  /// `sha256//...` of the server's key, and of the CA's.
  std::string_view server_pin() const { return {server_pin_.data(), server_pin_.size()}; }
  std::string_view ca_pin() const { return {ca_pin_.data(), ca_pin_.size()}; }

  /// From now on each connection has to show a certificate of the CA that `client` is of.
  ///
  /// @param client  Borrowed during the call.
  void Demand(const ClientCertificate& client);
  /// The versions that it speaks from now on: 12, 13, or 0 for both.
  void SetVersion(int tls_version);
  /// Speaks TLS 1.2 alone from now on, with a cipher suite that nobody here knows.
  void SpeakStrangely();
  /// How long its sessions can be resumed from now on.
  void SetSessionLifetime(long seconds);
  /// Resumes nothing that was agreed on before.
  void ForgetSessions();
  /// Offers no resumption any more.
  void StopResuming();

  void SetReply(std::string_view reply) { reply_ = reply; }
  /// From now on it answers, and `received()` is of the present connection only.
  ///
  /// @param responder  Borrowed for the life of this object.
  void SetResponder(Responder& responder) { responder_ = &responder; }
  /// Answers when so many octets of plain text have come over a connection.
  void ReplyAfter(std::size_t octets) { reply_after_ = octets; }
  /// Takes nothing more over a connection once so many octets of plain text have come.
  void SetDeafAfter(std::size_t octets) { deaf_after_ = octets; }
  /// How replies end from now on: see PeerOptions.
  void SetEnding(bool closes, bool hangs_up) {
    options_.closes = closes;
    options_.hangs_up = hangs_up;
  }
  /// Most octets of a reply that are sent in one go, and so in a record.
  void SetRecord(std::size_t octets) { record_ = octets; }
  /// Ends the present connection in order, from the server's side.
  void HangUp();
  /// Most octets that one call moves.
  void SetChunk(std::size_t chunk) { chunk_ = chunk; }
  /// Every first, third, ... of the calls of Read, and of those of Write, says kPending.
  void SetStalling(bool stalling) { stalling_ = stalling; }
  /// Makes the n-th call of Connect, Read and Write fail, counted from 1 over all connections.
  void FailCall(std::uint32_t n) { failing_call_ = n; }

  /// What came out of the TLS connections as plain text, over all of them.
  std::string_view received() const { return {received_.data(), received_size_}; }
  std::uint32_t calls() const { return calls_; }
  std::uint32_t writes() const { return writes_; }
  std::uint32_t connects() const { return connects_; }
  /// How many handshakes resumed a session, as OpenSSL sees it.
  std::uint32_t resumptions() const { return resumptions_; }
  /// How many handshakes ended with a client that it knows by its certificate.
  std::uint32_t acquaintances() const { return acquaintances_; }
  bool is_open() const { return ssl_ != nullptr; }

 private:
  using Pin = std::array<char, 8 + 44>;

  void MakeCertificates(const CertificateOptions& options);
  static Pin PinOf(evp_pkey_st* key);
  bool IsDue() { return ++calls_ == failing_call_; }
  bool Stalls(bool& stalled) {
    stalled = stalling_ && !stalled;
    return stalled;
  }
  bool FinishHandshake();
  void Advance();
  void Reply();
  std::size_t received_here() const { return received_size_ - connection_start_; }

  PeerOptions options_;
  std::string_view reply_;
  Responder* responder_ = nullptr;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  bio_st* to_server_ = nullptr;    // owned by ssl_
  bio_st* from_server_ = nullptr;  // owned by ssl_
  std::array<std::uint8_t, 4096> ca_pem_{};
  std::size_t ca_pem_size_ = 0;
  Pin server_pin_{};
  Pin ca_pin_{};
  std::array<char, 400'000> received_{};
  std::size_t received_size_ = 0;
  std::size_t connection_start_ = 0;  // of received_, where the present connection began
  std::size_t reply_after_ = 1;
  std::size_t deaf_after_ = SIZE_MAX;
  std::size_t chunk_ = 65536;
  std::size_t record_ = 16384;
  std::uint32_t calls_ = 0;
  std::uint32_t writes_ = 0;
  std::uint32_t connects_ = 0;
  std::uint32_t resumptions_ = 0;
  std::uint32_t acquaintances_ = 0;
  std::uint32_t failing_call_ = 0;
  bool stalling_ = false;
  bool stall_write_ = false;  // the last time
  bool stall_read_ = false;   // likewise
  bool broken_ = false;
  bool replied_ = false;
  bool ended_ = false;
};

}  // namespace connect_auth::tests
