// SPDX-License-Identifier: Apache-2.0
//
// lwIP over the driver of the MAC, over a model of that. A peer, whose frames are made here, asks;
// what the board answers, and what becomes of its buffers, is looked at.

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "lwip/inet_chksum.h"
#include "lwip/udp.h"
#include "platform/lwip/lwip_system.h"
#include "platform/smartfusion2/ethernet.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/platform/smartfusion2/mac_model.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using smartfusion2::Emac;
using smartfusion2::Ethernet;
using smartfusion2::MacAddress;
using smartfusion2::StaticAddress;
using test::FrameOctets;
using test::MacModel;

constexpr MacAddress kOwnMac{2, 0, 0, 0, 0, 1};
constexpr MacAddress kPeerMac{2, 0, 0, 0, 0, 9};
constexpr std::array<std::uint8_t, 4> kOwn{10, 0, 0, 2};
constexpr std::array<std::uint8_t, 4> kPeer{10, 0, 0, 1};
constexpr std::uint16_t kPort = 7;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kUdp = 17;

// lwIP is one for the whole program, and so are all of these.
struct Board {
  Board() {
    lwip::StartSystem(clock, entropy);
    const StaticAddress fixed{lwip_htonl(0x0A000002), lwip_htonl(0xFFFFFF00), 0, 0};
    ethernet.Start(kOwnMac, &fixed);
  }

  MacModel mac;
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  Ethernet ethernet;
  std::vector<pbuf*> kept;
};

Board& board() {
  static Board* const only = new Board;
  return *only;
}

void Append(FrameOctets& frame, std::initializer_list<ConstBytes> pieces) {
  for (const ConstBytes piece : pieces) {
    frame.insert(frame.end(), piece.begin(), piece.end());
  }
}

FrameOctets Headed(std::uint16_t kind) {
  FrameOctets frame;
  const std::array<std::uint8_t, 2> type{static_cast<std::uint8_t>(kind >> 8),
                                         static_cast<std::uint8_t>(kind & 0xFF)};
  Append(frame, {kOwnMac, kPeerMac, type});
  return frame;
}

// Who has the board's address? It learns the peer's on the way.
FrameOctets ArpRequest() {
  constexpr std::array<std::uint8_t, 8> kRequest{0, 1, 8, 0, 6, 4, 0, 1};
  FrameOctets frame = Headed(0x0806);
  Append(frame, {kRequest, kPeerMac, kPeer, MacAddress{}, kOwn});
  return frame;
}

FrameOctets Ip(std::uint8_t protocol, const FrameOctets& payload) {
  const std::size_t size = 20 + payload.size();
  std::array<std::uint8_t, 12> header{0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0};
  header[2] = static_cast<std::uint8_t>(size >> 8);
  header[3] = static_cast<std::uint8_t>(size);
  FrameOctets frame = Headed(0x0800);
  Append(frame, {header, kPeer, kOwn, payload});
  const std::uint16_t sum = inet_chksum(frame.data() + 14, 20);
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&sum), 2, frame.begin() + 14 + 10);
  return frame;
}

FrameOctets Ping(std::size_t size) {
  FrameOctets echo(8 + size, 'p');
  std::fill_n(echo.begin(), 4, std::uint8_t{0});
  echo[0] = 8;
  const std::uint16_t sum = inet_chksum(echo.data(), static_cast<std::uint16_t>(echo.size()));
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&sum), 2, echo.begin() + 2);
  return Ip(kIcmp, echo);
}

FrameOctets Datagram(std::uint8_t content, std::size_t size) {
  constexpr std::size_t kHeader = 8;
  FrameOctets udp(kHeader + size, content);
  const std::array<std::uint8_t, kHeader> header{0,
                                                 kPort,
                                                 0,
                                                 kPort,
                                                 static_cast<std::uint8_t>(udp.size() >> 8),
                                                 static_cast<std::uint8_t>(udp.size()),
                                                 0,
                                                 0};
  std::copy(header.begin(), header.end(), udp.begin());
  return Ip(kUdp, udp);
}

// What the board sends upon it.
std::vector<FrameOctets> AnswersTo(const FrameOctets& frame) {
  const std::size_t before = board().mac.sent().size();
  board().mac.Arrive(frame);
  board().ethernet.Poll(board().clock.Now());
  const std::vector<FrameOctets>& sent = board().mac.sent();
  return {sent.begin() + static_cast<std::ptrdiff_t>(before), sent.end()};
}

bool IsAnswered(const FrameOctets& ping) {
  const std::vector<FrameOctets> answers = AnswersTo(ping);
  return answers.size() == 1 && answers[0].size() == ping.size() && answers[0][34] == 0 &&
         std::equal(answers[0].begin() + 42, answers[0].end(), ping.begin() + 42);
}

// More than once around the ring, so that no buffer is missing.
void AssertWorks() {
  for (std::size_t i = 0; i < 3 * Emac::kDescriptors; ++i) {
    assert_true(IsAnswered(Ping(10 * i)));
  }
}

// Somebody who does not give back what arrived.
void Keep(void*, udp_pcb*, pbuf* data, const ip_addr_t*, u16_t) {
  board().kept.push_back(data);
}

void DropKept() {
  for (pbuf* const each : board().kept) {
    pbuf_free(each);
  }
  board().kept.clear();
}

int SetUp(void**) {
  board();
  udp_pcb* const pcb = udp_new();
  udp_bind(pcb, IP_ADDR_ANY, kPort);
  udp_recv(pcb, Keep, nullptr);
  board().ethernet.Poll(board().clock.Now());
  return AnswersTo(ArpRequest()).size() == 1 ? 0 : 1;
}

void ethernet_answers_who_asks(void**) {
  const std::vector<FrameOctets> answers = AnswersTo(ArpRequest());
  assert_int_equal(answers.size(), 1);
  assert_memory_equal(answers[0].data(), kPeerMac.data(), kPeerMac.size());
  assert_memory_equal(answers[0].data() + 22, kOwnMac.data(), kOwnMac.size());
  assert_true(IsAnswered(Ping(0)));
  assert_true(IsAnswered(Ping(1472)));
}

void ethernet_follows_the_cable(void**) {
  assert_true(board().ethernet.has_link());

  board().mac.SetLink(false);
  board().ethernet.Poll(board().clock.Now());
  assert_true(board().ethernet.has_link());
  board().clock.Advance(Ethernet::kLinkPeriod);
  assert_true(board().ethernet.next_poll() <= board().clock.Now());
  board().ethernet.Poll(board().clock.Now());
  assert_false(board().ethernet.has_link());

  board().mac.SetLink(true);
  board().clock.Advance(Ethernet::kLinkPeriod);
  board().ethernet.Poll(board().clock.Now());
  assert_true(board().ethernet.has_link());
  AssertWorks();
}

void ethernet_goes_on_while_somebody_keeps_frames(void**) {
  constexpr std::size_t kKept = 12;
  for (std::uint8_t i = 0; i < kKept; ++i) {
    AnswersTo(Datagram(i, 100));
    AssertWorks();
  }
  assert_int_equal(board().kept.size(), kKept);
  for (std::uint8_t i = 0; i < kKept; ++i) {
    assert_int_equal(board().kept[i]->tot_len, 100);
    assert_int_equal(*static_cast<std::uint8_t*>(board().kept[i]->payload), i);
  }
  DropKept();
  AssertWorks();
}

void ethernet_drops_what_there_is_no_memory_for(void**) {
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t before = board().ethernet.dropped();
    for (int i = 0; i < 30 && board().ethernet.dropped() == before; ++i) {
      AnswersTo(Datagram(0, 1400));
    }
    assert_int_equal(board().ethernet.dropped(), before + 1);
    assert_true(board().mac.receives());
    DropKept();
    AssertWorks();
  }
}

void ethernet_a_flood_leaves_the_caller_his_turn(void**) {
  board().mac.FloodWith(ArpRequest());
  for (int i = 0; i < 10; ++i) {
    assert_in_range(AnswersTo(ArpRequest()).size(), 1, Emac::kDescriptors);
    assert_true(Emac::HasInterrupt());
  }
  board().mac.FloodWith({});
  AnswersTo({});
  AnswersTo({});
  assert_false(Emac::HasInterrupt());
  AssertWorks();
}

void ethernet_counts_what_does_not_go(void**) {
  board().mac.SetSendDelay(MacModel::kNever);
  assert_false(IsAnswered(Ping(1)));
  board().mac.SetSendDelay(0);
  assert_int_equal(board().ethernet.unsent(), 1);
  AssertWorks();
}

// Nothing is read or written outside of what it may, which the sanitizers see, and no buffer is
// lost.
void ethernet_survives_frames_that_lie(void**) {
  std::mt19937 chance(1);
  const std::array whole{ArpRequest(),
                         Ping(40),
                         Datagram(1, 300),
                         Ip(6, FrameOctets(20, 0x50)),
                         FrameOctets(Emac::kBufferBytes, 0xFF),
                         FrameOctets()};
  for (int i = 0; i < 30'000; ++i) {
    FrameOctets frame = whole[chance() % whole.size()];
    for (std::uint32_t flips = chance() % 4; flips > 0 && !frame.empty(); --flips) {
      frame[chance() % std::min<std::size_t>(frame.size(), 64)] =
          static_cast<std::uint8_t>(chance());
    }
    const auto stored =
        static_cast<std::uint32_t>(chance() % 3 == 0 ? chance() : chance() % (frame.size() + 1));
    board().mac.ArriveWithSize(frame, stored);
    board().ethernet.Poll(board().clock.Now());
    DropKept();
  }
  assert_int_equal(AnswersTo(ArpRequest()).size(), 1);
  AssertWorks();
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(ethernet_answers_who_asks),
      cmocka_unit_test(ethernet_follows_the_cable),
      cmocka_unit_test(ethernet_goes_on_while_somebody_keeps_frames),
      cmocka_unit_test(ethernet_drops_what_there_is_no_memory_for),
      cmocka_unit_test(ethernet_a_flood_leaves_the_caller_his_turn),
      cmocka_unit_test(ethernet_counts_what_does_not_go),
      cmocka_unit_test(ethernet_survives_frames_that_lie),
  };
  return cmocka_run_group_tests_name("smartfusion2/ethernet", tests, SetUp, nullptr);
}
