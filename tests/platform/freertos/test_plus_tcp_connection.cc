// SPDX-License-Identifier: Apache-2.0
//
// platform/freertos's Connection over FreeRTOS-Plus-TCP keeps the contract of the port, on a
// stand-in for that stack.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "FreeRTOS.h"
#include "platform/freertos/plus_tcp_connection.h"
#include "platform/freertos/tick_clock.h"
#include "platform/freertos/ticks.h"
#include "task.h"
#include "tests/platform/freertos/stand_in/plus_tcp.h"
#include "tests/platform/loopback_peer.h"
#include "tests/port/contract_network.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using contract::Peer;
using freertos::PlusTcpConnection;
using freertos::TickClock;
using test::LoopbackPeer;

/// Time that passes when the test says so, in the kernel's own ticks.
void Leap(Millis span) {
  xTaskCatchUpTicks(freertos::TicksFor(span));
}

struct Network {
  TickClock clock;
  PlusTcpConnection connection;
  LoopbackPeer peer;
  LoopbackPeer other_peer;  // At the same port of the other kind of address.
  Millis leap{0};           // With each wait.

  Network() = default;
  ~Network() { Stop(); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  bool Start(Peer role, contract::Endpoint& at) {
    if (role == Peer::kUnknownName) {
      return false;  // The stack does not tell it from a resolver that fails.
    }
    if (role == Peer::kNoResolver) {
      stand_in::SetNameServer(false);
      leap = Millis{500};
      at = {"both.test", 443};
      return true;
    }
    at = {"127.0.0.1", Listen(role)};
    return at.port != 0;
  }

  std::uint16_t Listen(Peer role) { return peer.Start(AF_INET, role) ? peer.port() : 0; }

  void Stop() {
    peer.Stop();
    other_peer.Stop();
    leap = Millis{0};
  }

  void Wait(Interest interest, Millis at_most) {
    connection.Wait(interest, at_most);
    Leap(leap);
  }

  /// Connects, with as many calls as it takes within `at_most`.
  Status Connect(std::string_view host, std::uint16_t port, Millis at_most = Millis{20'000}) {
    const Instant until = clock.Now() + at_most;
    Status status = connection.Connect(host, port);
    while (status == Status::kPending && clock.Now() < until) {
      Wait(Interest::kConnected, Millis{50});
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
    static_cast<Network*>(of.context)->Wait(interest, Millis{10});
    if (interest == Interest::kEither) {
      vTaskDelay(1);  // The system makes room for a while yet, which is no sign of an answer.
    }
  };
  return contract::Run("freertos/network over FreeRTOS-Plus-TCP", contract::NetworkSuite(fixture));
}

int MakeNetwork(void** state) {
  *state = new Network;
  stand_in::SetNameServer(true);
  return 0;
}

int DropNetwork(void** state) {
  delete static_cast<Network*>(*state);
  return 0;
}

Network& In(void** state) {
  return *static_cast<Network*>(*state);
}

void plus_tcp_connection_resolves_a_name_and_connects(void** state) {
  Network& network = In(state);

  assert_int_equal(network.Connect("both.test", network.Listen(Peer::kSilent)), Status::kOk);
}

void plus_tcp_connection_takes_an_address_that_the_stack_remembers(void** state) {
  Network& network = In(state);
  stand_in::SetNameServer(false);

  assert_int_equal(network.Connect("known.test", network.Listen(Peer::kSilent), Millis{1000}),
                   Status::kOk);
}

void plus_tcp_connection_takes_ipv6_where_a_name_has_no_ipv4_address(void** state) {
  Network& network = In(state);
  assert_true(network.peer.Start(AF_INET6, Peer::kSilent));
  network.leap = Millis{200};

  assert_int_equal(network.Connect("only6.test", network.peer.port()), Status::kOk);
}

void plus_tcp_connection_takes_ipv6_where_ipv4_leads_nowhere(void** state) {
  Network& network = In(state);
  assert_true(network.peer.Start(AF_INET, Peer::kNeverAnswers));
  assert_true(network.other_peer.Start(AF_INET6, Peer::kSilent, network.peer.port()));
  network.leap = Millis{100};
  const Instant before = network.clock.Now();

  assert_int_equal(network.Connect("both.test", network.peer.port()), Status::kOk);

  assert_true(network.clock.Now() - before >= Millis{2900});
}

void plus_tcp_connection_takes_ipv6_where_ipv4_is_refused(void** state) {
  Network& network = In(state);
  assert_true(network.peer.Start(AF_INET6, Peer::kSilent));
  const Instant before = network.clock.Now();

  assert_int_equal(network.Connect("both.test", network.peer.port()), Status::kOk);

  assert_true(network.clock.Now() - before < Millis{2000});
}

void plus_tcp_connection_takes_an_ipv6_address(void** state) {
  Network& network = In(state);
  assert_true(network.peer.Start(AF_INET6, Peer::kSilent));

  assert_int_equal(network.Connect("::1", network.peer.port()), Status::kOk);
}

void plus_tcp_connection_asks_anew_where_a_question_was_lost(void** state) {
  Network& network = In(state);
  network.leap = Millis{100};
  stand_in::LoseQuestions(2);
  const Instant before = network.clock.Now();

  assert_int_equal(network.Connect("both.test", network.Listen(Peer::kSilent)), Status::kOk);

  assert_true(network.clock.Now() - before < Millis{6000});
}

void plus_tcp_connection_says_when_a_name_has_no_address(void** state) {
  Network& network = In(state);
  network.leap = Millis{500};

  assert_int_equal(network.Connect("nobody.test", 443), Status::kUnavailable);
}

/// Asks for the name whose answers are late, until the server has been asked.
void AskForLate(Network& network, std::uint16_t port) {
  while (stand_in::late_answers() == 0) {
    assert_int_equal(network.connection.Connect("late.test", port), Status::kPending);
    network.connection.Wait(Interest::kConnected, Millis{5});
  }
}

void plus_tcp_connection_is_woken_by_an_answer(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);
  AskForLate(network, port);
  const Instant before = network.clock.Now();

  stand_in::SendLateAnswers(50);
  network.connection.Wait(Interest::kConnected, Millis{5000});

  assert_true(network.clock.Now() - before < Millis{200});
  assert_int_equal(network.Connect("late.test", port), Status::kOk);
}

void plus_tcp_connection_sees_an_answer_that_nobody_waits_for(void** state) {
  Network& network = In(state);
  const std::uint16_t port = network.Listen(Peer::kSilent);
  AskForLate(network, port);

  stand_in::SendLateAnswers();
  Status status = Status::kPending;
  while (status == Status::kPending) {
    status = network.connection.Connect("late.test", port);
  }

  assert_int_equal(status, Status::kOk);
}

void plus_tcp_connection_that_was_closed_takes_no_late_answer(void** state) {
  Network& network = In(state);
  network.leap = Millis{500};
  const std::uint16_t port = network.Listen(Peer::kSilent);
  AskForLate(network, port);

  stand_in::SendLateAnswers(50);
  vTaskDelay(20);
  network.connection.Close();
  assert_int_equal(network.connection.Connect("nobody.test", port), Status::kPending);

  assert_int_equal(network.Connect("nobody.test", port), Status::kUnavailable);
}

void plus_tcp_connection_takes_its_question_back(void** state) {
  Network& network = In(state);
  AskForLate(network, 443);

  network.connection.Close();

  assert_int_equal(stand_in::late_answers(), 0);
}

void plus_tcp_connection_may_be_gone_when_an_answer_comes(void** state) {
  Network& network = In(state);
  auto* const gone = new Network;
  AskForLate(*gone, 443);

  stand_in::SendLateAnswers(50);
  vTaskDelay(20);
  delete gone;  // While the resolver is on its way to tell.

  // Answered after that.
  assert_int_equal(network.Connect("only4.test", network.Listen(Peer::kSilent)), Status::kOk);
}

void plus_tcp_connections_ask_side_by_side(void** state) {
  Network& network = In(state);
  Network other;
  const std::uint16_t port = other.Listen(Peer::kSilent);
  AskForLate(network, port);

  assert_int_equal(other.Connect("only4.test", port), Status::kOk);
  stand_in::SendLateAnswers();

  assert_int_equal(network.Connect("late.test", port), Status::kOk);
}

/// Waits for something that does not come within 5 s.
void AssertIsWoken(Network& network, Interest interest) {
  const Instant before = network.clock.Now();
  network.connection.Wait(interest, Millis{5000});
  assert_true(network.clock.Now() - before < Millis{2000});
}

void plus_tcp_connection_is_woken_by_a_notification_also_while_it_waits_for_bytes(void** state) {
  Network& network = In(state);
  xTaskNotifyGive(xTaskGetCurrentTaskHandle());
  AssertIsWoken(network, Interest::kNothing);
  assert_int_equal(network.Connect("127.0.0.1", network.Listen(Peer::kSilent)), Status::kOk);
  network.connection.Wait(Interest::kReadable, Millis{20});  // What came of connecting.

  xTaskNotifyGive(xTaskGetCurrentTaskHandle());

  AssertIsWoken(network, Interest::kReadable);
}

void plus_tcp_connection_is_woken_by_bytes(void** state) {
  Network& network = In(state);
  std::array<std::uint8_t, 16> octets{};
  assert_int_equal(network.Connect("127.0.0.1", network.Listen(Peer::kEchoPairs)), Status::kOk);
  assert_int_equal(network.connection.Write(Bytes(octets).first(1)).bytes(), 1);
  network.connection.Wait(Interest::kReadable, Millis{100});  // What came of that.
  network.connection.Wait(Interest::kReadable, Millis{100});
  assert_int_equal(network.connection.Write(Bytes(octets).first(1)).bytes(), 1);

  const Instant before = network.clock.Now();
  while (network.connection.Read(octets).status() == Status::kPending) {
    network.connection.Wait(Interest::kReadable, Millis{5000});
  }

  assert_true(network.clock.Now() - before < Millis{2000});
}

/// A server with one connection, in the test's own hands.
class Server {
 public:
  Server() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    unsigned size = sizeof(at);
    assert_int_equal(bind(listener_, reinterpret_cast<sockaddr*>(&at), size), 0);
    assert_int_equal(listen(listener_, 1), 0);
    assert_int_equal(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~Server() {
    close(connection_);
    close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  int Accept() {
    connection_ = accept(listener_, nullptr, nullptr);
    return connection_;
  }

 private:
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

void plus_tcp_connection_that_is_closed_ends_the_stream(void** state) {
  Network& network = In(state);
  Server server;
  assert_int_equal(network.Connect("127.0.0.1", server.port()), Status::kOk);
  const int accepted = server.Accept();

  network.connection.Close();

  pollfd item{accepted, POLLIN, 0};
  std::uint8_t octet = 0;
  assert_int_equal(poll(&item, 1, 5000), 1);
  assert_int_equal(recv(accepted, &octet, 1, 0), 0);
}

void plus_tcp_connection_gives_last_words_to_who_still_writes(void** state) {
  Network& network = In(state);
  Server server;
  assert_int_equal(network.Connect("127.0.0.1", server.port()), Status::kOk);
  const int accepted = server.Accept();
  assert_int_equal(send(accepted, "bye", 3, 0), 3);
  shutdown(accepted, SHUT_WR);
  vTaskDelay(100);
  std::array<std::uint8_t, 16> octets{};

  assert_int_equal(network.connection.Write(octets).bytes(), octets.size());
  assert_int_equal(network.connection.Read(octets).bytes(), 3);
  assert_int_equal(network.connection.Read(octets).status(), Status::kClosed);
  assert_int_equal(network.connection.Write(octets).bytes(), octets.size());
  assert_int_equal(network.connection.Read(octets).status(), Status::kClosed);
}

}  // namespace

#define CONNECT_AUTH_PLUS_TCP_TEST(name) \
  cmocka_unit_test_setup_teardown(plus_tcp_connection##name, MakeNetwork, DropNetwork)

int main() {
  const CMUnitTest tests[] = {
      CONNECT_AUTH_PLUS_TCP_TEST(_resolves_a_name_and_connects),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_an_address_that_the_stack_remembers),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_ipv6_where_a_name_has_no_ipv4_address),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_ipv6_where_ipv4_leads_nowhere),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_ipv6_where_ipv4_is_refused),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_an_ipv6_address),
      CONNECT_AUTH_PLUS_TCP_TEST(_asks_anew_where_a_question_was_lost),
      CONNECT_AUTH_PLUS_TCP_TEST(_says_when_a_name_has_no_address),
      CONNECT_AUTH_PLUS_TCP_TEST(_is_woken_by_an_answer),
      CONNECT_AUTH_PLUS_TCP_TEST(_sees_an_answer_that_nobody_waits_for),
      CONNECT_AUTH_PLUS_TCP_TEST(_that_was_closed_takes_no_late_answer),
      CONNECT_AUTH_PLUS_TCP_TEST(_takes_its_question_back),
      CONNECT_AUTH_PLUS_TCP_TEST(_may_be_gone_when_an_answer_comes),
      CONNECT_AUTH_PLUS_TCP_TEST(s_ask_side_by_side),
      CONNECT_AUTH_PLUS_TCP_TEST(_is_woken_by_a_notification_also_while_it_waits_for_bytes),
      CONNECT_AUTH_PLUS_TCP_TEST(_is_woken_by_bytes),
      CONNECT_AUTH_PLUS_TCP_TEST(_that_is_closed_ends_the_stream),
      CONNECT_AUTH_PLUS_TCP_TEST(_gives_last_words_to_who_still_writes),
  };
  return cmocka_run_group_tests_name("freertos/plus_tcp_connection", tests, nullptr, nullptr) +
         RunContract();
}
