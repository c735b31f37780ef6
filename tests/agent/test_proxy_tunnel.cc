// SPDX-License-Identifier: Apache-2.0
#include "agent/http/proxy_tunnel.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string_view>

#include "agent/encoding/byte_writer.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_connection.h"
#include "tests/fake/fake_peer.h"
#include "tests/fake/fake_proxy.h"
#include "tests/port/contract_network.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

constexpr std::string_view kHost = "server.domain.tld";
constexpr std::uint16_t kPort = 8443;
constexpr std::string_view kRequest =
    "CONNECT server.domain.tld:8443 HTTP/1.1\r\nHost: server.domain.tld:8443\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n";
constexpr Proxy kProxy{"proxy.domain.tld", 3128, {}, {}};

Proxy WithCredentials() {
  return {"proxy.domain.tld", 3128, "user", SecretView("pass:word")};
}

Status ConnectToEnd(Connection& tunnel, std::string_view host = kHost, std::uint16_t port = kPort) {
  for (;;) {
    const Status status = tunnel.Connect(host, port);
    if (status != Status::kPending) {
      return status;
    }
  }
}

bool IsWiped(ConstBytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

/// What a tunnel comes to whose proxy answers so, and then as `end` says.
struct Outcome {
  Status status = Status::kPending;
  Reason reason = Reason::kNone;
  std::uint16_t http_status = 0;
};

/// @param chunk  Most octets of the answer that come at once.
Outcome Answered(std::string_view answer, fake::End end, std::size_t chunk) {
  static const GuardedBytes memory(4096);
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection(AsBytes(answer), chunk, end, sent);
  connection.ReplyAfter(kRequest.size());
  // As small as can be, and its end guarded, so that one octet too many ends the test.
  const Bytes buffer = memory.Last(kRequest.size());
  ProxyTunnel tunnel(connection, kProxy, buffer);
  Outcome outcome;
  outcome.status = ConnectToEnd(tunnel);
  outcome.reason = tunnel.reason();
  outcome.http_status = tunnel.http_status();
  assert_true(IsWiped(buffer) || outcome.status == Status::kOk);
  assert_int_equal(tunnel.Connect(kHost, kPort), outcome.status);  // It stays so.
  assert_int_equal(connection.is_open(), outcome.status == Status::kOk);
  return outcome;
}

void AssertOpens(std::string_view answer) {
  for (std::size_t chunk = 1; chunk <= answer.size(); ++chunk) {
    const Outcome outcome = Answered(answer, fake::End::kOpen, chunk);
    assert_int_equal(outcome.status, Status::kOk);
    assert_int_equal(outcome.reason, Reason::kNone);
  }
}

void AssertFails(std::string_view answer, Reason reason, std::uint16_t http_status = 0,
                 fake::End end = fake::End::kOpen) {
  for (std::size_t chunk = 1; chunk <= answer.size() + 1; ++chunk) {
    const Outcome outcome = Answered(answer, end, chunk);
    assert_int_equal(outcome.status, Status::kUnavailable);
    assert_int_equal(outcome.reason, reason);
    assert_int_equal(outcome.http_status, http_status);
  }
}

void proxy_tunnel_asks_for_the_server_and_then_passes_on_for_every_chunk_size(void**) {
  constexpr std::string_view kHello = "what the server says";
  constexpr std::string_view kMine = "what I say";
  for (std::size_t chunk = 1; chunk <= kRequest.size(); ++chunk) {
    std::array<std::uint8_t, 256> buffer{};
    std::array<std::uint8_t, 64> sent{};
    fake::FakeConnection server(AsBytes(kHello), chunk, fake::End::kClosed, sent);
    fake::FakeProxy proxy(server, kAnswer, chunk);
    ProxyTunnel tunnel(proxy, kProxy, buffer);

    assert_int_equal(ConnectToEnd(tunnel), Status::kOk);

    assert_true(server.host() == kProxy.host);
    assert_int_equal(server.port(), kProxy.port);
    assert_true(proxy.request() == kRequest);
    assert_int_equal(server.sent().size(), 0);
    ConstBytes unsent = AsBytes(kMine);
    while (!unsent.empty()) {
      const IoResult written = tunnel.Write(unsent);
      unsent = unsent.subspan(written.ok() ? written.bytes() : 0);
    }
    assert_true(AsText(server.sent()) == kMine);
    std::array<std::uint8_t, 64> into{};
    std::size_t size = 0;
    IoResult got = IoResult::Error(Status::kPending);
    while (got.ok() || got.status() == Status::kPending) {
      got = tunnel.Read(Bytes(into).subspan(size));
      size += got.ok() ? got.bytes() : 0;
    }
    assert_int_equal(got.status(), Status::kClosed);
    assert_true(AsText(ConstBytes(into).first(size)) == kHello);
  }
}

void proxy_tunnel_gives_the_proxy_its_credentials_and_keeps_no_copy(void**) {
  const Proxy with_credentials = WithCredentials();
  std::array<std::uint8_t, 1024> buffer{};
  const Bytes room = Bytes(buffer).first(ProxyTunnel::BufferBytes(with_credentials));
  std::array<std::uint8_t, 512> sent{};
  fake::FakeConnection connection({}, 1000, fake::End::kOpen, sent);
  ProxyTunnel tunnel(connection, with_credentials, room);

  while (tunnel.waits_for() != Interest::kReadable) {
    assert_int_equal(tunnel.Connect(kHost, kPort), Status::kPending);
  }

  // RFC 7617 section 2: user:pass:word
  assert_true(AsText(connection.sent()) ==
              "CONNECT server.domain.tld:8443 HTTP/1.1\r\nHost: server.domain.tld:8443\r\n"
              "Proxy-Authorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n\r\n");
  assert_true(IsWiped(room));
}

void proxy_tunnel_given_up_keeps_no_copy_of_the_credentials(void**) {
  std::array<std::uint8_t, 1024> buffer{};
  std::array<std::uint8_t, 512> sent{};
  fake::FakeConnection connection({}, 5, fake::End::kOpen, sent);
  ProxyTunnel tunnel(connection, WithCredentials(), buffer);
  while (connection.sent().size() < 5) {
    assert_int_equal(tunnel.Connect(kHost, kPort), Status::kPending);
  }
  assert_false(IsWiped(buffer));

  tunnel.Close();

  assert_true(IsWiped(buffer));
}

void proxy_tunnel_names_an_ipv6_address_in_brackets(void**) {
  std::array<std::uint8_t, 256> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection(AsBytes(kAnswer), 1000, fake::End::kOpen, sent);
  constexpr std::string_view kAsked =
      "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n";
  connection.ReplyAfter(kAsked.size());
  ProxyTunnel tunnel(connection, kProxy, buffer);

  assert_int_equal(ConnectToEnd(tunnel, "2001:db8::1", 443), Status::kOk);

  assert_true(AsText(connection.sent()) == kAsked);
}

void proxy_tunnel_takes_any_2xx_whatever_it_says_of_a_body(void**) {
  for (const std::string_view answer :
       {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: p\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 299 Fine\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    AssertOpens(answer);
  }
}

void proxy_tunnel_tells_the_refusals_of_a_proxy_apart(void**) {
  AssertFails(
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
      "Content-Length: 5\r\n\r\nhello",
      Reason::kProxyAuthentication, 407);
  AssertFails("HTTP/1.0 302 Found\r\nLocation: http://login.example/\r\n\r\n",
              Reason::kProxyRefused, 302);
  AssertFails("HTTP/1.1 403 Access violation\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
              Reason::kProxyRefused, 403);
  AssertFails("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nhello", Reason::kProxyRefused,
              502);
  AssertFails("HTTP/1.0 401 Unauthorized\r\n\r\n", Reason::kProxyAuthentication, 401);
}

void proxy_tunnel_takes_no_other_protocol_for_an_answer(void**) {
  for (const std::string_view answer :
       {"SSH-2.0-OpenSSH_9.2\r\n", "<html>Log in first</html>", "HTTP/2 200\r\n\r\n",
        "\x15\x03\x01\x00\x02\x02\x46", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad field: x\r\n\r\n", "HTTP/1.1 200 OK\n\n"}) {
    AssertFails(answer, Reason::kProxyMalformed);
  }
}

void proxy_tunnel_whose_proxy_hangs_up_is_none(void**) {
  for (const fake::End end : {fake::End::kClosed, fake::End::kBroken}) {
    AssertFails("", Reason::kProxyMalformed, 0, end);
    AssertFails("HTTP/1.1 200 OK\r\nX: y\r\n", Reason::kProxyMalformed, 0, end);
  }
}

void proxy_tunnel_bounds_what_it_reads_of_an_answer(void**) {
  static std::array<std::uint8_t, 32 * 1024> wire;
  ByteWriter endless(wire);
  endless.Put("HTTP/1.1 200 OK\r\n");
  while (endless.size() + 64 < wire.size()) {
    endless.Put("X-Field: 0123456789012345678901234567890123456789\r\n");
  }
  assert_int_equal(Answered(AsText(endless.written()), fake::End::kOpen, 100).reason,
                   Reason::kProxyMalformed);
  ByteWriter interim(wire);
  for (int i = 0; i < 9; ++i) {
    interim.Put("HTTP/1.1 100 Continue\r\n\r\n");
  }
  assert_int_equal(Answered(AsText(interim.written()), fake::End::kOpen, 100).reason,
                   Reason::kProxyMalformed);
}

/// A page for logging in, say. What comes in the same piece is noticed; what comes later is what
/// the server is taken to say, and TLS refuses that.
void proxy_tunnel_neither_accepts_nor_loses_octets_behind_the_answer(void**) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  constexpr std::string_view kPage = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t chunk = 1; chunk <= kPage.size(); ++chunk) {
    const bool ends_with_head = kHead.size() % std::min(chunk, kRequest.size()) == 0;
    std::array<std::uint8_t, 256> buffer{};
    std::array<std::uint8_t, 256> sent{};
    fake::FakeConnection connection(AsBytes(kPage), chunk, fake::End::kOpen, sent);
    connection.ReplyAfter(kRequest.size());
    ProxyTunnel tunnel(connection, kProxy, buffer);

    const Status status = ConnectToEnd(tunnel);

    assert_int_equal(status, ends_with_head ? Status::kOk : Status::kUnavailable);
    assert_int_equal(tunnel.reason(), ends_with_head ? Reason::kNone : Reason::kProxyMalformed);
    std::array<std::uint8_t, 1> next{};
    IoResult got = tunnel.Read(next);
    if (!ends_with_head) {
      assert_int_equal(got.status(), Status::kFailedPrecondition);
      continue;
    }
    got = got.status() == Status::kPending ? tunnel.Read(next) : got;
    assert_int_equal(got.bytes(), 1);
    assert_int_equal(next[0], 'h');
  }
}

/// Connects while the `n`-th call to the transport fails.
///
/// @return  Whether there were so few calls that none did.
bool SurvivesFailureOf(std::uint32_t n) {
  std::array<std::uint8_t, 256> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection(AsBytes(kAnswer), 9, fake::End::kOpen, sent);
  connection.ReplyAfter(kRequest.size());
  connection.FailCall(n, Status::kUnavailable);
  ProxyTunnel tunnel(connection, kProxy, buffer);
  const Status status = ConnectToEnd(tunnel);
  if (connection.calls() < n) {
    assert_int_equal(status, Status::kOk);
    return true;
  }
  const std::size_t sent_before = connection.sent().size();
  assert_int_equal(status, Status::kUnavailable);
  assert_int_equal(tunnel.reason(), n <= 2 ? Reason::kProxyUnreachable : Reason::kProxyMalformed);
  assert_true(IsWiped(buffer));
  assert_false(connection.is_open());
  assert_int_equal(tunnel.Connect(kHost, kPort), Status::kUnavailable);
  assert_int_equal(connection.sent().size(), sent_before);
  tunnel.Close();
  assert_int_equal(ConnectToEnd(tunnel), Status::kOk);
  assert_true(AsText(connection.sent().subspan(sent_before)) == kRequest);
  return false;
}

void proxy_tunnel_fails_whichever_call_fails_and_works_again_after_close(void**) {
  std::uint32_t n = 1;
  while (!SurvivesFailureOf(n)) {
    ++n;
  }
  assert_true(n > 2 * (kRequest.size() + kAnswer.size()) / 9);
}

void proxy_tunnel_says_what_it_waits_for_and_what_is_missing(void**) {
  std::array<std::uint8_t, 256> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection(AsBytes(kAnswer), 1000, fake::End::kOpen, sent);
  connection.ReplyAfter(SIZE_MAX);
  connection.SetConnectOutcome(Status::kPending);
  ProxyTunnel tunnel(connection, kProxy, buffer);
  assert_int_equal(tunnel.reason(), Reason::kNone);
  for (int i = 0; i < 3; ++i) {
    assert_int_equal(tunnel.Connect(kHost, kPort), Status::kPending);
  }
  assert_int_equal(tunnel.waits_for(), Interest::kConnected);
  assert_int_equal(tunnel.reason(), Reason::kProxyUnreachable);

  connection.SetConnectOutcome(Status::kOk);
  while (connection.connects() == 0) {
    assert_int_equal(tunnel.Connect(kHost, kPort), Status::kPending);
  }
  assert_int_equal(tunnel.waits_for(), Interest::kWritable);
  while (connection.sent().empty()) {
    assert_int_equal(tunnel.Connect(kHost, kPort), Status::kPending);
  }
  assert_int_equal(tunnel.waits_for(), Interest::kReadable);
  assert_int_equal(tunnel.reason(), Reason::kProxySilent);
  tunnel.Close();
  assert_int_equal(tunnel.reason(), Reason::kProxySilent);

  connection.ReplyAfter(0);
  assert_int_equal(ConnectToEnd(tunnel), Status::kOk);
  assert_int_equal(tunnel.waits_for(), Interest::kConnected);
  assert_int_equal(tunnel.reason(), Reason::kNone);
  assert_int_equal(tunnel.http_status(), 200);
}

void proxy_tunnel_moves_octets_once_in_a_call(void**) {
  std::array<std::uint8_t, 256> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection(AsBytes(kAnswer), 9, fake::End::kOpen, sent);
  connection.ReplyAfter(kRequest.size());
  ProxyTunnel tunnel(connection, kProxy, buffer);
  std::uint32_t before = 0;
  while (tunnel.Connect(kHost, kPort) == Status::kPending) {
    const std::uint32_t connecting = connection.connects() == 1 && connection.sent().empty();
    assert_true(connection.calls() - before <= 1 + connecting);
    before = connection.calls();
  }
}

void proxy_tunnel_whose_proxy_has_no_name_is_not_found(void**) {
  std::array<std::uint8_t, 256> buffer{};
  fake::FakeConnection connection({}, 1, fake::End::kOpen, {});
  connection.SetConnectOutcome(Status::kNotFound);
  ProxyTunnel tunnel(connection, kProxy, buffer);

  assert_int_equal(ConnectToEnd(tunnel), Status::kNotFound);

  assert_int_equal(tunnel.reason(), Reason::kProxyUnreachable);
}

void proxy_tunnel_to_what_cannot_stand_in_a_request_is_an_invalid_argument(void**) {
  std::array<std::uint8_t, 256> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection({}, 1000, fake::End::kOpen, sent);
  ProxyTunnel tunnel(connection, kProxy, buffer);

  for (const std::string_view host :
       {std::string_view("a b"), std::string_view("a\r\nX: y"), std::string_view("a\0b", 3),
        std::string_view("\x7F"), std::string_view("h\xC3\xB6st")}) {
    assert_int_equal(tunnel.Connect(host, kPort), Status::kInvalidArgument);
  }

  assert_int_equal(connection.calls(), 0);
}

void proxy_tunnel_without_room_for_the_request_is_an_invalid_argument(void**) {
  std::array<std::uint8_t, kRequest.size() - 1> buffer{};
  std::array<std::uint8_t, 256> sent{};
  fake::FakeConnection connection({}, 1000, fake::End::kOpen, sent);
  ProxyTunnel tunnel(connection, kProxy, buffer);

  assert_int_equal(ConnectToEnd(tunnel), Status::kInvalidArgument);

  assert_int_equal(tunnel.reason(), Reason::kRequestTooLarge);
  assert_true(connection.sent().empty());
  assert_true(IsWiped(buffer));
}

void proxy_tunnel_needs_no_more_room_than_it_says(void**) {
  std::array<char, 253> longest{};
  longest.fill(':');  // In brackets.
  static std::array<std::uint8_t, 2048> buffer;
  static std::array<std::uint8_t, 2048> sent;
  for (const std::string_view user : {std::string_view(), std::string_view("user")}) {
    const Proxy proxy{"proxy.domain.tld", 3128, user, SecretView("password")};
    const std::size_t size = ProxyTunnel::BufferBytes(proxy);
    fake::FakeConnection connection({}, 4096, fake::End::kOpen, sent);
    ProxyTunnel tunnel(connection, proxy, Bytes(buffer).first(size));

    while (tunnel.waits_for() != Interest::kReadable) {
      assert_int_equal(tunnel.Connect({longest.data(), longest.size()}, 65535), Status::kPending);
    }

    assert_true(size - connection.sent().size() < 100);
  }
}

// The contract of a connection, kept through a proxy.

struct Board {
  explicit Board(std::size_t chunk) : peers(chunk) {}

  fake::PeerBoard peers;
  std::array<std::uint8_t, 1024> buffer{};
  fake::FakeProxy proxy{peers.connection, kAnswer, peers.chunk};
  ProxyTunnel tunnel{proxy, kProxy, buffer};
};

bool StartPeer(contract::NetworkFixture& fixture, contract::Peer peer, contract::Endpoint& at) {
  Board& board = *static_cast<Board*>(fixture.context);
  static_cast<void>(board.peers.Become(peer));
  at = {kHost, kPort};
  return true;
}

int RunContract(std::size_t chunk) {
  static constexpr auto kNoStop = [](contract::NetworkFixture&) {};
  static constexpr auto kNoWait = [](contract::NetworkFixture&, Interest) {};
  static std::array<std::uint8_t, sizeof(Board)> memory alignas(Board);
  Board& board = *new (memory.data()) Board(chunk);
  contract::NetworkFixture fixture;
  fixture.connection = &board.tunnel;
  fixture.context = &board;
  fixture.start = StartPeer;
  fixture.stop = kNoStop;
  fixture.wait = kNoWait;
  return contract::Run("agent/proxy_tunnel (contract)", contract::NetworkSuite(fixture));
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(proxy_tunnel_asks_for_the_server_and_then_passes_on_for_every_chunk_size),
      cmocka_unit_test(proxy_tunnel_gives_the_proxy_its_credentials_and_keeps_no_copy),
      cmocka_unit_test(proxy_tunnel_given_up_keeps_no_copy_of_the_credentials),
      cmocka_unit_test(proxy_tunnel_names_an_ipv6_address_in_brackets),
      cmocka_unit_test(proxy_tunnel_takes_any_2xx_whatever_it_says_of_a_body),
      cmocka_unit_test(proxy_tunnel_tells_the_refusals_of_a_proxy_apart),
      cmocka_unit_test(proxy_tunnel_takes_no_other_protocol_for_an_answer),
      cmocka_unit_test(proxy_tunnel_whose_proxy_hangs_up_is_none),
      cmocka_unit_test(proxy_tunnel_bounds_what_it_reads_of_an_answer),
      cmocka_unit_test(proxy_tunnel_neither_accepts_nor_loses_octets_behind_the_answer),
      cmocka_unit_test(proxy_tunnel_fails_whichever_call_fails_and_works_again_after_close),
      cmocka_unit_test(proxy_tunnel_says_what_it_waits_for_and_what_is_missing),
      cmocka_unit_test(proxy_tunnel_moves_octets_once_in_a_call),
      cmocka_unit_test(proxy_tunnel_whose_proxy_has_no_name_is_not_found),
      cmocka_unit_test(proxy_tunnel_to_what_cannot_stand_in_a_request_is_an_invalid_argument),
      cmocka_unit_test(proxy_tunnel_without_room_for_the_request_is_an_invalid_argument),
      cmocka_unit_test(proxy_tunnel_needs_no_more_room_than_it_says),
  };
  int failures = cmocka_run_group_tests_name("agent/proxy_tunnel", tests, nullptr, nullptr);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
    failures += RunContract(chunk);
  }
  return failures == 0 ? 0 : 1;
}
