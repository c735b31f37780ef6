// SPDX-License-Identifier: Apache-2.0
//
// LwipConnection keeps the contract of its port, and what it promises beyond.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lwip/tcp.h"
#include "platform/lwip/lwip_connection.h"
#include "tests/cmocka.h"
#include "tests/platform/lwip/mirror.h"
#include "tests/platform/lwip/test_heap.h"
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

  /// A connection on which `peer` waits.
  void Begin(Peer peer) {
    const std::uint16_t port = mirror.Listen(peer);
    assert_true(ConnectTo(Mirror::kPeer, port, Millis{1000}) == Status::kOk);
    Pass(Millis{50});
  }

  void Pass(Millis span) {
    for (Millis passed{0}; passed < span; passed = passed + kStep) {
      mirror.Run(kStep);
    }
  }

  Mirror& mirror = Mirror::Get();
  LwipConnection connection;
};

/// Reads what is there without giving the network any time.
std::vector<std::uint8_t> ReadAll(LwipConnection& connection) {
  std::vector<std::uint8_t> all;
  std::array<std::uint8_t, 100> some;
  for (IoResult got = connection.Read(some); got.ok(); got = connection.Read(some)) {
    all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(got.bytes()));
  }
  return all;
}

/// Lets everything end that lwIP keeps of connections: TIME-WAIT takes two minutes.
void PassMinutes() {
  for (int i = 0; i < 1000; ++i) {
    Mirror::Get().Run(Millis{250});
  }
}

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
  fixture.clock = &Mirror::Get().clock();
  fixture.context = &Mirror::Get();
  fixture.start = StartPeer;
  fixture.stop = [](NetworkFixture& self) { static_cast<Mirror*>(self.context)->StopListening(); };
  fixture.wait = [](NetworkFixture& self, Interest) {
    static_cast<Mirror*>(self.context)->Run(Millis{2});
  };
  return contract::Run("lwip/network", contract::NetworkSuite(fixture));
}

void lwip_connection_resolves_a_name(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  assert_true(scene.ConnectTo("server.domain.tld", port, Millis{1000}) == Status::kOk);
}

void lwip_connection_resolves_the_longest_name(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  std::array<char, 253> name;
  name.fill('a');
  for (std::size_t dot = 49; dot < name.size(); dot += 50) {
    name[dot] = '.';
  }
  assert_true(scene.ConnectTo({name.data(), name.size()}, port, Millis{1000}) == Status::kOk);
}

void lwip_connection_says_when_a_name_is_not_resolved(void**) {
  Scene scene;
  scene.mirror.Answer(Mirror::Names::kUnknown);
  assert_true(scene.ConnectTo("unknown.tld", 1, Millis{1000}) == Status::kUnavailable);
  scene.connection.Close();
  scene.mirror.Answer(Mirror::Names::kFails);
  assert_true(scene.ConnectTo("failing.tld", 1, Millis{1000}) == Status::kUnavailable);
  scene.connection.Close();
  scene.mirror.Answer(Mirror::Names::kSilent);
  assert_true(scene.ConnectTo("silent.tld", 1, Millis{60000}) == Status::kUnavailable);
}

void lwip_connection_does_not_believe_an_answer_for_long(void**) {
  Scene scene;
  scene.mirror.Answer(Mirror::Names::kKnown);
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  assert_true(scene.ConnectTo("moved.tld", port, Millis{1000}) == Status::kOk);
  scene.connection.Close();

  constexpr int kMostSeconds = 301;  // Of the week that it claims.
  for (int i = 0; i < kMostSeconds; ++i) {
    scene.mirror.Run(Millis::Seconds(1));
  }

  scene.mirror.Answer(Mirror::Names::kUnknown);
  assert_true(scene.ConnectTo("moved.tld", port, Millis{1000}) == Status::kUnavailable);
}

void lwip_connection_takes_no_answer_to_an_earlier_question(void**) {
  Scene scene;
  scene.mirror.Answer(Mirror::Names::kKnown);
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  assert_true(scene.connection.Connect("first.tld", port) == Status::kPending);
  scene.connection.Close();
  assert_true(scene.connection.Connect(Mirror::kBlackHole, port) == Status::kPending);

  assert_true(scene.ConnectTo(Mirror::kBlackHole, port, Millis{1000}) == Status::kPending);
}

void lwip_connection_asks_again_when_the_resolver_is_free(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  scene.mirror.Answer(Mirror::Names::kLate);
  assert_true(scene.ConnectTo("late.tld", port, Millis{100}) == Status::kPending);
  scene.connection.Close();

  assert_true(scene.ConnectTo("late.tld", port, Millis{100}) == Status::kPending);
  scene.connection.Close();
  assert_true(scene.ConnectTo("other.tld", port, Millis{100}) == Status::kPending);
  scene.mirror.Answer(Mirror::Names::kKnown);
  scene.mirror.SendLateAnswer();

  assert_true(scene.ConnectTo("other.tld", port, Millis{1000}) == Status::kOk);
}

void lwip_connection_to_a_slow_resolver_waits_for_it(void**) {
  Scene scene;
  const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
  scene.mirror.Answer(Mirror::Names::kLate);
  assert_true(scene.ConnectTo("slow.tld", port, Millis{3000}) == Status::kPending);

  scene.mirror.SendLateAnswer();

  assert_true(scene.ConnectTo("slow.tld", port, Millis{1000}) == Status::kOk);
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

/// The window closes, and opens when somebody reads.
void lwip_connection_holds_a_window_of_octets_at_most(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  const std::vector<std::uint8_t> sent(20000, 0x5A);
  scene.mirror.Send(sent);
  scene.Pass(Millis{5000});

  std::size_t received = ReadAll(scene.connection).size();
  assert_int_equal(received, TCP_WND);
  for (int i = 0; i < 100 && received < sent.size(); ++i) {
    scene.Pass(Millis{100});
    const std::size_t more = ReadAll(scene.connection).size();
    assert_true(more <= TCP_WND);
    received += more;
  }

  assert_int_equal(received, sent.size());
}

/// Small frames hold as much of the driver's memory as large ones, so it is frames that count.
void lwip_connection_leaves_the_driver_a_buffer_whatever_the_peer_sends(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  std::vector<std::uint8_t> sent;
  for (std::uint8_t i = 0; i < 20; ++i) {
    sent.push_back(i);
    scene.mirror.Send({&i, 1});
    scene.Pass(Millis{20});
    assert_true(scene.mirror.lent() < Mirror::kBuffers);
  }
  const std::array<std::uint8_t, 1> octet{1};
  assert_true(scene.connection.Write(octet).ok());

  std::vector<std::uint8_t> received;
  for (int i = 0; i < 1000 && received.size() < sent.size(); ++i) {
    const std::vector<std::uint8_t> some = ReadAll(scene.connection);
    received.insert(received.end(), some.begin(), some.end());
    scene.Pass(kStep);
  }

  assert_true(received == sent);
  assert_int_equal(scene.mirror.lent(), 0);
}

void lwip_connection_takes_a_refused_frame_as_soon_as_there_is_room(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  for (std::uint8_t i = 0; i < 3; ++i) {
    scene.mirror.Send({&i, 1});
  }
  scene.Pass(kStep);

  assert_int_equal(ReadAll(scene.connection).size(), 3);
}

void lwip_connection_that_broke_gives_what_came_before(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  const std::array<std::uint8_t, 3> sent{1, 2, 3};
  std::array<std::uint8_t, 2> some;
  scene.mirror.Send(sent);
  scene.Pass(Millis{50});
  scene.mirror.Reset();
  scene.Pass(Millis{50});

  assert_int_equal(scene.connection.Read(some).bytes(), 2);
  assert_int_equal(scene.connection.Read(some).bytes(), 1);
  assert_true(scene.connection.Read(some).status() == Status::kUnavailable);
  assert_true(scene.connection.Write(some).status() == Status::kUnavailable);
  assert_true(scene.connection.Read(some).status() == Status::kUnavailable);
}

void lwip_connection_whose_break_was_noticed_gives_nothing_more(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  const std::array<std::uint8_t, 3> sent{1, 2, 3};
  std::array<std::uint8_t, 2> some{};
  scene.mirror.Send(sent);
  scene.Pass(Millis{50});
  scene.mirror.Reset();
  scene.Pass(Millis{50});

  assert_true(scene.connection.Write(some).status() == Status::kUnavailable);
  assert_true(scene.connection.Read(some).status() == Status::kUnavailable);
  assert_int_equal(scene.mirror.lent(), 0);
}

/// A server that answers early and does not want the rest of the request.
void lwip_connection_reset_after_its_end_has_ended(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  const std::array<std::uint8_t, 3> sent{1, 2, 3};
  std::array<std::uint8_t, 4> some;
  scene.mirror.Send(sent);
  scene.mirror.End();
  scene.Pass(Millis{50});
  scene.mirror.Reset();
  scene.Pass(Millis{50});

  assert_int_equal(scene.connection.Read(some).bytes(), 3);
  assert_true(scene.connection.Read(some).status() == Status::kClosed);
  assert_true(scene.connection.Read(some).status() == Status::kClosed);
}

void lwip_connection_closed_with_unread_octets_tells_the_peer(void**) {
  Scene scene;
  scene.Begin(Peer::kSilent);
  const std::array<std::uint8_t, 3> sent{1, 2, 3};
  scene.mirror.Send(sent);
  scene.Pass(Millis{50});

  scene.connection.Close();
  scene.Pass(Millis{50});

  assert_false(scene.mirror.has_peer());
  assert_int_equal(scene.mirror.lent(), 0);
}

/// RFC 6528: who can guess the number can speak for the other side.
void lwip_connection_begins_with_a_number_nobody_can_guess(void**) {
  std::uint32_t same = 0xFFFFFFFF;
  std::uint32_t before = 0;
  for (int i = 0; i < 16; ++i) {
    Scene scene;
    scene.Begin(Peer::kSilent);
    const std::uint32_t number = scene.mirror.first_sequence();
    same &= i == 0 ? 0xFFFFFFFF : ~(number ^ before);
    before = number;
  }
  assert_int_equal(same, 0);
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
      // Lent for the call only.
      std::vector<std::uint8_t> rest(data.begin() + static_cast<std::ptrdiff_t>(sent), data.end());
      const IoResult written = scene.connection.Write(rest);
      std::fill(rest.begin(), rest.end(), std::uint8_t{0});
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

/// Everything a connection does, with however many calls it takes.
Status DoAJob(Scene& scene, std::uint16_t port) {
  const Status status = scene.ConnectTo("server.domain.tld", port, Millis{30000});
  if (status != Status::kOk) {
    return status;
  }
  const std::vector<std::uint8_t> sent(4000, 0xA5);
  std::array<std::uint8_t, 1000> some;
  std::size_t written = 0;
  std::size_t received = 0;
  for (int i = 0; i < 3000 && received < sent.size(); ++i) {
    if (written < sent.size()) {
      const IoResult taken = scene.connection.Write(ConstBytes(sent).subspan(written));
      written += taken.ok() ? taken.bytes() : 0;
    }
    scene.mirror.Run(kStep);
    const IoResult got = scene.connection.Read(some);
    received += got.ok() ? got.bytes() : 0;
    if (!got.ok() && got.status() != Status::kPending) {
      return got.status();
    }
  }
  return received == sent.size() ? Status::kOk : Status::kTimeout;
}

/// Whichever allocation of lwIP's fails: the job is done later, or is known to have failed; nothing
/// is lost, and the next one is as good as ever.
void lwip_connection_bears_the_failure_of_any_allocation(void**) {
  test::TestHeap& heap = test::TestHeap::Get();
  PassMinutes();
  const std::size_t used = heap.used();
  bool failed = true;
  int done = 0;
  for (std::uint32_t n = 1; failed; ++n) {
    {
      Scene scene;
      const std::uint16_t port = scene.mirror.Listen(Peer::kEcho);
      heap.FailCall(n);
      const Status status = DoAJob(scene, port);
      failed = heap.failed();
      heap.FailCall(0);
      assert_true(status == Status::kOk || status == Status::kUnavailable);
      done += status == Status::kOk ? 1 : 0;
      scene.connection.Close();
      assert_true(DoAJob(scene, port) == Status::kOk);
    }
    PassMinutes();
    assert_int_equal(heap.used(), used);
    assert_int_equal(Mirror::Get().lent(), 0);
  }
  assert_true(done > 10);
}

/// Connections that were closed leave nothing behind that the next one lacks.
void lwip_connection_can_be_made_again_and_again(void**) {
  for (int i = 0; i < 100; ++i) {
    Scene scene;
    const std::uint16_t port = scene.mirror.Listen(Peer::kSilent);
    // The heap is the peer's as well. Where it has none for a SYN, lwIP sends another 3 s later.
    assert_true(scene.ConnectTo(Mirror::kPeer, port, Millis{4000}) == Status::kOk);
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
      cmocka_unit_test(lwip_connection_resolves_the_longest_name),
      cmocka_unit_test(lwip_connection_says_when_a_name_is_not_resolved),
      cmocka_unit_test(lwip_connection_takes_no_answer_to_an_earlier_question),
      cmocka_unit_test(lwip_connection_does_not_believe_an_answer_for_long),
      cmocka_unit_test(lwip_connection_may_be_gone_when_an_answer_comes),
      cmocka_unit_test(lwip_connection_asks_again_when_the_resolver_is_free),
      cmocka_unit_test(lwip_connection_to_a_slow_resolver_waits_for_it),
      cmocka_unit_test(lwip_connection_holds_back_a_peer_that_sends_faster_than_is_read),
      cmocka_unit_test(lwip_connection_holds_a_window_of_octets_at_most),
      cmocka_unit_test(lwip_connection_leaves_the_driver_a_buffer_whatever_the_peer_sends),
      cmocka_unit_test(lwip_connection_takes_a_refused_frame_as_soon_as_there_is_room),
      cmocka_unit_test(lwip_connection_that_broke_gives_what_came_before),
      cmocka_unit_test(lwip_connection_whose_break_was_noticed_gives_nothing_more),
      cmocka_unit_test(lwip_connection_reset_after_its_end_has_ended),
      cmocka_unit_test(lwip_connection_closed_with_unread_octets_tells_the_peer),
      cmocka_unit_test(lwip_connection_begins_with_a_number_nobody_can_guess),
      cmocka_unit_test(lwip_connection_survives_lost_frames),
      cmocka_unit_test(lwip_connection_waits_for_memory),
      cmocka_unit_test(lwip_connection_bears_the_failure_of_any_allocation),
      cmocka_unit_test(lwip_connection_can_be_made_again_and_again),
  };
  return cmocka_run_group_tests_name("lwip/connection", tests, nullptr, nullptr) + RunContract();
}
