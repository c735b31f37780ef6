// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/identity.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "agent/tls/tls_connection.h"
#include "mbedtls/pk.h"
#include "mbedtls/ssl.h"
#include "psa/crypto.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::ClientCertificate;
using tests::Keys;
using tests::PeerOptions;
using tests::TlsPeer;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\n";
constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\nhello";
constexpr std::size_t kArenaBytes = 96 * 1024;

std::array<std::uint8_t, kArenaBytes> arena;
std::array<std::uint8_t, 2048> session_room;
fake::FakeClock test_clock;
fake::FakeEntropy test_entropy;

int SetUpClock(void**) {
  test_clock = fake::FakeClock();
  test_clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
  return 0;
}

Identity IdentityOf(const ClientCertificate& client) {
  return {client.pem(), SecretView(AsText(client.key_pem()))};
}

/// A client of a peer, with an engine of its own.
struct Client {
  explicit Client(TlsPeer& peer, std::size_t arena_size = kArenaBytes)
      : tls(peer, engine, session_room) {
    test_entropy = fake::FakeEntropy();
    started = engine.Start(Bytes(arena).first(arena_size), test_clock, test_entropy);
    tls.SetTrust({peer.ca_pem(), {}, {}});
  }
  ~Client() {
    tls.Close();
    engine.Stop();
  }

  /// Connects, sends the request and reads to the end. kOk: all of the reply came.
  Status Converse() {
    Status status = started == Status::kOk ? Status::kPending : started;
    while (status == Status::kPending) {
      status = tls.Connect("server.domain.tld", 443);
    }
    while (status == Status::kOk) {
      const IoResult sent = tls.Write(AsBytes(kRequest));
      status = sent.status();
      if (sent.ok()) {
        break;
      }
    }
    std::array<std::uint8_t, 64> into{};
    while (status == Status::kOk || status == Status::kPending) {
      status = tls.Read(into).status();
    }
    tls.Close();
    return status == Status::kClosed ? Status::kOk : status;
  }

  Engine engine;
  TlsConnection tls;
  Status started;
};

PeerOptions OfVersion(int version) {
  PeerOptions options;
  options.tls_version = version;
  return options;
}

/// What a peer that demands a certificate of `wanted` says to one who shows `shown`.
void AssertRefused(const ClientCertificate& wanted, const Identity& shown, Reason reason) {
  for (const int version : {12, 13}) {
    TlsPeer peer(OfVersion(version), kReply);
    peer.Demand(wanted);
    Client client(peer);
    client.tls.SetIdentity(shown);
    assert_int_equal(client.Converse(), Status::kRejected);
    assert_int_equal(client.tls.reason(), reason);
    assert_true(peer.received().empty());
    assert_int_equal(peer.acquaintances(), 0);
  }
}

void identity_is_shown_to_a_peer_that_demands_it(void**) {
  for (const Keys keys : {Keys::kP256, Keys::kRsa2048}) {
    const ClientCertificate own(keys);
    for (const int version : {12, 13}) {
      TlsPeer peer(OfVersion(version), kReply);
      peer.Demand(own);
      Client client(peer);
      client.tls.SetIdentity(IdentityOf(own));
      assert_int_equal(client.Converse(), Status::kOk);
      assert_true(peer.received() == kRequest);
      assert_int_equal(peer.acquaintances(), 1);
    }
  }
}

void identity_in_der_does_as_well(void**) {
  for (const Keys keys : {Keys::kP256, Keys::kRsa2048}) {
    const ClientCertificate own(keys);
    TlsPeer peer({}, kReply);
    peer.Demand(own);
    Client client(peer);
    client.tls.SetIdentity({own.der(), SecretView(AsText(own.key_der()))});
    assert_int_equal(client.Converse(), Status::kOk);
    assert_int_equal(peer.acquaintances(), 1);
  }
}

void identity_is_kept_from_a_peer_that_does_not_ask(void**) {
  const ClientCertificate own;
  TlsPeer peer({}, kReply);
  Client client(peer);
  client.tls.SetIdentity(IdentityOf(own));
  assert_int_equal(client.Converse(), Status::kOk);
  assert_int_equal(peer.acquaintances(), 0);
}

void identity_that_is_missing_strange_or_over_is_told_apart(void**) {
  const ClientCertificate wanted;
  AssertRefused(wanted, {}, Reason::kClientCertificateMissing);
  const ClientCertificate strange;
  AssertRefused(wanted, IdentityOf(strange), Reason::kClientCertificateRefused);
  const ClientCertificate expired(Keys::kP256, -60);
  AssertRefused(expired, IdentityOf(expired), Reason::kClientCertificateExpired);
}

/// The same alert, but before there was a word of certificates.
void identity_has_no_part_in_what_a_peer_refuses_before(void**) {
  const ClientCertificate own;
  TlsPeer peer({}, kReply);
  peer.Demand(own);
  peer.SpeakStrangely();
  Client client(peer);
  client.tls.SetIdentity(IdentityOf(own));
  assert_int_equal(client.Converse(), Status::kMalformed);
  assert_int_equal(client.tls.reason(), Reason::kTlsRefused);
}

void identity_decides_whether_a_session_is_resumed(void**) {
  const ClientCertificate one;
  const ClientCertificate other;
  for (const int version : {12, 13}) {
    TlsPeer peer(OfVersion(version), kReply);
    peer.Demand(one);
    peer.Demand(other);
    Client client(peer);
    client.tls.SetIdentity(IdentityOf(one));
    assert_int_equal(client.Converse(), Status::kOk);
    assert_int_equal(client.Converse(), Status::kOk);
    assert_int_equal(peer.resumptions(), 1);
    assert_int_equal(peer.acquaintances(), 2);
    client.tls.SetIdentity(IdentityOf(other));
    assert_int_equal(client.Converse(), Status::kOk);
    assert_int_equal(peer.resumptions(), 1);
    assert_int_equal(client.Converse(), Status::kOk);
    assert_int_equal(peer.resumptions(), 2);
    client.tls.SetIdentity({});
    assert_int_equal(client.Converse(), Status::kRejected);
    assert_int_equal(peer.resumptions(), 2);
    client.tls.sessions().Drop();
  }
}

/// Reads an identity, and says what came of it.
Reason Load(const Identity& identity) {
  test_entropy = fake::FakeEntropy();
  Engine engine;
  assert_int_equal(engine.Start(arena, test_clock, test_entropy), Status::kOk);
  mbedtls_ssl_config config;
  mbedtls_ssl_config_init(&config);
  LoadedIdentity* loaded = nullptr;
  int error_code = 0;
  const Reason reason = LoadIdentity(identity, engine, config, loaded, error_code);
  assert_int_equal(error_code == 0, reason == Reason::kNone);
  mbedtls_ssl_config_free(&config);
  FreeIdentity(loaded);
  engine.Stop();
  return reason;
}

void identity_that_cannot_be_used_says_what_is_wrong_with_it(void**) {
  const ClientCertificate own;
  const ClientCertificate other;
  const ClientCertificate rsa(Keys::kRsa2048);
  const SecretView key(AsText(own.key_pem()));
  assert_int_equal(Load({own.pem(), key}), Reason::kNone);
  assert_int_equal(Load({AsBytes("rubbish"), key}), Reason::kClientCertificateUnreadable);
  assert_int_equal(Load({own.key_pem(), key}), Reason::kClientCertificateUnreadable);
  assert_int_equal(Load({own.pem(), SecretView("rubbish")}), Reason::kClientKeyUnreadable);
  assert_int_equal(Load({own.pem(), SecretView(AsText(own.pem()))}), Reason::kClientKeyUnreadable);
  for (const ClientCertificate* const strange : {&other, &rsa}) {
    assert_int_equal(Load({own.pem(), SecretView(AsText(strange->key_pem()))}),
                     Reason::kClientKeyMismatch);
  }
  for (const std::string_view front : {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
                                       "-----BEGIN RSA PRIVATE KEY-----\n"
                                       "Proc-Type: 4,ENCRYPTED\n"}) {
    std::array<char, 256> pem{};
    std::snprintf(pem.data(), pem.size(), "%sAAAA\n%s", front.data(),
                  front.find("RSA") == std::string_view::npos
                      ? "-----END ENCRYPTED PRIVATE KEY-----\n"
                      : "-----END RSA PRIVATE KEY-----\n");
    const std::string_view text(pem.data());
    assert_int_equal(Load({own.pem(), SecretView({pem.data(), text.size() + 1})}),
                     Reason::kClientKeyEncrypted);
  }
}

void identity_that_cannot_be_used_ends_the_handshake_without_a_word_of_it(void**) {
  const ClientCertificate own;
  const ClientCertificate other;
  for (const int version : {12, 13}) {
    TlsPeer peer(OfVersion(version), kReply);
    peer.Demand(own);
    Client client(peer);
    client.tls.SetIdentity({own.pem(), SecretView(AsText(other.key_pem()))});
    assert_int_equal(client.Converse(), Status::kInvalidArgument);
    assert_int_equal(client.tls.reason(), Reason::kClientKeyMismatch);
    assert_true(peer.received().empty());
  }
}

/// However far the arena reaches, the certificate is not blamed.
void identity_in_an_arena_that_is_too_small_says_so(void**) {
  const ClientCertificate own(Keys::kRsa2048);
  bool succeeded = false;
  for (std::size_t size = 26 * 1024; size <= kArenaBytes; size += 512) {
    TlsPeer peer(OfVersion(12), kReply);
    peer.Demand(own);
    Client client(peer, size);
    client.tls.SetIdentity(IdentityOf(own));
    const Status status = client.Converse();
    succeeded = status == Status::kOk;
    assert_true(succeeded || status == Status::kOutOfMemory);
    if (succeeded) {
      break;
    }
  }
  assert_true(succeeded);
}

#if defined(MBEDTLS_USE_PSA_CRYPTO)

int FillFrom(void* engine, unsigned char* into, std::size_t size) {
  return static_cast<Engine*>(engine)->Random(Bytes(into, size)) == Status::kOk ? 0 : -1;
}

/// The key gets into PSA Crypto as it does into a secure element, and nothing can read it there.
std::uint32_t Import(const ClientCertificate& own, Engine& engine) {
  mbedtls_pk_context key;
  mbedtls_pk_init(&key);
  assert_int_equal(mbedtls_pk_parse_key(&key, own.key_der().data(), own.key_der().size(), nullptr,
                                        0, FillFrom, &engine),
                   0);
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  assert_int_equal(mbedtls_pk_get_psa_attributes(&key, PSA_KEY_USAGE_SIGN_HASH, &attributes), 0);
  const bool is_rsa = mbedtls_pk_get_type(&key) == MBEDTLS_PK_RSA;
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
  psa_set_key_algorithm(&attributes, is_rsa ? PSA_ALG_RSA_PKCS1V15_SIGN(PSA_ALG_ANY_HASH)
                                            : PSA_ALG_ECDSA(PSA_ALG_ANY_HASH));
  psa_set_key_enrollment_algorithm(&attributes,
                                   is_rsa ? PSA_ALG_RSA_PSS(PSA_ALG_ANY_HASH) : PSA_ALG_NONE);
  mbedtls_svc_key_id_t id = MBEDTLS_SVC_KEY_ID_INIT;
  assert_int_equal(mbedtls_pk_import_into_psa(&key, &attributes, &id), 0);
  mbedtls_pk_free(&key);
  std::array<std::uint8_t, 2048> octets{};
  std::size_t size = 0;
  assert_int_equal(psa_export_key(id, octets.data(), octets.size(), &size),
                   PSA_ERROR_NOT_PERMITTED);
  return id;
}

void identity_with_a_key_that_psa_crypto_keeps_is_shown(void**) {
  for (const Keys keys : {Keys::kP256, Keys::kRsa2048}) {
    const ClientCertificate own(keys);
    for (const int version : {12, 13}) {
      TlsPeer peer(OfVersion(version), kReply);
      peer.Demand(own);
      Client client(peer);
      Identity identity{own.pem(), {}};
      identity.psa_key = Import(own, client.engine);
      client.tls.SetIdentity(identity);
      assert_int_equal(client.Converse(), Status::kOk);
      assert_int_equal(peer.acquaintances(), 1);
      assert_int_equal(client.Converse(), Status::kOk);  // It is still there.
    }
  }
}

void identity_with_another_key_of_psa_crypto_is_found_out(void**) {
  const ClientCertificate own;
  const ClientCertificate other;
  TlsPeer peer({}, kReply);
  peer.Demand(own);
  Client client(peer);
  Identity identity{own.pem(), {}};
  identity.psa_key = Import(other, client.engine);
  client.tls.SetIdentity(identity);
  assert_int_equal(client.Converse(), Status::kInvalidArgument);
  assert_int_equal(client.tls.reason(), Reason::kClientKeyMismatch);
}

#endif

void identity_with_a_number_that_psa_crypto_does_not_know_has_no_key(void**) {
  const ClientCertificate own;
  Identity identity{own.pem(), {}};
  identity.psa_key = 12345;
  assert_true(identity.has_key());
  assert_int_equal(Load(identity), Reason::kClientKeyUnreadable);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
    cmocka_unit_test(identity_is_shown_to_a_peer_that_demands_it),
    cmocka_unit_test(identity_in_der_does_as_well),
    cmocka_unit_test(identity_is_kept_from_a_peer_that_does_not_ask),
    cmocka_unit_test(identity_that_is_missing_strange_or_over_is_told_apart),
    cmocka_unit_test(identity_has_no_part_in_what_a_peer_refuses_before),
    cmocka_unit_test(identity_decides_whether_a_session_is_resumed),
    cmocka_unit_test(identity_that_cannot_be_used_says_what_is_wrong_with_it),
    cmocka_unit_test(identity_that_cannot_be_used_ends_the_handshake_without_a_word_of_it),
    cmocka_unit_test(identity_in_an_arena_that_is_too_small_says_so),
#if defined(MBEDTLS_USE_PSA_CRYPTO)
    cmocka_unit_test(identity_with_a_key_that_psa_crypto_keeps_is_shown),
    cmocka_unit_test(identity_with_another_key_of_psa_crypto_is_found_out),
#endif
    cmocka_unit_test(identity_with_a_number_that_psa_crypto_does_not_know_has_no_key),
  };
  return cmocka_run_group_tests_name("agent/identity", tests, SetUpClock, nullptr);
}
