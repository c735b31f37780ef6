// SPDX-License-Identifier: Apache-2.0
//
// An answer of a proxy opens a tunnel, or not, whatever the pieces that it comes in; only one of
// 2xx does. Where more follows, it depends on the pieces who is thought to have said that, the
// proxy or the server: TLS will tell.
#include <array>

#include "agent/http/proxy_tunnel.h"
#include "tests/fake/fake_connection.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::string_view kHost = "server.domain.tld";
constexpr std::uint16_t kPort = 8443;

struct Outcome {
  Status status = Status::kPending;
  Reason reason = Reason::kNone;
  std::uint16_t http_status = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Status ConnectToEnd(ProxyTunnel& tunnel, std::size_t most) {
  Status status = Status::kPending;
  for (std::size_t i = 0; i < most && status == Status::kPending; ++i) {
    status = tunnel.Connect(kHost, kPort);
  }
  return status;
}

bool HasSurplus(ConstBytes answer) {
  const Exact wire(answer);
  ResponseParser parser;
  parser.Reset(false);
  return parser.Decode(wire.bytes()).ok() && parser.surplus();
}

Outcome Connect(ConstBytes answer, fake::End end, std::size_t chunk, bool with_user) {
  std::array<std::uint8_t, 512> sent{};
  fake::FakeConnection connection(answer, chunk, end, sent);
  Proxy proxy{"proxy.domain.tld", 3128, {}, {}};
  if (with_user) {
    proxy.user = "user";
    proxy.password = SecretView("pa55word");
  }
  const Exact buffer(ProxyTunnel::BufferBytes(proxy));
  ProxyTunnel tunnel(connection, proxy, buffer.bytes());
  // Every second call is pending, and every other one brings an octet or more.
  const std::size_t most = 2 * (answer.size() + buffer.bytes().size()) + 16;
  const Outcome outcome{ConnectToEnd(tunnel, most), tunnel.reason(), tunnel.http_status()};
  if (outcome.status == Status::kOk) {
    Check(connection.is_open() && tunnel.http_status() / 100 == 2, "2xx opens it");
  } else if (outcome.status != Status::kPending) {
    Check(outcome.status == Status::kUnavailable && outcome.reason != Reason::kNone,
          "a proxy that makes no tunnel is out of reach, for a reason");
    Check(!connection.is_open() && tunnel.Connect(kHost, kPort) == outcome.status, "for good");
  }
  return outcome;
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  const auto end = static_cast<fake::End>(input.Below(3));
  const bool with_user = input.Flag();
  const std::size_t chunk = input.Below(16) + 1;
  const Exact answer(input.rest());
  const Outcome whole = Connect(answer.bytes(), end, answer.bytes().size() + 1024, with_user);
  const Outcome single = Connect(answer.bytes(), end, 1, with_user);
  const Outcome pieces = Connect(answer.bytes(), end, chunk, with_user);
  Check(HasSurplus(answer.bytes()) || (whole == single && whole == pieces), "alike in all pieces");
}

}  // namespace connect_auth::fuzz
