// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_peer.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace connect_auth::tests {
namespace {

/// Ends the test program where its own tools fail.
template <typename T>
T Need(T value) {
  if (!value) {
    std::abort();
  }
  return value;
}

EVP_PKEY* NewKey(Keys keys, bool for_authority) {
  if (keys == Keys::kP256) {
    return Need(EVP_EC_gen("P-256"));
  }
  return Need(EVP_RSA_gen(for_authority && keys == Keys::kRsa2048Below4096 ? 4096U : 2048U));
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = Need(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  Need(X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

X509* NewCertificate(const char* name, EVP_PKEY* key, long not_before_s, long not_after_s) {
  X509* const certificate = Need(X509_new());
  Need(X509_set_version(certificate, X509_VERSION_3));
  Need(ASN1_INTEGER_set(X509_get_serialNumber(certificate), std::rand() + 1));
  Need(X509_gmtime_adj(X509_getm_notBefore(certificate), not_before_s));
  Need(X509_gmtime_adj(X509_getm_notAfter(certificate), not_after_s));
  Need(X509_set_pubkey(certificate, key));
  Need(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                  reinterpret_cast<const unsigned char*>(name), -1, -1, 0));
  return certificate;
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  Need(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)));
  Need(X509_sign(certificate, issuer_key, EVP_sha256()));
}

X509* NewAuthority(const char* name, EVP_PKEY* key, const CertificateOptions& options) {
  X509* const authority = NewCertificate(name, key, std::min(options.not_before_s, -7200L),
                                         std::max(options.not_after_s, 1000000L));
  AddExtension(authority, authority, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(authority, authority, NID_key_usage, "critical,keyCertSign");
  Sign(authority, authority, key);
  return authority;
}

/// Takes what was written, and NULs behind it as far as there is room.
std::size_t TakeFrom(BIO* bio, Bytes into) {
  const int size = BIO_read(bio, into.data(), static_cast<int>(into.size()) - 1);
  BIO_free(bio);
  return static_cast<std::size_t>(Need(size));
}

std::size_t WritePem(X509* certificate, Bytes into) {
  BIO* const pem = Need(BIO_new(BIO_s_mem()));
  Need(PEM_write_bio_X509(pem, certificate));
  return TakeFrom(pem, into) + 1;  // With the NUL that is there already.
}

}  // namespace

ClientCertificate::ClientCertificate(Keys keys, long not_after_s) {
  EVP_PKEY* const ca_key = NewKey(keys, true);
  EVP_PKEY* const key = NewKey(keys, false);
  CertificateOptions options;
  options.not_after_s = not_after_s;
  options.not_before_s = std::min(options.not_before_s, not_after_s - 3600);
  std::array<char, 32> name{};  // A peer that knows several finds them by it.
  std::snprintf(name.data(), name.size(), "Client CA %d", std::rand());
  X509* const authority = NewAuthority(name.data(), ca_key, options);
  X509* const own = NewCertificate("client", key, options.not_before_s, options.not_after_s);
  AddExtension(own, authority, NID_ext_key_usage, "clientAuth");
  Sign(own, authority, ca_key);
  ca_pem_size_ = WritePem(authority, ca_pem_);
  pem_size_ = WritePem(own, pem_);
  BIO* const pem = Need(BIO_new(BIO_s_mem()));
  Need(PEM_write_bio_PrivateKey(pem, key, nullptr, nullptr, 0, nullptr, nullptr));
  key_pem_size_ = TakeFrom(pem, key_pem_) + 1;
  BIO* const der = Need(BIO_new(BIO_s_mem()));
  Need(i2d_X509_bio(der, own));
  der_size_ = TakeFrom(der, der_);
  BIO* const key_der = Need(BIO_new(BIO_s_mem()));
  Need(i2d_PrivateKey_bio(key_der, key));
  key_der_size_ = TakeFrom(key_der, key_der_);
  X509_free(own);
  X509_free(authority);
  EVP_PKEY_free(key);
  EVP_PKEY_free(ca_key);
}

TlsPeer::TlsPeer(const PeerOptions& options, std::string_view reply)
    : options_(options), reply_(reply), context_(Need(SSL_CTX_new(TLS_server_method()))) {
  SetVersion(options.tls_version);
  if (!options.tickets) {
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
  }
  MakeCertificates(options.certificate);
}

TlsPeer::~TlsPeer() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

void TlsPeer::Demand(const ClientCertificate& client) {
  constexpr std::array<unsigned char, 4> kContext = {'t', 'e', 's', 't'};
  BIO* const pem =
      Need(BIO_new_mem_buf(client.ca_pem().data(), static_cast<int>(client.ca_pem().size())));
  X509* const authority = Need(PEM_read_bio_X509(pem, nullptr, nullptr, nullptr));
  Need(X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority));
  X509_free(authority);
  BIO_free(pem);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  Need(SSL_CTX_set_session_id_context(context_, kContext.data(), kContext.size()));
}

void TlsPeer::SetVersion(int tls_version) {
  const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  Need(SSL_CTX_set_min_proto_version(context_, versions[tls_version == 13 ? 1 : 0]));
  Need(SSL_CTX_set_max_proto_version(context_, versions[tls_version == 12 ? 0 : 1]));
}

void TlsPeer::SpeakStrangely() {
  SetVersion(12);
  Need(SSL_CTX_set_cipher_list(context_, "AES128-SHA"));
}

void TlsPeer::SetSessionLifetime(long seconds) {
  SSL_CTX_set_timeout(context_, seconds);
}

void TlsPeer::ForgetSessions() {
  std::array<unsigned char, 80> keys{};
  Need(RAND_bytes(keys.data(), keys.size()));
  Need(SSL_CTX_set_tlsext_ticket_keys(context_, keys.data(), keys.size()));
  SSL_CTX_flush_sessions(context_, 0);
}

void TlsPeer::StopResuming() {
  SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  Need(SSL_CTX_set_num_tickets(context_, 0));
}

void TlsPeer::MakeCertificates(const CertificateOptions& options) {
  EVP_PKEY* const ca_key = NewKey(options.keys, true);
  EVP_PKEY* const strange_key = NewKey(Keys::kP256, true);
  EVP_PKEY* const server_key = NewKey(options.keys, false);
  X509* const authority = NewAuthority("Test CA", ca_key, options);
  X509* const server =
      NewCertificate("server", server_key, options.not_before_s, options.not_after_s);
  AddExtension(server, authority, NID_subject_alt_name, options.san);
  AddExtension(server, authority, NID_ext_key_usage,
               options.wrong_usage ? "clientAuth" : "serverAuth");
  Sign(server, authority, options.signed_by_stranger ? strange_key : ca_key);

  ca_pem_size_ = WritePem(authority, ca_pem_);
  server_pin_ = PinOf(server_key);
  ca_pin_ = PinOf(ca_key);

  Need(SSL_CTX_use_certificate(context_, server));
  Need(SSL_CTX_use_PrivateKey(context_, server_key));
  X509_free(server);
  X509_free(authority);
  EVP_PKEY_free(server_key);
  EVP_PKEY_free(strange_key);
  EVP_PKEY_free(ca_key);
}

TlsPeer::Pin TlsPeer::PinOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::array<unsigned char, 32> digest{};
  Need(EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(),
                  nullptr));
  OPENSSL_free(der);
  std::array<unsigned char, 45> encoded{};
  EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  Pin pin{};
  constexpr std::string_view kScheme = "sha256//";
  std::copy(kScheme.begin(), kScheme.end(), pin.begin());
  std::copy_n(encoded.begin(), 44, pin.begin() + kScheme.size());
  return pin;
}

Status TlsPeer::Connect(std::string_view host, std::uint16_t port) {
  if (IsDue()) {
    return Status::kUnavailable;
  }
  if (host.empty() || port == 0) {
    return Status::kInvalidArgument;
  }
  if (ssl_ == nullptr) {
    ++connects_;
    broken_ = false;
    replied_ = false;
    ended_ = false;
    received_size_ = responder_ != nullptr ? 0 : received_size_;
    connection_start_ = received_size_;
    to_server_ = Need(BIO_new(BIO_s_mem()));
    from_server_ = Need(BIO_new(BIO_s_mem()));
    ssl_ = Need(SSL_new(context_));
    SSL_set_bio(ssl_, to_server_, from_server_);
    SSL_set_accept_state(ssl_);
  }
  return Status::kOk;
}

IoResult TlsPeer::Write(ConstBytes data) {
  broken_ = IsDue() || broken_;
  if (broken_ || ssl_ == nullptr) {
    return IoResult::Error(Status::kUnavailable);
  }
  if (Stalls(stall_write_) || received_here() >= deaf_after_) {
    return IoResult::Error(Status::kPending);
  }
  ++writes_;
  const std::size_t size = std::min(data.size(), chunk_);
  Need(BIO_write(to_server_, data.data(), static_cast<int>(size)) == static_cast<int>(size));
  return IoResult::Bytes(size);
}

IoResult TlsPeer::Read(Bytes into) {
  broken_ = IsDue() || broken_;
  if (broken_ || ssl_ == nullptr) {
    return IoResult::Error(Status::kUnavailable);
  }
  if (Stalls(stall_read_)) {
    return IoResult::Error(Status::kPending);
  }
  Advance();
  const int size =
      BIO_read(from_server_, into.data(), static_cast<int>(std::min(into.size(), chunk_)));
  if (size > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(size));
  }
  return IoResult::Error(ended_ ? Status::kClosed : Status::kPending);
}

void TlsPeer::Close() {
  if (ssl_ == nullptr) {
    return;
  }
  Advance();  // Takes in what was sent at the very end.
  SSL_free(ssl_);
  ssl_ = nullptr;
}

/// @return  Whether it is over.
bool TlsPeer::FinishHandshake() {
  if (SSL_is_init_finished(ssl_) != 0) {
    return true;
  }
  if (SSL_do_handshake(ssl_) != 1) {
    return false;
  }
  resumptions_ += SSL_session_reused(ssl_) == 1 ? 1U : 0U;
  acquaintances_ += SSL_get0_peer_certificate(ssl_) != nullptr ? 1U : 0U;
  return true;
}

/// Lets the server do all that it can with what it has received.
void TlsPeer::Advance() {
  if (options_.plain) {
    if (!replied_ && BIO_ctrl_pending(to_server_) > 0) {
      replied_ = true;
      Need(BIO_puts(from_server_, "HTTP/1.1 400 Bad Request\r\n\r\n"));
      ended_ = true;
    }
    return;
  }
  if (!FinishHandshake()) {
    return;
  }
  for (;;) {
    const std::size_t room = received_.size() - received_size_;
    const int size = SSL_read(ssl_, received_.data() + received_size_, static_cast<int>(room));
    if (size <= 0) {
      break;
    }
    received_size_ += static_cast<std::size_t>(size);
    if (received_here() >= reply_after_ && (!replied_ || options_.keeps)) {
      Reply();
    }
  }
}

void TlsPeer::Reply() {
  if (responder_ != nullptr) {
    reply_ = responder_->Answer(received());
    if (reply_.empty()) {
      return;
    }
  }
  replied_ = true;
  for (std::string_view rest = reply_; !rest.empty();) {
    const std::string_view part = rest.substr(0, record_);
    Need(SSL_write(ssl_, part.data(), static_cast<int>(part.size())) > 0);
    rest.remove_prefix(part.size());
  }
  if (options_.closes && !options_.keeps) {
    SSL_shutdown(ssl_);
  }
  ended_ = (options_.closes || options_.hangs_up) && !options_.keeps;
}

void TlsPeer::HangUp() {
  SSL_shutdown(ssl_);
  ended_ = true;
}

}  // namespace connect_auth::tests
