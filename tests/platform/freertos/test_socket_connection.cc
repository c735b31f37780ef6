// SPDX-License-Identifier: Apache-2.0
//
// platform/freertos's Connection keeps the contract of the port, on the real lwIP with threads.
#include <array>
#include <cstdint>
#include <string_view>

#include "FreeRTOS.h"
#include "platform/freertos/socket_connection.h"
#include "platform/freertos/tick_clock.h"
#include "task.h"
#include "tests/platform/freertos/lwip_host.h"
#include "tests/platform/freertos/relay.h"
#include "tests/platform/loopback_peer.h"
#include "tests/port/contract_network.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using contract::Peer;
using freertos::SocketConnection;
using freertos::TickClock;
using test::LoopbackPeer;
namespace lwip_host = test::lwip_host;

constexpr int kIpv4 = 2;  // AF_INET of the system, which lwIP gives another name.
constexpr std::uint16_t kNobodyListens = 9;

/// For ever: its thread is.
test::Relay& TheRelay() {
  static test::Relay& relay = *new test::Relay;
  return relay;
}

struct Network {
  TickClock clock;
  SocketConnection connection;
  LoopbackPeer peer;

  Network() { lwip_host::Start(); }
  ~Network() { Stop(); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  bool Start(Peer role, contract::Endpoint& at) {
    switch (role) {
      case Peer::kUnknownName:
        return false;  // lwIP does not tell it from a resolver that fails.
      case Peer::kNoResolver:
        lwip_host::SetNameServer(false);
        at = {"both.test", 443};
        return true;
      case Peer::kNeverAnswers:
        at = {lwip_host::kBlackHole, 443};
        return true;
      case Peer::kRefuses:
        at = {"127.0.0.1", kNobodyListens};
        return true;
      case Peer::kEcho:
      case Peer::kEchoPairs:
      case Peer::kSendsAndCloses:
      case Peer::kResets:
      case Peer::kSilent:
      case Peer::kSendsOnly:
        break;
    }
    at = {"127.0.0.1", Listen(role)};
    return at.port != 0;
  }

  /// @return a port of lwIP's loopback.
  std::uint16_t Listen(Peer role) {
    return peer.Start(kIpv4, role) ? TheRelay().Listen(peer.port()) : 0;
  }

  void Stop() {
    TheRelay().StopListening();
    peer.Stop();
  }

  /// Connects, with as many calls as it takes within `at_most`.
  Status Connect(std::string_view host, std::uint16_t port, Millis at_most = Millis{10'000}) {
    const Instant until = clock.Now() + at_most;
    Status status = connection.Connect(host, port);
    while (status == Status::kPending && clock.Now() < until) {
      connection.Wait(Interest::kConnected, Millis{50});
      status = connection.Connect(host, port);
    }
    return status;
  }
};

int RunContract() {
  Network network;
  contract::NetworkFixture fixture;
  fixture.connection = &network.connection;
  fixture.clock = &network.clock;
  fixture.context = &network;
  fixture.start = [](contract::NetworkFixture& of, Peer role, contract::Endpoint& at) {
    return static_cast<Network*>(of.context)->Start(role, at);
  };
  fixture.stop = [](contract::NetworkFixture& of) { static_cast<Network*>(of.context)->Stop(); };
  fixture.wait = [](contract::NetworkFixture& of, Interest interest) {
    static_cast<Network*>(of.context)->connection.Wait(interest, Millis{10});
    if (interest == Interest::kEither) {
      vTaskDelay(1);  // The relay makes room for a while yet, which is no sign of an answer.
    }
  };
  return contract::Run("freertos/network", contract::NetworkSuite(fixture));
}

int MakeNetwork(void** state) {
  *state = new Network;
  lwip_host::SetNameServer(true);
  return 0;
}

int DropNetwork(void** state) {
  delete static_cast<Network*>(*state);
  return 0;
}

Network& In(void** state) {
  return *static_cast<Network*>(*state);
}

void socket_connection_resolves_a_name_and_connects(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);

  assert_int_equal(network.Connect("both.test", port), Status::kOk);
}

void socket_connection_takes_ipv4_where_a_name_has_no_ipv6_address(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);

  assert_int_equal(network.Connect("only4.test", port), Status::kOk);
}

void socket_connection_takes_ipv4_where_ipv6_leads_nowhere(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);
  const Instant before = network.clock.Now();

  assert_int_equal(network.Connect("hole6.test", port), Status::kOk);

  assert_true(network.clock.Now() - before >= Millis{2900});
}

void socket_connection_takes_an_ipv6_address(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);

  assert_int_equal(network.Connect("::1", port), Status::kOk);
}

void socket_connection_says_when_a_name_has_no_address(void** state) {
  assert_int_equal(In(state).Connect("nobody.test", 443), Status::kUnavailable);
}

/// Asks for the name whose answers are late, until the server has been asked that often.
void AskForLate(Network& network, std::size_t answers) {
  while (lwip_host::late_answers() < answers) {
    assert_int_equal(network.connection.Connect("late.test", 443), Status::kPending);
    network.connection.Wait(Interest::kConnected, Millis{5});
  }
}

void socket_connection_is_woken_by_an_answer(void** state) {
  Network& network = In(state);
  AskForLate(network, 1);
  const Instant before = network.clock.Now();

  lwip_host::SendLateAnswers();
  network.connection.Wait(Interest::kConnected, Millis{5000});

  assert_true(network.clock.Now() - before < Millis{2000});
}

void socket_connection_that_was_closed_takes_no_late_answer(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);
  AskForLate(network, 1);

  network.connection.Close();
  assert_int_equal(network.connection.Connect("nobody.test", port), Status::kPending);
  lwip_host::SendLateAnswers();

  assert_int_equal(network.Connect("nobody.test", port), Status::kUnavailable);
}

void socket_connection_may_be_gone_when_an_answer_comes(void** state) {
  Network& network = In(state);
  auto* const gone = new Network;
  AskForLate(*gone, 1);
  delete gone;
  const std::uint16_t port = network.Listen(Peer::kSilent);

  lwip_host::SendLateAnswers();

  // Answered after that.
  assert_int_equal(network.Connect("only4.test", port), Status::kOk);
}

void socket_connections_ask_side_by_side(void** state) {
  Network& network = In(state);
  Network other;
  const std::uint16_t port = network.Listen(Peer::kSilent);
  AskForLate(network, 1);

  assert_int_equal(other.Connect("only4.test", port), Status::kOk);
  lwip_host::SendLateAnswers();
  while (network.connection.Connect("late.test", port) == Status::kPending &&
         lwip_host::late_answers() == 0) {
    network.connection.Wait(Interest::kConnected, Millis{5});
  }
  lwip_host::SendLateAnswers();

  assert_true(network.Connect("late.test", port) != Status::kPending);
}

void socket_connection_without_anything_to_wait_for_is_woken_by_a_notification(void** state) {
  Network& network = In(state);
  xTaskNotifyGive(xTaskGetCurrentTaskHandle());
  const Instant before = network.clock.Now();

  network.connection.Wait(Interest::kNothing, Millis{5000});

  assert_true(network.clock.Now() - before < Millis{2000});
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(socket_connection_resolves_a_name_and_connects, MakeNetwork,
                                      DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_takes_ipv4_where_a_name_has_no_ipv6_address,
                                      MakeNetwork, DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_takes_ipv4_where_ipv6_leads_nowhere,
                                      MakeNetwork, DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_takes_an_ipv6_address, MakeNetwork,
                                      DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_says_when_a_name_has_no_address,
                                      MakeNetwork, DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_is_woken_by_an_answer, MakeNetwork,
                                      DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_that_was_closed_takes_no_late_answer,
                                      MakeNetwork, DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connection_may_be_gone_when_an_answer_comes,
                                      MakeNetwork, DropNetwork),
      cmocka_unit_test_setup_teardown(socket_connections_ask_side_by_side, MakeNetwork,
                                      DropNetwork),
      cmocka_unit_test_setup_teardown(
          socket_connection_without_anything_to_wait_for_is_woken_by_a_notification, MakeNetwork,
          DropNetwork),
  };
  return cmocka_run_group_tests_name("freertos/connection", tests, nullptr, nullptr) +
         RunContract();
}
