// SPDX-License-Identifier: Apache-2.0

#include "tests/port/contract_network.h"

#include <algorithm>
#include <array>

namespace connect_auth::contract {
namespace {

/// With waits of 10 ms: longer than any healthy platform needs, shorter than a test runner's limit.
constexpr int kMaxSteps = 2000;

constexpr std::size_t kPieceBytes = 512;
constexpr std::size_t kEchoBytes = 20'000;

/// More than any platform buffers between the two ends.
constexpr std::size_t kFloodBytes = std::size_t{256} * 1024 * 1024;

NetworkFixture& Fixture(void** state) {
  return FixtureOf<NetworkFixture>(state);
}

Endpoint StartOrSkip(NetworkFixture& fixture, Peer peer) {
  Endpoint at;
  if (!fixture.start(fixture, peer, at)) {
    skip();
  }
  return at;
}

/// Connects, with as many calls as it takes.
Status Connect(NetworkFixture& fixture, const Endpoint& at) {
  Status status = fixture.connection->Connect(at.host, at.port);
  for (int step = 0; status == Status::kPending && step < kMaxSteps; ++step) {
    fixture.wait(fixture, Interest::kConnected);
    status = fixture.connection->Connect(at.host, at.port);
  }
  return status;
}

void ConnectTo(NetworkFixture& fixture, Peer peer) {
  const Endpoint at = StartOrSkip(fixture, peer);
  assert_int_equal(Connect(fixture, at), Status::kOk);
}

/// Writes once, with as many calls as it takes.
IoResult Write(NetworkFixture& fixture, ConstBytes data) {
  IoResult result = fixture.connection->Write(data);
  for (int step = 0; result.status() == Status::kPending && step < kMaxSteps; ++step) {
    fixture.wait(fixture, Interest::kWritable);
    result = fixture.connection->Write(data);
  }
  if (result.ok()) {
    assert_in_range(result.bytes(), 1, data.size());
  }
  return result;
}

/// Reads once, with as many calls as it takes.
IoResult Read(NetworkFixture& fixture, Bytes into) {
  IoResult result = fixture.connection->Read(into);
  for (int step = 0; result.status() == Status::kPending && step < kMaxSteps; ++step) {
    fixture.wait(fixture, Interest::kReadable);
    result = fixture.connection->Read(into);
  }
  if (result.ok()) {
    assert_in_range(result.bytes(), 1, into.size());
  }
  return result;
}

/// Writes until there is no more room.
void Flood(NetworkFixture& fixture) {
  const std::array<std::uint8_t, kPieceBytes> buffer{};
  std::size_t sent = 0;
  int refusals = 0;  // One is no proof: some platforms refuse now and then although there is room.
  while (sent < kFloodBytes && refusals < 5) {
    const IoResult result = fixture.connection->Write(buffer);
    assert_true(result.ok() || result.status() == Status::kPending);
    sent += result.ok() ? result.bytes() : 0;
    refusals = result.ok() ? 0 : refusals + 1;
  }
  assert_int_equal(refusals, 5);
}

/// Reads what Peer::kSendsAndCloses sends, in pieces of at most `piece` bytes.
void ReadToTheEnd(NetworkFixture& fixture, std::size_t piece) {
  std::array<std::uint8_t, kPieceBytes> buffer{};
  std::size_t received = 0;
  IoResult result = Read(fixture, Bytes(buffer).first(piece));
  while (result.ok()) {
    for (std::size_t i = 0; i < result.bytes(); ++i) {
      assert_int_equal(buffer[i], PeerByteAt(received + i));
    }
    received += result.bytes();
    result = Read(fixture, Bytes(buffer).first(piece));
  }
  assert_int_equal(result.status(), Status::kClosed);
  assert_int_equal(received, kPeerBytes);
}

/// Sends a little and reads until the connection breaks.
void ReadUntilBroken(NetworkFixture& fixture) {
  std::array<std::uint8_t, kPieceBytes> buffer{};
  assert_int_equal(Write(fixture, Bytes(buffer).first(1)).status(), Status::kOk);
  assert_int_equal(Read(fixture, buffer).status(), Status::kUnavailable);
}

void network_connect_to_a_listening_peer_is_ok(void** state) {
  ConnectTo(Fixture(state), Peer::kSilent);
}

void network_connect_once_connected_stays_ok(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kSilent);
  assert_int_equal(Connect(fixture, at), Status::kOk);

  assert_int_equal(fixture.connection->Connect(at.host, at.port), Status::kOk);
}

void network_connect_without_an_answer_stays_pending_and_never_blocks(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kNeverAnswers);
  const Instant before = fixture.clock != nullptr ? fixture.clock->Now() : Instant{};

  for (int i = 0; i < 20; ++i) {
    assert_int_equal(fixture.connection->Connect(at.host, at.port), Status::kPending);
  }

  if (fixture.clock != nullptr) {
    assert_true(fixture.clock->Now() - before < Millis{1000});
  }
}

void network_connect_to_an_empty_or_overlong_host_is_an_invalid_argument(void** state) {
  NetworkFixture& fixture = Fixture(state);
  std::array<char, 254> name;
  name.fill('a');

  assert_int_equal(fixture.connection->Connect("", 443), Status::kInvalidArgument);
  assert_int_equal(fixture.connection->Connect({name.data(), name.size()}, 443),
                   Status::kInvalidArgument);
}

void network_connect_to_port_0_is_an_invalid_argument(void** state) {
  const Endpoint at = StartOrSkip(Fixture(state), Peer::kSilent);

  assert_int_equal(Fixture(state).connection->Connect(at.host, 0), Status::kInvalidArgument);
}

void network_connect_to_a_host_of_253_characters_is_tried(void** state) {
  NetworkFixture& fixture = Fixture(state);
  if (Endpoint ignored; !fixture.start(fixture, Peer::kUnknownName, ignored)) {
    skip();
  }
  std::array<char, 253> name;
  name.fill('a');
  for (std::size_t dot = 49; dot < name.size(); dot += 50) {
    name[dot] = '.';
  }

  const Status status = fixture.connection->Connect({name.data(), name.size()}, 443);

  assert_true(status == Status::kPending || status == Status::kNotFound ||
              status == Status::kUnavailable);
}

void network_connect_to_a_port_where_nobody_listens_is_unavailable(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kRefuses);

  assert_int_equal(Connect(fixture, at), Status::kUnavailable);
}

void network_connect_to_a_name_that_does_not_exist_is_not_found(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kUnknownName);

  assert_int_equal(Connect(fixture, at), Status::kNotFound);
}

void network_connect_without_a_resolver_is_unavailable(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kNoResolver);

  assert_int_equal(Connect(fixture, at), Status::kUnavailable);
}

void network_failed_connect_repeats_its_answer_until_closed(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kRefuses);
  assert_int_equal(Connect(fixture, at), Status::kUnavailable);

  assert_int_equal(fixture.connection->Connect(at.host, at.port), Status::kUnavailable);
  assert_int_equal(fixture.connection->Connect(at.host, at.port), Status::kUnavailable);
}

void network_connect_anew_after_close_works_in_every_state_left_behind(void** state) {
  NetworkFixture& fixture = Fixture(state);
  for (const Peer first :
       {Peer::kRefuses, Peer::kNeverAnswers, Peer::kUnknownName, Peer::kEcho, Peer::kResets}) {
    Endpoint at;
    if (!fixture.start(fixture, first, at)) {
      continue;
    }
    static_cast<void>(fixture.connection->Connect(at.host, at.port));
    fixture.wait(fixture, Interest::kConnected);
    static_cast<void>(fixture.connection->Connect(at.host, at.port));
    fixture.connection->Close();
    fixture.stop(fixture);

    assert_true(fixture.start(fixture, Peer::kSendsAndCloses, at));
    assert_int_equal(Connect(fixture, at), Status::kOk);
    ReadToTheEnd(fixture, kPieceBytes);
    fixture.connection->Close();
    fixture.stop(fixture);
  }
}

void network_connect_twice_to_the_same_peer_gives_two_connections(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kSendsAndCloses);

  for (int round = 0; round < 2; ++round) {
    assert_int_equal(Connect(fixture, at), Status::kOk);
    ReadToTheEnd(fixture, kPieceBytes);
    fixture.connection->Close();
  }
}

void network_read_and_write_when_not_connected_are_a_failed_precondition(void** state) {
  NetworkFixture& fixture = Fixture(state);
  std::array<std::uint8_t, 4> buffer{};
  const auto assert_refused = [&] {
    assert_int_equal(fixture.connection->Read(buffer).status(), Status::kFailedPrecondition);
    assert_int_equal(fixture.connection->Write(buffer).status(), Status::kFailedPrecondition);
  };
  assert_refused();  // Never connected.

  const Endpoint at = StartOrSkip(fixture, Peer::kEcho);
  assert_refused();
  assert_int_equal(Connect(fixture, at), Status::kOk);
  fixture.connection->Close();

  assert_refused();  // Closed.
}

void network_read_and_write_while_connecting_are_a_failed_precondition(void** state) {
  NetworkFixture& fixture = Fixture(state);
  const Endpoint at = StartOrSkip(fixture, Peer::kNeverAnswers);
  std::array<std::uint8_t, 4> buffer{};
  assert_int_equal(fixture.connection->Connect(at.host, at.port), Status::kPending);

  assert_int_equal(fixture.connection->Read(buffer).status(), Status::kFailedPrecondition);
  assert_int_equal(fixture.connection->Write(buffer).status(), Status::kFailedPrecondition);
}

void network_bytes_arrive_unchanged_and_in_order_both_ways(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kEcho);
  std::array<std::uint8_t, kPieceBytes> buffer{};
  std::size_t sent = 0;
  std::size_t received = 0;

  for (int idle = 0; received < kEchoBytes && idle < kMaxSteps;) {
    const std::size_t before = sent + received;
    const std::size_t size = std::min(kPieceBytes, kEchoBytes - sent);
    for (std::size_t i = 0; i < size; ++i) {
      buffer[i] = PeerByteAt(sent + i);
    }
    if (size > 0) {
      const IoResult written = fixture.connection->Write(Bytes(buffer).first(size));
      assert_true(written.ok() || written.status() == Status::kPending);
      sent += written.ok() ? written.bytes() : 0;
    }
    const IoResult got = fixture.connection->Read(buffer);
    assert_true(got.ok() || got.status() == Status::kPending);
    for (std::size_t i = 0; got.ok() && i < got.bytes(); ++i) {
      assert_int_equal(buffer[i], PeerByteAt(received + i));
    }
    received += got.ok() ? got.bytes() : 0;
    idle = sent + received == before ? idle + 1 : 0;
    if (idle > 0) {
      fixture.wait(fixture, Interest::kReadable);
    }
  }

  assert_int_equal(received, kEchoBytes);
}

void network_small_writes_leave_at_once(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kEchoPairs);
  const Instant before = fixture.clock != nullptr ? fixture.clock->Now() : Instant{};

  // Nagle's algorithm holds the second byte back until the first is acknowledged, and the peer has
  // no reason to hurry with that: 40 ms a round on most systems.
  for (std::uint8_t round = 0; round < 100; ++round) {
    const std::array<std::uint8_t, 2> sent{round, static_cast<std::uint8_t>(round + 100)};
    for (const std::uint8_t& byte : sent) {
      assert_int_equal(Write(fixture, {&byte, 1}).status(), Status::kOk);
    }
    for (const std::uint8_t expected : sent) {
      std::uint8_t found = 0;
      assert_int_equal(Read(fixture, {&found, 1}).status(), Status::kOk);
      assert_int_equal(found, expected);
    }
  }

  if (fixture.clock != nullptr) {
    assert_true(fixture.clock->Now() - before < Millis{1500});
  }
}

void network_read_with_nothing_to_read_is_pending(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kSilent);
  std::array<std::uint8_t, 4> buffer{};

  for (int i = 0; i < 5; ++i) {
    assert_int_equal(fixture.connection->Read(buffer).status(), Status::kPending);
  }
}

void network_write_to_a_peer_that_does_not_read_ends_pending(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kSilent);

  Flood(fixture);
}

void network_answer_of_a_peer_that_does_not_read_arrives_when_nothing_more_can_be_sent(
    void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kSendsOnly);
  std::array<std::uint8_t, kPieceBytes> buffer{};
  Flood(fixture);

  std::size_t received = 0;
  for (int idle = 0; received < kPeerBytes && idle < kMaxSteps;) {
    fixture.wait(fixture, Interest::kEither);
    const IoResult got = fixture.connection->Read(buffer);
    assert_true(got.ok() || got.status() == Status::kPending);
    received += got.ok() ? got.bytes() : 0;
    idle = got.ok() ? 0 : idle + 1;
  }

  assert_int_equal(received, kPeerBytes);
}

void network_read_in_pieces_of_any_size_gives_the_same_bytes(void** state) {
  NetworkFixture& fixture = Fixture(state);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, kPieceBytes}) {
    ConnectTo(fixture, Peer::kSendsAndCloses);

    ReadToTheEnd(fixture, piece);

    fixture.connection->Close();
    fixture.stop(fixture);
  }
}

void network_read_writes_no_byte_beyond_what_it_reports(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kEcho);
  std::array<std::uint8_t, 16> buffer;
  buffer.fill(0xA5);
  const std::uint8_t byte = 0;
  assert_int_equal(Write(fixture, {&byte, 1}).status(), Status::kOk);

  assert_int_equal(Read(fixture, buffer).bytes(), 1);

  assert_int_equal(buffer[0], 0);
  assert_true(std::all_of(buffer.begin() + 1, buffer.end(),
                          [](std::uint8_t rest) { return rest == 0xA5; }));
}

void network_orderly_end_is_closed_for_every_further_read(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kSendsAndCloses);
  std::array<std::uint8_t, 4> buffer{};
  ReadToTheEnd(fixture, kPieceBytes);

  assert_int_equal(Read(fixture, buffer).status(), Status::kClosed);
  assert_int_equal(Read(fixture, buffer).status(), Status::kClosed);
}

void network_reset_is_unavailable_and_never_turns_into_an_orderly_end(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kResets);
  std::array<std::uint8_t, 4> buffer{};
  ReadUntilBroken(fixture);

  assert_int_equal(fixture.connection->Read(buffer).status(), Status::kUnavailable);
  assert_int_equal(fixture.connection->Read(buffer).status(), Status::kUnavailable);
  assert_int_equal(fixture.connection->Write(buffer).status(), Status::kUnavailable);
}

void network_write_to_a_peer_that_reset_ends_unavailable(void** state) {
  NetworkFixture& fixture = Fixture(state);
  ConnectTo(fixture, Peer::kResets);
  const std::array<std::uint8_t, 1> byte{};

  IoResult result = Write(fixture, byte);
  for (int step = 0; result.ok() && step < kMaxSteps; ++step) {
    fixture.wait(fixture, Interest::kReadable);
    result = Write(fixture, byte);
  }

  assert_int_equal(result.status(), Status::kUnavailable);
  assert_int_equal(fixture.connection->Write(byte).status(), Status::kUnavailable);
}

void network_close_is_allowed_in_every_state_and_twice(void** state) {
  NetworkFixture& fixture = Fixture(state);
  fixture.connection->Close();
  for (const Peer peer : {Peer::kRefuses, Peer::kNeverAnswers, Peer::kUnknownName, Peer::kEcho,
                          Peer::kSendsAndCloses}) {
    Endpoint at;
    if (!fixture.start(fixture, peer, at)) {
      continue;
    }
    static_cast<void>(fixture.connection->Connect(at.host, at.port));
    fixture.connection->Close();
    fixture.connection->Close();
    static_cast<void>(fixture.connection->Connect(at.host, at.port));
    fixture.wait(fixture, Interest::kConnected);
    static_cast<void>(fixture.connection->Connect(at.host, at.port));
    fixture.connection->Close();
    fixture.connection->Close();
    fixture.stop(fixture);
  }
}

/// Runs also after a test that failed half-way.
int CloseAndStop(void** state) {
  NetworkFixture& fixture = Fixture(state);
  fixture.connection->Close();
  fixture.stop(fixture);
  return 0;
}

}  // namespace

Suite<25> NetworkSuite(NetworkFixture& fixture) {
  Suite<25> suite{
      CONNECT_AUTH_CONTRACT(fixture, network_connect_to_a_listening_peer_is_ok),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_once_connected_stays_ok),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_connect_without_an_answer_stays_pending_and_never_blocks),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_connect_to_an_empty_or_overlong_host_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_to_port_0_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_to_a_host_of_253_characters_is_tried),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_to_a_port_where_nobody_listens_is_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_to_a_name_that_does_not_exist_is_not_found),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_without_a_resolver_is_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, network_failed_connect_repeats_its_answer_until_closed),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_connect_anew_after_close_works_in_every_state_left_behind),
      CONNECT_AUTH_CONTRACT(fixture, network_connect_twice_to_the_same_peer_gives_two_connections),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_read_and_write_when_not_connected_are_a_failed_precondition),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_read_and_write_while_connecting_are_a_failed_precondition),
      CONNECT_AUTH_CONTRACT(fixture, network_bytes_arrive_unchanged_and_in_order_both_ways),
      CONNECT_AUTH_CONTRACT(fixture, network_small_writes_leave_at_once),
      CONNECT_AUTH_CONTRACT(fixture, network_read_with_nothing_to_read_is_pending),
      CONNECT_AUTH_CONTRACT(fixture, network_write_to_a_peer_that_does_not_read_ends_pending),
      CONNECT_AUTH_CONTRACT(
          fixture,
          network_answer_of_a_peer_that_does_not_read_arrives_when_nothing_more_can_be_sent),
      CONNECT_AUTH_CONTRACT(fixture, network_read_in_pieces_of_any_size_gives_the_same_bytes),
      CONNECT_AUTH_CONTRACT(fixture, network_read_writes_no_byte_beyond_what_it_reports),
      CONNECT_AUTH_CONTRACT(fixture, network_orderly_end_is_closed_for_every_further_read),
      CONNECT_AUTH_CONTRACT(fixture,
                            network_reset_is_unavailable_and_never_turns_into_an_orderly_end),
      CONNECT_AUTH_CONTRACT(fixture, network_write_to_a_peer_that_reset_ends_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, network_close_is_allowed_in_every_state_and_twice),
  };
  for (CMUnitTest& test : suite) {
    test.teardown_func = CloseAndStop;
  }
  return suite;
}

}  // namespace connect_auth::contract
