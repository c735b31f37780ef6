// SPDX-License-Identifier: Apache-2.0
//
// LwipConnection keeps the contract of its port, and what it promises beyond.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "platform/lwip/lwip_connection.h"
#include "tests/cmocka.h"
#include "tests/platform/lwip/mirror.h"
#include "tests/port/contract_network.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using contract::Endpoint;
using contract::NetworkFixture;
using contract::Peer;
using lwip::LwipConnection;
using test::Mirror;

constexpr Millis kStep{10};

/// A connection with everything around it as new.
struct Scene {
  Scene() {
    mirror.SetLoss(0);
    mirror.SetNameServer(true);
    mirror.Answer(Mirror::Names::kKnown);
  }
  ~Scene() {
    connection.Close();
    mirror.StopListening();
    mirror.Run(Millis{2000});  // What lwIP remembers of names is over.
  }

  Status ConnectTo(std::string_view host, std::uint16_t port, Millis at_most) {
    for (Millis waited{0};; waited = waited + kStep) {
      const Status status = connection.Connect(host, port);
      if (status != Status::kPending || waited >= at_most) {
        return status;
      }
      mirror.Run(kStep);
    }
  }

  IoResult ReadSome(Bytes into, Millis at_most) {
    for (Millis waited{0};; waited = waited + kStep) {
      const IoResult got = connection.Read(into);
      if (got.status() != Status::kPending || waited >= at_most) {
        return got;
      }
      mirror.Run(kStep);
    }
  }

  Mirror& mirror = Mirror::Get();
  LwipConnection connection;
};

bool StartPeer(NetworkFixture& fixture, Peer peer, Endpoint& at) {
  Mirror& mirror = *static_cast<Mirror*>(fixture.context);
  at = {Mirror::kPeer, Mirror::kNobodyListens};
  mirror.SetNameServer(false);
  switch (peer) {
    case Peer::kUnknownName:  // lwIP does not tell it from a resolver that fails.
      return false;
    case Peer::kRefuses:
      return true;
    case Peer::kNeverAnswers:
      at.host = Mirror::kBlackHole;
      return true;
    case Peer::kNoResolver:
      at.host = "server.domain.tld";
      return true;
    case Peer::kEcho:
    case Peer::kEchoPairs:
    case Peer::kSendsAndCloses:
    case Peer::kResets:
    case Peer::kSilent:
    case Peer::kSendsOnly:
      break;
  }
  at.port = mirror.Listen(peer);
  return true;
}

int RunContract() {
  static LwipConnection connection;
  NetworkFixture fixture;
  fixture.connection = &connection;
  fixture.context = &Mirror::Get();
  fixture.start = StartPeer;
  fixture.stop = [](NetworkFixture& self) { static_cast<Mirror*>(self.context)->StopListening(); };
  fixture.wait = [](NetworkFixture& self, Interest) {
    static_cast<Mirror*>(self.context)->Run(kStep);
  };
  return contract::Run("lwip/network", contract::NetworkSuite(fixture));
}

void lwip_connection_resolves_a_name(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  assert_true(scene.ConnectTo("server.domain.tld", port, Millis{1000}) == Status::kOk);
}

void lwip_connection_says_when_a_name_is_not_resolved(void**) {
  Scene scene;
  scene.mirror.Answer(Mirror::Names::kUnknown);
  assert_true(scene.ConnectTo("unknown.tld", 1, Millis{1000}) == Status::kUnavailable);
  scene.connection.Close();
  scene.mirror.Answer(Mirror::Names::kSilent);
  assert_true(scene.ConnectTo("silent.tld", 1, Millis{60000}) == Status::kUnavailable);
}

void lwip_connection_takes_no_answer_to_an_earlier_question(void**) {
  Scene scene;
  scene.mirror.Answer(Mirror::Names::kKnown);
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  assert_true(scene.connection.Connect("first.tld", port) == Status::kPending);
  scene.connection.Close();
  scene.mirror.Run(kStep);
  scene.mirror.Run(kStep);
  assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{1000}) == Status::kOk);
}

void lwip_connection_may_be_gone_when_an_answer_comes(void**) {
  Scene scene;
  {
    LwipConnection gone;
    assert_true(gone.Connect("gone.tld", 1) == Status::kPending);
  }
  scene.mirror.Run(kStep);
  scene.mirror.Run(kStep);
}

/// Who does not read holds a window's worth of octets, and the rest comes when he reads.
void lwip_connection_holds_back_a_peer_that_sends_faster_than_is_read(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSendsAndCloses);
  assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{1000}) == Status::kOk);
  for (int i = 0; i < 100; ++i) {
    scene.mirror.Run(kStep);
  }
  std::vector<std::uint8_t> received;
  std::array<std::uint8_t, 333> some;
  IoResult got = scene.connection.Read(some);
  for (; got.ok(); got = scene.ReadSome(some, Millis{5000})) {
    received.insert(received.end(), some.begin(),
                    some.begin() + static_cast<std::ptrdiff_t>(got.bytes()));
    assert_true(received.size() <= contract::kPeerBytes);
  }
  assert_true(got.status() == Status::kClosed);
  assert_int_equal(received.size(), contract::kPeerBytes);
  for (std::size_t i = 0; i < received.size(); ++i) {
    assert_int_equal(received[i], contract::PeerByteAt(i));
  }
}

void lwip_connection_survives_lost_frames(void**) {
  for (std::uint32_t loss = 3; loss < 30; ++loss) {
    Scene scene;
    scene.mirror.SetLoss(loss);
    const std::uint16_t port = scene.mirror.Listen(Peer::kSendsAndCloses);
    assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{60000}) == Status::kOk);
    std::array<std::uint8_t, 2000> some;
    std::size_t received = 0;
    IoResult got = scene.ReadSome(some, Millis{120000});
    for (; got.ok(); got = scene.ReadSome(some, Millis{120000})) {
      for (std::size_t i = 0; i < got.bytes(); ++i) {
        assert_int_equal(some[i], contract::PeerByteAt(received + i));
      }
      received += got.bytes();
    }
    assert_true(got.status() == Status::kClosed);
    assert_int_equal(received, contract::kPeerBytes);
  }
}

/// lwIP's memory is small: what does not fit is pending, and nothing is lost or sent twice.
void lwip_connection_waits_for_memory(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kEcho);
  assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{1000}) == Status::kOk);
  constexpr std::size_t kTotal = 20000;
  std::vector<std::uint8_t> received;
  std::size_t sent = 0;
  bool was_pending = false;
  std::vector<std::uint8_t> data(kTotal);
  for (std::size_t i = 0; i < kTotal; ++i) {
    data[i] = static_cast<std::uint8_t>(i * 11 + i / 251);
  }
  std::array<std::uint8_t, 700> some;
  for (int i = 0; i < 10000 && received.size() < kTotal; ++i) {
    if (sent < kTotal) {
      const IoResult written = scene.connection.Write(ConstBytes(data).subspan(sent));
      was_pending = was_pending || written.status() == Status::kPending;
      sent += written.ok() ? written.bytes() : 0;
    }
    scene.mirror.Run(kStep);
    const IoResult got = scene.connection.Read(some);
    if (got.ok()) {
      received.insert(received.end(), some.begin(),
                      some.begin() + static_cast<std::ptrdiff_t>(got.bytes()));
    }
  }
  assert_true(was_pending);
  assert_true(received == data);
}

/// Connections that were closed leave nothing behind that the next one lacks.
void lwip_connection_can_be_made_again_and_again(void**) {
  for (int i = 0; i < 100; ++i) {
    Scene scene;
    const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
    assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{1000}) == Status::kOk);
    std::array<std::uint8_t, 1> octet{1};
    assert_true(scene.connection.Write(octet).ok());
    if (i % 2 == 0) {
      scene.mirror.Run(kStep);
    }
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(lwip_connection_resolves_a_name),
      cmocka_unit_test(lwip_connection_says_when_a_name_is_not_resolved),
      cmocka_unit_test(lwip_connection_takes_no_answer_to_an_earlier_question),
      cmocka_unit_test(lwip_connection_may_be_gone_when_an_answer_comes),
      cmocka_unit_test(lwip_connection_holds_back_a_peer_that_sends_faster_than_is_read),
      cmocka_unit_test(lwip_connection_survives_lost_frames),
      cmocka_unit_test(lwip_connection_waits_for_memory),
      cmocka_unit_test(lwip_connection_can_be_made_again_and_again),
  };
  return cmocka_run_group_tests_name("lwip/connection", tests, nullptr, nullptr) + RunContract();
}
