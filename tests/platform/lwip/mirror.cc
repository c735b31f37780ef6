// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/lwip/mirror.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "lwip/dns.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "platform/lwip/lwip_system.h"
#include "tests/fake/fake_entropy.h"

namespace connect_auth::test {

using contract::Peer;

namespace {

using Packet = std::vector<std::uint8_t>;

constexpr std::size_t kSourceAt = 12;
constexpr std::size_t kDestinationAt = 16;
constexpr std::size_t kTcpAt = 20;
constexpr std::size_t kSequenceAt = kTcpAt + 4;
constexpr std::size_t kFlagsAt = kTcpAt + 13;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kSyn = 2;
constexpr std::uint16_t kDnsPort = 53;

netif interface;
std::deque<Packet> on_the_way;
std::uint32_t last_first_sequence = 0;

/// A frame in one of the driver's buffers, which lwIP has borrowed.
struct Lent {
  pbuf_custom pbuf{};
  Packet octets;
};
std::size_t lent_now = 0;

void GiveBack(pbuf* frame) {
  delete reinterpret_cast<Lent*>(frame);
  --lent_now;
}

void PassUp(Packet octets) {
  if (lent_now == Mirror::kBuffers) {
    return;
  }
  ++lent_now;
  Lent* const frame = new Lent{{}, std::move(octets)};
  frame->pbuf.custom_free_function = GiveBack;
  const auto size = static_cast<u16_t>(frame->octets.size());
  pbuf* const wrapped =
      pbuf_alloced_custom(PBUF_RAW, size, PBUF_REF, &frame->pbuf, frame->octets.data(), size);
  if (interface.input(wrapped, &interface) != ERR_OK) {
    pbuf_free(wrapped);
  }
}
fake::FakeEntropy entropy;
tcp_pcb* listener = nullptr;
tcp_pcb* accepted = nullptr;
Peer role = Peer::kSilent;
std::vector<std::uint8_t> to_send;

struct Answer {
  udp_pcb* from = nullptr;
  ip_addr_t to{};
  std::uint16_t port = 0;
  Packet octets;
};
Answer answer;
bool ends = false;

err_t PutOnTheWay(netif*, pbuf* packet, const ip4_addr_t*) {
  Packet octets(packet->tot_len);
  pbuf_copy_partial(packet, octets.data(), packet->tot_len, 0);
  if (packet->tot_len > kFlagsAt && octets[9] == kTcp && octets[kFlagsAt] == kSyn) {
    std::uint32_t sequence;
    std::memcpy(&sequence, octets.data() + kSequenceAt, sizeof(sequence));
    last_first_sequence = lwip_ntohl(sequence);
  }
  on_the_way.push_back(std::move(octets));
  return ERR_OK;
}

err_t SetUp(netif* made) {
  made->name[0] = 'm';
  made->name[1] = 'i';
  made->mtu = 1500;
  made->output = PutOnTheWay;
  return ERR_OK;
}

ip4_addr_t Address(const char* text) {
  ip4_addr_t address;
  ip4addr_aton(text, &address);
  return address;
}

void SendRest() {
  while (accepted != nullptr && !to_send.empty()) {
    std::size_t size = std::min<std::size_t>(to_send.size(), tcp_sndbuf(accepted));
    while (size > 0 && tcp_write(accepted, to_send.data(), static_cast<u16_t>(size),
                                 TCP_WRITE_FLAG_COPY) != ERR_OK) {
      size /= 2;
    }
    if (size == 0) {
      break;
    }
    to_send.erase(to_send.begin(), to_send.begin() + static_cast<std::ptrdiff_t>(size));
  }
  if (accepted != nullptr) {
    tcp_output(accepted);
  }
  if (accepted != nullptr && ends && to_send.empty()) {
    tcp_shutdown(accepted, 0, 1);
    ends = false;
  }
}

void AddPeerBytes() {
  for (std::size_t i = 0; i < contract::kPeerBytes; ++i) {
    to_send.push_back(contract::PeerByteAt(i));
  }
}

std::vector<std::uint8_t> Take(tcp_pcb* pcb, pbuf* data) {
  std::vector<std::uint8_t> octets(data->tot_len);
  pbuf_copy_partial(data, octets.data(), data->tot_len, 0);
  tcp_recved(pcb, data->tot_len);
  pbuf_free(data);
  return octets;
}

err_t OnReceived(void*, tcp_pcb* pcb, pbuf* data, err_t) {
  static std::vector<std::uint8_t> held;
  if (data == nullptr) {
    return ERR_OK;
  }
  switch (role) {
    case Peer::kEcho:
    case Peer::kEchoPairs: {
      const std::vector<std::uint8_t> octets = Take(pcb, data);
      held.insert(held.end(), octets.begin(), octets.end());
      if (role == Peer::kEcho || held.size() % 2 == 0) {
        to_send.insert(to_send.end(), held.begin(), held.end());
        held.clear();
      }
      SendRest();
      return ERR_OK;
    }
    case Peer::kResets:
      pbuf_free(data);
      accepted = nullptr;
      tcp_abort(pcb);
      return ERR_ABRT;
    case Peer::kSendsOnly:
      AddPeerBytes();
      SendRest();
      role = Peer::kSilent;
      break;
    case Peer::kSendsAndCloses:
    case Peer::kSilent:
    case Peer::kRefuses:
    case Peer::kNeverAnswers:
    case Peer::kUnknownName:
    case Peer::kNoResolver:
      break;
  }
  // Without tcp_recved() the window closes.
  pbuf_free(data);
  return ERR_OK;
}

void OnError(void*, err_t) {
  accepted = nullptr;
}

/// Ends what was accepted.
void Drop() {
  if (accepted != nullptr) {
    tcp_recv(accepted, nullptr);
    tcp_err(accepted, nullptr);
    tcp_abort(accepted);
    accepted = nullptr;
  }
}

err_t OnSent(void*, tcp_pcb*, u16_t) {
  SendRest();
  return ERR_OK;
}

err_t OnAccepted(void*, tcp_pcb* pcb, err_t) {
  if (pcb == nullptr) {  // No memory for it.
    return ERR_OK;
  }
  Drop();
  accepted = pcb;
  tcp_nagle_disable(pcb);
  tcp_recv(pcb, OnReceived);
  tcp_err(pcb, OnError);
  tcp_sent(pcb, OnSent);
  if (role == Peer::kSendsAndCloses) {
    AddPeerBytes();
    ends = true;
    SendRest();
  }
  return ERR_OK;
}

}  // namespace

struct MirrorCallbacks {
  using Names = Mirror::Names;

  /// RFC 1035 section 4.1: the question comes back with an answer behind it.
  static void OnQuery(void* self, udp_pcb* pcb, pbuf* query, const ip_addr_t* from, u16_t port) {
    Mirror& mirror = *static_cast<Mirror*>(self);
    Packet octets(query->tot_len);
    pbuf_copy_partial(query, octets.data(), query->tot_len, 0);
    pbuf_free(query);
    if (mirror.names_ == Mirror::Names::kSilent) {
      return;
    }
    const bool known = mirror.names_ == Mirror::Names::kKnown || mirror.names_ == Names::kLate;
    const std::uint8_t code = mirror.names_ == Names::kUnknown ? 3 : 2;
    octets[2] = 0x81;
    octets[3] = known ? 0x80 : 0x80 | code;
    octets[7] = known ? 1 : 0;
    if (known) {
      const Packet record{0xC0, 12, 0, 1, 0, 1, 0, 9, 0x3A, 0x80, 0, 4, 10, 0, 0, 2};  // A week.
      octets.insert(octets.end(), record.begin(), record.end());
    }
    answer = {pcb, *from, port, std::move(octets)};
    if (mirror.names_ != Names::kLate) {
      SendAnswer();
    }
  }

  static void SendAnswer() {
    const auto size = static_cast<u16_t>(answer.octets.size());
    pbuf* const reply = pbuf_alloc(PBUF_TRANSPORT, size, PBUF_RAM);
    if (reply != nullptr) {
      pbuf_take(reply, answer.octets.data(), size);
      udp_sendto(answer.from, reply, &answer.to, answer.port);
      pbuf_free(reply);
    }
  }
};

Mirror::Mirror() {
  lwip::StartSystem(clock_, entropy);
  const ip4_addr_t own = Address("10.0.0.1");
  const ip4_addr_t mask = Address("255.255.255.0");
  const ip4_addr_t none = Address("0.0.0.0");
  netif_add(&interface, &own, &mask, &none, nullptr, SetUp, ip4_input);
  netif_set_default(&interface);
  netif_set_up(&interface);
  netif_set_link_up(&interface);
  udp_pcb* const names = udp_new();
  udp_bind(names, IP_ADDR_ANY, kDnsPort);
  udp_recv(names, MirrorCallbacks::OnQuery, this);
}

Mirror& Mirror::Get() {
  static Mirror mirror;
  return mirror;
}

void Mirror::SetNameServer(bool known) {
  const ip_addr_t server = Address(known ? kPeer : "0.0.0.0");
  dns_setserver(0, &server);
}

void Mirror::Run(Millis span) {
  for (std::size_t count = on_the_way.size(); count > 0; --count) {
    Packet packet = std::move(on_the_way.front());
    on_the_way.pop_front();
    const bool lost = loss_ != 0 && ++frames_ % loss_ == 0;
    if (lost || packet[kDestinationAt + 3] != 2) {
      continue;
    }
    std::swap_ranges(packet.begin() + kSourceAt, packet.begin() + kDestinationAt,
                     packet.begin() + kDestinationAt);
    PassUp(std::move(packet));
  }
  clock_.Advance(span);
  lwip::RunTimers();
  SendRest();
}

std::uint16_t Mirror::Listen(Peer peer) {
  role = peer;
  to_send.clear();
  ends = false;
  // Another one each time: lwIP keeps that of a connection that ended for a while.
  static std::uint16_t port = 4433;
  tcp_pcb* const pcb = tcp_new();
  tcp_bind(pcb, IP_ADDR_ANY, ++port);
  listener = tcp_listen(pcb);
  tcp_accept(listener, OnAccepted);
  return port;
}

void Mirror::Send(ConstBytes octets) {
  to_send.insert(to_send.end(), octets.begin(), octets.end());
  SendRest();
}

void Mirror::End() {
  ends = true;
  SendRest();
}

void Mirror::Reset() {
  tcp_abort(accepted);
}

void Mirror::SendLateAnswer() {
  MirrorCallbacks::SendAnswer();
}

std::size_t Mirror::lent() const {
  return lent_now;
}

bool Mirror::has_peer() const {
  return accepted != nullptr;
}

std::uint32_t Mirror::first_sequence() const {
  return last_first_sequence;
}

void Mirror::StopListening() {
  Drop();
  if (listener != nullptr) {
    tcp_close(listener);
    listener = nullptr;
  }
  on_the_way.clear();
}

}  // namespace connect_auth::test
