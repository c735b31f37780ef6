// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/tls_connection.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::PeerOptions;
using tests::TlsPeer;

constexpr std::string_view kHost = "server.domain.tld";
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\n";
constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\nhello";
constexpr std::size_t kArenaBytes = 96 * 1024;

std::array<std::uint8_t, kArenaBytes> arena;
fake::FakeClock test_clock;
fake::FakeEntropy test_entropy;

/// What a connection came to.
struct Outcome {
  Status status = Status::kPending;  // kOk: the whole reply arrived, and its orderly end.
  Reason reason = Reason::kNone;
  std::size_t reply_size = 0;
};

Status ConnectToEnd(TlsConnection& tls, std::string_view host) {
  for (;;) {
    const Status status = tls.Connect(host, 443);
    if (status != Status::kPending) {
      return status;
    }
  }
}

/// Connects, sends the request and reads to the end.
Outcome Converse(TlsPeer& peer, const Trust& trust, std::string_view host = kHost,
                 std::size_t arena_size = kArenaBytes) {
  Outcome outcome;
  test_entropy = fake::FakeEntropy();
  Engine engine;
  outcome.status = engine.Start(Bytes(arena).first(arena_size), test_clock, test_entropy);
  if (outcome.status != Status::kOk) {
    return outcome;
  }
  TlsConnection tls(peer, engine);
  tls.SetTrust(trust);
  outcome.status = ConnectToEnd(tls, host);
  ConstBytes unsent = AsBytes(kRequest);
  while (outcome.status == Status::kOk && !unsent.empty()) {
    const IoResult sent = tls.Write(unsent);
    unsent = sent.ok() ? unsent.subspan(sent.bytes()) : unsent;
    outcome.status = sent.status() == Status::kPending ? Status::kOk : sent.status();
  }
  std::array<std::uint8_t, 7> into{};
  while (outcome.status == Status::kOk || outcome.status == Status::kPending) {
    const IoResult got = tls.Read(into);
    outcome.reply_size += got.ok() ? got.bytes() : 0;
    outcome.status = got.status();
  }
  outcome.status = outcome.status == Status::kClosed ? Status::kOk : outcome.status;
  outcome.reason = tls.reason();
  tls.Close();
  assert_false(peer.is_open());
  return outcome;
}

Trust TrustIn(const TlsPeer& peer) {
  return {peer.ca_pem(), {}, {}};
}

void AssertRefused(const PeerOptions& options, Status status, Reason reason,
                   std::string_view host = kHost) {
  for (const int version : {12, 13}) {
    PeerOptions with_version = options;
    with_version.tls_version = version;
    TlsPeer peer(with_version, kReply);
    const Outcome outcome = Converse(peer, TrustIn(peer), host);
    assert_int_equal(outcome.status, status);
    assert_int_equal(outcome.reason, reason);
    assert_true(peer.received().empty());  // Nothing leaves before the peer is verified.
  }
}

int SetUpClock(void**) {
  test_clock = fake::FakeClock();
  test_clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
  return 0;
}

void tls_connection_exchanges_data_over_either_version_in_pieces_of_any_size(void**) {
  for (const int version : {12, 13}) {
    for (const std::size_t chunk : {1U, 2U, 5U, 100U, 65536U}) {
      PeerOptions options;
      options.tls_version = version;
      TlsPeer peer(options, kReply);
      peer.SetChunk(chunk);
      peer.SetStalling(true);

      const Outcome outcome = Converse(peer, TrustIn(peer));

      assert_int_equal(outcome.status, Status::kOk);
      assert_int_equal(outcome.reply_size, kReply.size());
      assert_true(peer.received() == kRequest);
    }
  }
}

void tls_connection_sends_the_end_of_the_handshake_and_the_request_as_one(void**) {
  // TLS 1.2: ClientHello | key exchange to Finished | request | close_notify.
  // TLS 1.3: ClientHello | Finished and request | close_notify.
  for (const int version : {12, 13}) {
    PeerOptions options;
    options.tls_version = version;
    TlsPeer peer(options, kReply);
    assert_int_equal(Converse(peer, TrustIn(peer)).status, Status::kOk);
    assert_int_equal(peer.writes(), version == 12 ? 4 : 3);
  }
}

void tls_connection_accepts_rsa_and_ecdsa_servers_of_either_version(void**) {
  for (const tests::Keys keys : {tests::Keys::kP256, tests::Keys::kRsa2048}) {
    for (const int version : {12, 13, 0}) {
      PeerOptions options;
      options.tls_version = version;
      options.certificate.keys = keys;
      TlsPeer peer(options, kReply);
      assert_int_equal(Converse(peer, TrustIn(peer)).status, Status::kOk);
    }
  }
}

void tls_connection_verifies_names_and_addresses(void**) {
  for (const std::string_view host : {"server.domain.tld", "localhost", "127.0.0.1", "::1"}) {
    TlsPeer peer({}, kReply);
    assert_int_equal(Converse(peer, TrustIn(peer), host).status, Status::kOk);
  }
  for (const std::string_view host : {"other.domain.tld", "domain.tld", "127.0.0.2", "::2"}) {
    AssertRefused({}, Status::kUntrusted, Reason::kCertificateWrongHost, host);
  }
}

void tls_connection_refuses_a_chain_to_nobody_it_knows(void**) {
  PeerOptions options;
  options.certificate.signed_by_stranger = true;
  AssertRefused(options, Status::kUntrusted, Reason::kCertificateNotTrusted);
}

void tls_connection_refuses_a_certificate_that_is_not_for_servers(void**) {
  PeerOptions options;
  options.certificate.wrong_usage = true;
  AssertRefused(options, Status::kUntrusted, Reason::kCertificateUnsuitable);
}

void tls_connection_judges_dates_by_the_least_time_while_the_clock_is_not_set(void**) {
  const std::int64_t now = std::time(nullptr);
  constexpr std::int64_t kBefore = -86400;    // The certificate does not count yet.
  constexpr std::int64_t kAfter = 2'000'000;  // It counts no more.
  for (const int version : {12, 13}) {
    PeerOptions options;
    options.tls_version = version;
    TlsPeer peer(options, kReply);
    Trust trust = TrustIn(peer);
    test_clock.ForgetWallTime();
    trust.least_time = UnixSeconds{now + kBefore};
    assert_int_equal(Converse(peer, trust).status, Status::kOk);
    assert_int_equal(Converse(peer, trust, "other.example").reason, Reason::kCertificateWrongHost);
    trust.least_time = UnixSeconds{now + kAfter};
    assert_int_equal(Converse(peer, trust).reason, Reason::kCertificateExpired);

    trust.least_time = UnixSeconds{now + kBefore};
    test_clock.SetWallTime(UnixSeconds{now + kAfter});
    assert_int_equal(Converse(peer, trust).reason, Reason::kCertificateExpired);
    test_clock.SetWallTime(UnixSeconds{now + kBefore});
    assert_int_equal(Converse(peer, trust).reason, Reason::kCertificateNotYetValid);

    options.certificate.signed_by_stranger = true;
    TlsPeer stranger(options, kReply);
    test_clock.ForgetWallTime();
    trust.authorities = stranger.ca_pem();
    assert_int_equal(Converse(stranger, trust).status, Status::kUntrusted);
  }
  SetUpClock(nullptr);
}

void tls_connection_tells_date_problems_apart(void**) {
  PeerOptions options;
  options.certificate.not_after_s = -60;
  AssertRefused(options, Status::kCertificateDate, Reason::kCertificateExpired);
  options = {};
  options.certificate.not_before_s = 60;
  AssertRefused(options, Status::kCertificateDate, Reason::kCertificateNotYetValid);
  test_clock.ForgetWallTime();
  AssertRefused({}, Status::kCertificateDate, Reason::kClockUnknown);
  SetUpClock(nullptr);
  options = {};
  options.certificate.not_after_s = -60;
  options.certificate.signed_by_stranger = true;  // The worse verdict wins.
  AssertRefused(options, Status::kUntrusted, Reason::kCertificateNotTrusted);
}

void tls_connection_believes_the_backup_authority_too(void**) {
  TlsPeer stranger({}, kReply);
  TlsPeer peer({}, kReply);
  assert_int_equal(Converse(peer, {stranger.ca_pem(), {}, {}}).reason,
                   Reason::kCertificateNotTrusted);
  assert_int_equal(Converse(peer, {stranger.ca_pem(), peer.ca_pem(), {}}).status, Status::kOk);
}

void tls_connection_accepts_a_pinned_key_anywhere_in_the_chain(void**) {
  TlsPeer peer({}, kReply);
  TlsPeer other({}, kReply);
  std::array<char, 256> pins{};
  assert_int_equal(Converse(peer, {peer.ca_pem(), {}, peer.server_pin()}).status, Status::kOk);
  assert_int_equal(Converse(peer, {peer.ca_pem(), {}, peer.ca_pin()}).status, Status::kOk);
  const int size =
      std::snprintf(pins.data(), pins.size(), "%.*s;%.*s",
                    static_cast<int>(other.server_pin().size()), other.server_pin().data(),
                    static_cast<int>(peer.server_pin().size()), peer.server_pin().data());
  const std::string_view two(pins.data(), static_cast<std::size_t>(size));
  assert_int_equal(Converse(peer, {peer.ca_pem(), {}, two}).status, Status::kOk);

  TlsPeer unpinned({}, kReply);
  const Outcome outcome = Converse(unpinned, {unpinned.ca_pem(), {}, other.server_pin()});
  assert_int_equal(outcome.status, Status::kUntrusted);
  assert_int_equal(outcome.reason, Reason::kCertificateNotPinned);
  assert_true(unpinned.received().empty());
}

void tls_connection_names_a_peer_that_speaks_no_tls(void**) {
  PeerOptions options;
  options.plain = true;
  AssertRefused(options, Status::kMalformed, Reason::kNotTls);
}

void tls_connection_tells_truncation_from_an_orderly_end(void**) {
  PeerOptions options;
  options.closes = false;
  options.hangs_up = true;
  TlsPeer peer(options, kReply);
  const Outcome outcome = Converse(peer, TrustIn(peer));
  assert_int_equal(outcome.status, Status::kUnavailable);
  assert_int_equal(outcome.reason, Reason::kTlsTruncated);
  assert_int_equal(outcome.reply_size, kReply.size());
}

void tls_connection_refuses_authorities_that_are_no_certificates(void**) {
  TlsPeer peer({}, kReply);
  for (const std::string_view junk : {"junk", "-----BEGIN CERTIFICATE-----\njunk"}) {
    const Outcome outcome = Converse(peer, {AsBytes(junk), {}, {}});
    assert_int_equal(outcome.status, Status::kInvalidArgument);
    assert_int_equal(outcome.reason, Reason::kAuthoritiesUnreadable);
  }
}

void tls_connection_never_mistakes_an_exhausted_arena_for_a_bad_certificate(void**) {
  for (const int version : {12, 13}) {
    PeerOptions options;
    options.tls_version = version;
    bool fitted = false;
    std::size_t least = 0;
    for (std::size_t size = 2048; size <= kArenaBytes; size += 1021) {
      TlsPeer peer(options, kReply);
      const Outcome outcome = Converse(peer, TrustIn(peer), kHost, size);
      if (outcome.status == Status::kOk) {
        least = fitted ? least : size;
        fitted = true;
        continue;
      }
      assert_int_equal(outcome.status, Status::kOutOfMemory);
      assert_true(peer.received().empty() || peer.received() == kRequest);
    }
    assert_true(fitted);
    print_message("least arena, TLS %d, P-256: %zu octets\n", version, least);
  }
}

void tls_connection_fails_cleanly_whichever_call_fails(void**) {
  for (const int version : {12, 13}) {
    for (std::uint32_t n = 1;; ++n) {
      PeerOptions options;
      options.tls_version = version;
      TlsPeer peer(options, kReply);
      peer.SetChunk(200);
      peer.FailCall(n);
      const Outcome outcome = Converse(peer, TrustIn(peer));
      if (peer.calls() < n) {
        assert_int_equal(outcome.status, Status::kOk);
        break;
      }
      // The last call is that of close_notify, whose failure concerns nobody any more.
      assert_true(outcome.status == Status::kUnavailable || outcome.reply_size == kReply.size());
      assert_true(outcome.reason == Reason::kNoConnection ||
                  outcome.reason == Reason::kConnectionLost || outcome.status == Status::kOk);
    }
  }
}

void tls_connection_repeats_its_failure_until_closed(void**) {
  PeerOptions options;
  options.certificate.signed_by_stranger = true;
  TlsPeer peer(options, kReply);
  Engine engine;
  assert_int_equal(engine.Start(arena, test_clock, test_entropy), Status::kOk);
  TlsConnection tls(peer, engine);
  tls.SetTrust(TrustIn(peer));
  std::array<std::uint8_t, 8> data{};
  assert_int_equal(tls.Write(data).status(), Status::kFailedPrecondition);
  assert_int_equal(tls.Read(data).status(), Status::kFailedPrecondition);

  assert_int_equal(ConnectToEnd(tls, kHost), Status::kUntrusted);

  assert_int_equal(ConnectToEnd(tls, kHost), Status::kUntrusted);
  assert_int_equal(tls.Write(data).status(), Status::kUntrusted);
  assert_int_equal(tls.Read(data).status(), Status::kUntrusted);
  assert_true(tls.error_code() != 0);
  tls.Close();
  assert_int_equal(tls.reason(), Reason::kCertificateNotTrusted);
  engine.Stop();
}

void tls_connection_needs_a_started_engine(void**) {
  TlsPeer peer({}, kReply);
  Engine engine;
  TlsConnection tls(peer, engine);
  assert_int_equal(tls.Connect(kHost, 443), Status::kFailedPrecondition);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(tls_connection_exchanges_data_over_either_version_in_pieces_of_any_size),
      cmocka_unit_test(tls_connection_sends_the_end_of_the_handshake_and_the_request_as_one),
      cmocka_unit_test(tls_connection_accepts_rsa_and_ecdsa_servers_of_either_version),
      cmocka_unit_test(tls_connection_verifies_names_and_addresses),
      cmocka_unit_test(tls_connection_refuses_a_chain_to_nobody_it_knows),
      cmocka_unit_test(tls_connection_refuses_a_certificate_that_is_not_for_servers),
      cmocka_unit_test(tls_connection_judges_dates_by_the_least_time_while_the_clock_is_not_set),
      cmocka_unit_test(tls_connection_tells_date_problems_apart),
      cmocka_unit_test(tls_connection_believes_the_backup_authority_too),
      cmocka_unit_test(tls_connection_accepts_a_pinned_key_anywhere_in_the_chain),
      cmocka_unit_test(tls_connection_names_a_peer_that_speaks_no_tls),
      cmocka_unit_test(tls_connection_tells_truncation_from_an_orderly_end),
      cmocka_unit_test(tls_connection_refuses_authorities_that_are_no_certificates),
      cmocka_unit_test(tls_connection_never_mistakes_an_exhausted_arena_for_a_bad_certificate),
      cmocka_unit_test(tls_connection_fails_cleanly_whichever_call_fails),
      cmocka_unit_test(tls_connection_repeats_its_failure_until_closed),
      cmocka_unit_test(tls_connection_needs_a_started_engine),
  };
  return cmocka_run_group_tests_name("agent/tls_connection", tests, SetUpClock, nullptr);
}
