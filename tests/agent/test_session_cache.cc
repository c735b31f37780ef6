// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/session_cache.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "agent/config.h"
#include "agent/tls/tls_connection.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::PeerOptions;
using tests::TlsPeer;

constexpr std::string_view kHost = "server.domain.tld";
constexpr std::uint16_t kPort = 443;
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\n";
constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\nhello";
constexpr std::size_t kArenaBytes = 96 * 1024;
constexpr std::size_t kRoomBytes = 640;

std::array<std::uint8_t, kArenaBytes> arena;
std::array<std::uint8_t, kRoomBytes> room;
fake::FakeClock test_clock;
fake::FakeEntropy test_entropy;

/// The ways in which a server can resume.
constexpr struct Way {
  int tls_version;
  bool tickets;
} kWays[] = {{12, true}, {12, false}, {13, true}, {13, false}};

PeerOptions OptionsOf(const Way& way) {
  PeerOptions options;
  options.tls_version = way.tls_version;
  options.tickets = way.tickets;
  return options;
}

/// A client that keeps its session from one connection to the next.
struct Client {
  explicit Client(TlsPeer& to, std::size_t arena_size = kArenaBytes, Bytes session = room)
      : peer(to), tls(to, engine, session) {
    test_entropy = fake::FakeEntropy();
    started = engine.Start(Bytes(arena).first(arena_size), test_clock, test_entropy);
    tls.SetTrust({to.ca_pem(), {}, {}});
  }
  ~Client() {
    tls.Close();
    tls.sessions().Drop();
    engine.Stop();
  }

  /// Connects, sends the request and reads to the end.
  Status Converse(std::string_view host = kHost, std::uint16_t port = kPort) {
    Status status = started == Status::kOk ? Status::kPending : started;
    while (status == Status::kPending) {
      status = tls.Connect(host, port);
    }
    return status == Status::kOk ? Talk() : Finish(status);
  }

  Status Talk() {
    Status status = Status::kPending;
    ConstBytes unsent = AsBytes(kRequest);
    while (status == Status::kPending) {
      const IoResult sent = tls.Write(unsent);
      unsent = sent.ok() ? unsent.subspan(sent.bytes()) : unsent;
      status = sent.ok() && !unsent.empty() ? Status::kPending : sent.status();
    }
    std::array<std::uint8_t, 64> into{};
    while (status == Status::kOk || status == Status::kPending) {
      status = tls.Read(into).status();
    }
    return Finish(status == Status::kClosed ? Status::kOk : status);
  }

  Status Finish(Status status) {
    tls.Close();
    assert_false(peer.is_open());
    return status;
  }

  SessionCache& sessions() { return tls.sessions(); }

  TlsPeer& peer;
  Engine engine;
  TlsConnection tls;
  Status started;
};

int SetUpClock(void**) {
  test_clock = fake::FakeClock();
  test_clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
  return 0;
}

UnixSeconds Now() {
  return test_clock.WallTime().value();
}

/// Puts the clock, which keeps step with nothing, to that moment.
void SetNow(UnixSeconds now) {
  test_clock.SetWallTime(now);
}

/// A session of another connection, to begin with.
struct Recorded {
  std::array<std::uint8_t, kRoomBytes> octets{};
  std::size_t size = 0;
};

Recorded RecordSession(TlsPeer& peer) {
  Client client(peer);
  assert_int_equal(client.Converse(), Status::kOk);
  Recorded recorded;
  recorded.octets = room;
  recorded.size = client.sessions().size();
  assert_true(recorded.size > SessionCache::kHeaderBytes);
  return recorded;
}

void Give(const Recorded& recorded, Client& client) {
  room = recorded.octets;
  client.sessions().Adopt(recorded.size);
}

void session_cache_resumes_in_every_way_that_servers_know(void**) {
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    Client client(peer);
    for (std::uint32_t i = 0; i < 4; ++i) {
      assert_int_equal(client.Converse(), Status::kOk);
      assert_int_equal(client.tls.resumed(), i != 0);
      assert_int_equal(peer.resumptions(), i);
      assert_int_equal(peer.connects(), i + 1);
    }
    print_message("TLS %d with%s tickets: %zu octets of session\n", way.tls_version,
                  way.tickets ? "" : "out", client.sessions().size());
  }
}

void session_cache_resumes_whatever_the_pieces(void**) {
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    Client client(peer);
    peer.SetStalling(true);
    assert_int_equal(client.Converse(), Status::kOk);
    std::uint32_t resumptions = 0;
    for (std::size_t chunk = 1; chunk <= 700; chunk = chunk < 16 ? chunk + 1 : chunk + 57) {
      peer.SetChunk(chunk);
      assert_int_equal(client.Converse(), Status::kOk);
      assert_true(client.tls.resumed());
      assert_int_equal(peer.resumptions(), ++resumptions);
    }
  }
}

void session_cache_saves_segments(void**) {
  // ClientHello | Finished and request | close_notify.
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    Client client(peer);
    assert_int_equal(client.Converse(), Status::kOk);
    const std::uint32_t before = peer.writes();
    assert_int_equal(client.Converse(), Status::kOk);
    assert_true(client.tls.resumed());
    assert_int_equal(peer.writes() - before, 3);
  }
}

void session_cache_keeps_nothing_without_room(void**) {
  for (const Way& way : kWays) {
    for (const std::size_t size : {std::size_t{0}, SessionCache::kHeaderBytes,
                                   SessionCache::kHeaderBytes + 1, std::size_t{150}}) {
      TlsPeer peer(OptionsOf(way), kReply);
      Client client(peer, kArenaBytes, Bytes(room).first(size));
      for (int i = 0; i < 2; ++i) {
        assert_int_equal(client.Converse(), Status::kOk);
        assert_false(client.tls.resumed());
        assert_true(client.sessions().empty());
      }
      assert_int_equal(peer.resumptions(), 0);
      assert_true(std::all_of(room.begin(), room.end(), [](std::uint8_t b) { return b == 0; }));
    }
  }
}

void session_cache_wipes_what_it_drops(void**) {
  TlsPeer peer({}, kReply);
  Client client(peer);
  assert_int_equal(client.Converse(), Status::kOk);
  assert_false(client.sessions().empty());

  client.sessions().Drop();

  assert_true(client.sessions().empty());
  assert_true(std::all_of(room.begin(), room.end(), [](std::uint8_t b) { return b == 0; }));
  assert_int_equal(client.Converse(), Status::kOk);
  assert_false(client.tls.resumed());
}

void session_cache_falls_back_in_the_same_connection_when_the_server_has_forgotten(void**) {
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    Client client(peer);
    assert_int_equal(client.Converse(), Status::kOk);
    peer.ForgetSessions();

    assert_int_equal(client.Converse(), Status::kOk);

    assert_false(client.tls.resumed());
    assert_int_equal(peer.connects(), 2);
    assert_int_equal(client.Converse(), Status::kOk);
    assert_true(client.tls.resumed());
    assert_int_equal(peer.resumptions(), 1);
  }
}

void session_cache_is_not_confused_by_a_server_that_stops_to_send_tickets(void**) {
  for (const int version : {12, 13}) {
    TlsPeer peer(OptionsOf({version, true}), kReply);
    Client client(peer);
    assert_int_equal(client.Converse(), Status::kOk);
    peer.ForgetSessions();
    peer.StopResuming();

    for (int i = 0; i < 2; ++i) {
      assert_int_equal(client.Converse(), Status::kOk);
      assert_false(client.tls.resumed());
      assert_true(client.sessions().empty());
    }
    assert_int_equal(peer.connects(), 3);
  }
}

void session_cache_connects_once_more_when_the_handshake_fails(void**) {
  // A client that resumes offers the session's version only, and the server knows it no longer.
  for (const int version : {12, 13}) {
    TlsPeer peer(OptionsOf({version, true}), kReply);
    Client client(peer);
    assert_int_equal(client.Converse(), Status::kOk);
    peer.SetVersion(version == 12 ? 13 : 12);

    assert_int_equal(client.Converse(), Status::kOk);

    assert_int_equal(client.tls.reason(), Reason::kNone);
    assert_false(client.tls.resumed());
    assert_int_equal(peer.connects(), 3);
    assert_int_equal(client.Converse(), Status::kOk);
    assert_true(client.tls.resumed());
    assert_int_equal(peer.connects(), 4);
  }
}

void session_cache_offers_nothing_to_another_host_or_under_another_trust(void**) {
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    TlsPeer other({}, kReply);
    const Recorded recorded = RecordSession(peer);
    const Trust same = {peer.ca_pem(), {}, {}};
    const struct {
      Trust trust;
      std::string_view host;
      std::uint16_t port;
      bool resumed;
    } kCases[] = {{same, kHost, kPort, true},
                  {same, "localhost", kPort, false},
                  {same, kHost, kPort + 1, false},
                  {{peer.ca_pem(), other.ca_pem(), {}}, kHost, kPort, false},
                  {{other.ca_pem(), peer.ca_pem(), {}}, kHost, kPort, false},
                  {{peer.ca_pem(), {}, peer.server_pin()}, kHost, kPort, false},
                  {{{}, peer.ca_pem(), {}}, kHost, kPort, false}};
    for (const auto& one : kCases) {
      Client client(peer);
      Give(recorded, client);
      client.tls.SetTrust(one.trust);
      const std::uint32_t before = peer.resumptions();
      assert_int_equal(client.Converse(one.host, one.port), Status::kOk);
      assert_int_equal(client.tls.resumed(), one.resumed);
      assert_int_equal(peer.resumptions() - before, one.resumed ? 1 : 0);
    }
  }
}

void session_cache_never_spares_a_server_the_check_of_its_certificate(void**) {
  for (const int version : {12, 13}) {
    TlsPeer peer(OptionsOf({version, true}), kReply);
    const Recorded recorded = RecordSession(peer);
    TlsPeer impostor(OptionsOf({version, true}), kReply);  // Below a CA of its own.
    Client client(impostor);
    Give(recorded, client);
    client.tls.SetTrust({peer.ca_pem(), {}, {}});

    assert_int_equal(client.Converse(), Status::kUntrusted);

    assert_int_equal(client.tls.reason(), Reason::kCertificateNotTrusted);
    assert_false(client.tls.resumed());
    assert_true(impostor.received().empty());
    assert_int_equal(impostor.connects(), 1);
    assert_true(client.sessions().empty());
  }
}

void session_cache_offers_a_session_while_its_ticket_lives(void**) {
  constexpr long kLifetime = 600;
  for (const int version : {12, 13}) {
    TlsPeer peer(OptionsOf({version, true}), kReply);
    peer.SetSessionLifetime(kLifetime);
    const UnixSeconds began = Now();
    const Recorded recorded = RecordSession(peer);
    const struct {
      std::int64_t after;
      bool resumed;
    } kCases[] = {{0, true}, {kLifetime - 1, true}, {kLifetime, false}, {-1, false}};
    for (const auto& one : kCases) {
      Client client(peer);
      Give(recorded, client);
      assert_true(client.sessions().since() == began);
      assert_true(client.sessions().until() == UnixSeconds{began.count + kLifetime});
      SetNow(UnixSeconds{began.count + one.after});
      assert_int_equal(client.Converse(), Status::kOk);
      assert_int_equal(client.tls.resumed(), one.resumed);
      SetNow(began);
    }
  }
}

void session_cache_limits_the_age_of_the_verification_however_often_a_ticket_is_renewed(void**) {
  constexpr std::int64_t kHour = 3600;
  TlsPeer peer(OptionsOf({13, true}), kReply);
  const UnixSeconds began = Now();
  Client client(peer);
  assert_int_equal(client.Converse(), Status::kOk);
  for (std::int64_t at = kHour; at < config::kMaxSessionAgeSeconds; at += kHour) {
    SetNow(UnixSeconds{began.count + at});
    assert_int_equal(client.Converse(), Status::kOk);
    assert_true(client.tls.resumed());
    assert_true(client.sessions().since() == Now());
    assert_true(client.sessions().until() <= client.sessions().trusted_until());
    assert_true(client.sessions().trusted_until() ==
                UnixSeconds{began.count + config::kMaxSessionAgeSeconds});
  }
  SetNow(UnixSeconds{began.count + config::kMaxSessionAgeSeconds});
  assert_int_equal(client.Converse(), Status::kOk);
  assert_false(client.tls.resumed());
}

void session_cache_keeps_no_session_beyond_the_end_of_the_certificates(void**) {
  for (const Way& way : kWays) {
    PeerOptions options = OptionsOf(way);
    options.certificate.not_after_s = 300;
    TlsPeer peer(options, kReply);
    const UnixSeconds began = Now();
    const Recorded recorded = RecordSession(peer);
    Client client(peer);
    Give(recorded, client);
    const std::int64_t left = client.sessions().until().count - began.count;
    assert_true(left > 290 && left <= 301);  // The peer's clock is the system's.

    SetNow(UnixSeconds{client.sessions().until().count + 1});

    assert_int_equal(client.Converse(), Status::kCertificateDate);
    SetNow(began);
  }
}

void session_cache_needs_a_clock(void**) {
  TlsPeer peer({}, kReply);
  const Recorded recorded = RecordSession(peer);
  Client client(peer);
  Give(recorded, client);
  test_clock.ForgetWallTime();
  assert_int_equal(client.Converse(), Status::kCertificateDate);
  assert_int_equal(client.tls.reason(), Reason::kClockUnknown);
  assert_int_equal(peer.resumptions(), 0);
}

/// A device without a battery, after each of its starts.
void session_cache_resumes_while_the_clock_is_not_set_where_certificates_may_be_judged(void**) {
  constexpr std::int64_t kYear = 31'536'000;
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    const UnixSeconds began = Now();
    const Recorded recorded = RecordSession(peer);
    for (const std::int64_t least : {began.count - 1000, began.count - kYear}) {
      Client client(peer);
      Give(recorded, client);
      client.tls.SetTrust({peer.ca_pem(), {}, {}, UnixSeconds{least}});
      test_clock.ForgetWallTime();
      assert_int_equal(client.Converse(), Status::kOk);
      assert_true(client.tls.resumed());
      assert_int_equal(client.Converse("localhost"), Status::kOk);
      assert_false(client.tls.resumed());
      SetNow(began);
    }
  }
}

/// The ticket came, then the response that told the time.
void session_cache_knows_the_age_of_a_ticket_that_came_before_the_time(void**) {
  constexpr std::int64_t kMonth = 2'592'000;
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    const UnixSeconds began = Now();
    Client client(peer);
    client.tls.SetTrust({peer.ca_pem(), {}, {}, UnixSeconds{began.count - kMonth}});
    test_clock.ForgetWallTime();
    Status status = Status::kPending;
    while (status == Status::kPending) {
      status = client.tls.Connect(kHost, kPort);
    }
    std::array<std::uint8_t, 8> into{};
    assert_true(client.tls.Write(AsBytes(kRequest)).ok());
    for (IoResult got = client.tls.Read(into); !got.ok(); got = client.tls.Read(into)) {
      assert_int_equal(got.status(), Status::kPending);
    }
    SetNow(began);
    client.tls.KeepSessionNow();
    client.tls.Close();

    assert_int_equal(client.Converse(), Status::kOk);
    assert_true(client.tls.resumed());
  }
}

void session_cache_survives_rubbish(void**) {
  constexpr std::size_t kBitStep = 53;
  for (const Way& way : kWays) {
    TlsPeer peer(OptionsOf(way), kReply);
    const Recorded recorded = RecordSession(peer);
    for (std::size_t bit = 0; bit < 8 * recorded.size; bit += kBitStep) {
      Recorded flipped = recorded;
      flipped.octets[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      Client client(peer);
      Give(flipped, client);
      assert_int_equal(client.Converse(), Status::kOk);
    }
    constexpr std::size_t kSizeStep = 37;
    for (std::size_t size = 0; size < recorded.size; size += kSizeStep) {
      Recorded cut = recorded;
      cut.size = size;
      Client client(peer);
      Give(cut, client);
      assert_int_equal(client.Converse(), Status::kOk);
      assert_false(client.tls.resumed());
    }
  }
}

void session_cache_adopts_no_more_than_there_is_room_for(void**) {
  SessionCache cache(room);
  for (const std::size_t size : {std::size_t{0}, SessionCache::kHeaderBytes, room.size() + 1}) {
    cache.Adopt(size);
    assert_true(cache.empty());
  }
  cache.Adopt(room.size());
  assert_int_equal(cache.size(), room.size());
}

void session_cache_fails_cleanly_whichever_call_fails(void**) {
  for (const Way& way : kWays) {
    for (std::uint32_t n = 1;; ++n) {
      TlsPeer peer(OptionsOf(way), kReply);
      const Recorded recorded = RecordSession(peer);
      Client client(peer);
      Give(recorded, client);
      peer.SetChunk(200);
      const std::uint32_t before = peer.calls();
      peer.FailCall(before + n);

      const Status status = client.Converse();

      const bool failed = peer.calls() >= before + n;
      assert_true(status == Status::kOk || (failed && status == Status::kUnavailable));
      assert_true(peer.connects() <= 3);
      if (status == Status::kUnavailable) {
        // Either nothing was connected, or the handshake was over.
        assert_true(peer.connects() == 1 || client.tls.resumed());
        assert_int_equal(client.Converse(), Status::kOk);
      }
      if (!failed) {
        break;
      }
    }
  }
}

void session_cache_never_mistakes_an_exhausted_arena(void**) {
  for (const int version : {12, 13}) {
    TlsPeer peer(OptionsOf({version, true}), kReply);
    const Recorded recorded = RecordSession(peer);
    bool resumed = false;
    for (std::size_t size = 2048; size <= kArenaBytes; size += 1021) {
      Client client(peer, size);
      Give(recorded, client);
      const Status status = client.Converse();
      assert_true(status == Status::kOk || (!resumed && status == Status::kOutOfMemory));
      if (status == Status::kOk && !resumed) {
        print_message("least arena for a resumed TLS %d: %zu octets\n", version, size);
      }
      resumed = status == Status::kOk;
    }
    assert_true(resumed);
  }
}

void session_cache_drops_a_session_that_gets_no_answer(void**) {
  TlsPeer peer({}, kReply);
  Client client(peer);
  assert_int_equal(client.Converse(), Status::kOk);
  peer.SetStalling(true);
  while (client.tls.waits_for() != Interest::kReadable) {
    assert_int_equal(client.tls.Connect(kHost, kPort), Status::kPending);
  }

  client.tls.Close();

  assert_true(client.sessions().empty());
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test_setup(session_cache_resumes_in_every_way_that_servers_know, SetUpClock),
      cmocka_unit_test_setup(session_cache_resumes_whatever_the_pieces, SetUpClock),
      cmocka_unit_test_setup(session_cache_saves_segments, SetUpClock),
      cmocka_unit_test_setup(session_cache_keeps_nothing_without_room, SetUpClock),
      cmocka_unit_test_setup(session_cache_wipes_what_it_drops, SetUpClock),
      cmocka_unit_test_setup(
          session_cache_falls_back_in_the_same_connection_when_the_server_has_forgotten,
          SetUpClock),
      cmocka_unit_test_setup(session_cache_is_not_confused_by_a_server_that_stops_to_send_tickets,
                             SetUpClock),
      cmocka_unit_test_setup(session_cache_connects_once_more_when_the_handshake_fails, SetUpClock),
      cmocka_unit_test_setup(session_cache_offers_nothing_to_another_host_or_under_another_trust,
                             SetUpClock),
      cmocka_unit_test_setup(session_cache_never_spares_a_server_the_check_of_its_certificate,
                             SetUpClock),
      cmocka_unit_test_setup(session_cache_offers_a_session_while_its_ticket_lives, SetUpClock),
      cmocka_unit_test_setup(
          session_cache_limits_the_age_of_the_verification_however_often_a_ticket_is_renewed,
          SetUpClock),
      cmocka_unit_test_setup(session_cache_keeps_no_session_beyond_the_end_of_the_certificates,
                             SetUpClock),
      cmocka_unit_test_setup(session_cache_needs_a_clock, SetUpClock),
      cmocka_unit_test_setup(
          session_cache_resumes_while_the_clock_is_not_set_where_certificates_may_be_judged,
          SetUpClock),
      cmocka_unit_test_setup(session_cache_knows_the_age_of_a_ticket_that_came_before_the_time,
                             SetUpClock),
      cmocka_unit_test_setup(session_cache_survives_rubbish, SetUpClock),
      cmocka_unit_test_setup(session_cache_adopts_no_more_than_there_is_room_for, SetUpClock),
      cmocka_unit_test_setup(session_cache_fails_cleanly_whichever_call_fails, SetUpClock),
      cmocka_unit_test_setup(session_cache_never_mistakes_an_exhausted_arena, SetUpClock),
      cmocka_unit_test_setup(session_cache_drops_a_session_that_gets_no_answer, SetUpClock),
  };
  return cmocka_run_group_tests_name("agent/session_cache", tests, nullptr, nullptr);
}
