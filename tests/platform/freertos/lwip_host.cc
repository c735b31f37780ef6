// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/freertos/lwip_host.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "lwip/api.h"
#include "lwip/dns.h"
#include "lwip/netif.h"
#include "lwip/sockets.h"
#include "lwip/tcp.h"
#include "lwip/tcpip.h"
#include "lwip/udp.h"
extern "C" {  // Which this one does not say by itself.
#include "lwip/priv/sockets_priv.h"
}

namespace connect_auth::test::lwip_host {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kDnsHeaderBytes = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;

constexpr std::array<std::uint8_t, 4> kLoopback4{127, 0, 0, 1};
constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 16> kBlackHole6{0xFD, 0, 0, 0, 0, 0, 0, 0,
                                                   0,    0, 0, 0, 0, 0, 0, 9};

using Packet = std::vector<std::uint8_t>;

// All of these are lwIP's, as the callbacks are.
netif black_hole;
struct Late {
  udp_pcb* from;
  ip_addr_t to;
  std::uint16_t port;
  Packet answer;
};
std::vector<Late> late;

class CoreLock {
 public:
  CoreLock() { LOCK_TCPIP_CORE(); }
  ~CoreLock() { UNLOCK_TCPIP_CORE(); }
  CoreLock(const CoreLock&) = delete;
  CoreLock& operator=(const CoreLock&) = delete;
};

err_t Lose(netif*, pbuf*, const ip4_addr_t*) {
  return ERR_OK;
}
err_t Lose6(netif*, pbuf*, const ip6_addr_t*) {
  return ERR_OK;
}

err_t SetUpBlackHole(netif* made) {
  made->name[0] = 'b';
  made->name[1] = 'h';
  made->mtu = 1500;
  made->output = Lose;
  made->output_ip6 = Lose6;
  return ERR_OK;
}

void AddBlackHole() {
  ip4_addr_t address;
  ip4_addr_t mask;
  ip4_addr_t none{};
  IP4_ADDR(&address, 10, 0, 0, 1);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  netif_add(&black_hole, &address, &mask, &none, nullptr, SetUpBlackHole, tcpip_input);
  netif_set_up(&black_hole);
  netif_set_link_up(&black_hole);
  netif_ip6_addr_set_parts(&black_hole, 0, lwip_htonl(0xFD000000U), 0, 0, lwip_htonl(1U));
  netif_ip6_addr_set_state(&black_hole, 0, IP6_ADDR_VALID);
}

std::string NameIn(const Packet& question) {
  std::string name;
  std::size_t at = kDnsHeaderBytes;
  while (at < question.size() && question[at] != 0) {
    name.append(name.empty() ? "" : ".");
    name.append(reinterpret_cast<const char*>(&question[at + 1]), question[at]);
    at += question[at] + 1U;
  }
  return name;
}

/// The address that a name has; empty: none of that kind.
Packet AddressOf(const std::string& name, std::uint16_t type) {
  if (type == kTypeAaaa && name == "both.test") {
    return {kLoopback6.begin(), kLoopback6.end()};
  }
  if (type == kTypeAaaa && name == "hole6.test") {
    return {kBlackHole6.begin(), kBlackHole6.end()};
  }
  const bool is_known =
      name == "both.test" || name == "only4.test" || name == "hole6.test" || name == "late.test";
  return type == kTypeA && is_known ? Packet(kLoopback4.begin(), kLoopback4.end()) : Packet();
}

Packet AnswerTo(Packet question) {
  const auto type = static_cast<std::uint16_t>(question[question.size() - 4] << 8 |
                                               question[question.size() - 3]);
  const Packet address = AddressOf(NameIn(question), type);
  question[2] |= 0x80;                          // A response.
  question[3] = address.empty() ? 0x83 : 0x80;  // No such name; or no error.
  question[7] = address.empty() ? 0 : 1;        // How many answers.
  if (!address.empty()) {
    question.insert(question.end(), {0xC0, kDnsHeaderBytes});  // The name asked for.
    question.insert(question.end(), {0, static_cast<std::uint8_t>(type), 0, 1, 0, 0, 0, 1, 0});
    question.push_back(static_cast<std::uint8_t>(address.size()));
    question.insert(question.end(), address.begin(), address.end());
  }
  return question;
}

void SendAnswer(const Late& answer) {
  pbuf* const packet =
      pbuf_alloc(PBUF_TRANSPORT, static_cast<u16_t>(answer.answer.size()), PBUF_RAM);
  pbuf_take(packet, answer.answer.data(), static_cast<u16_t>(answer.answer.size()));
  udp_sendto(answer.from, packet, &answer.to, answer.port);
  pbuf_free(packet);
}

void OnQuestion(void*, udp_pcb* pcb, pbuf* data, const ip_addr_t* from, u16_t port) {
  Packet question(data->tot_len);
  pbuf_copy_partial(data, question.data(), data->tot_len, 0);
  pbuf_free(data);
  const Late answer{pcb, *from, port, AnswerTo(question)};
  if (NameIn(question) == "late.test") {
    late.push_back(answer);
  } else {
    SendAnswer(answer);
  }
}

/// Null where the connection broke. With lwIP's lock held.
tcp_pcb* PcbOf(int connection) {
  return lwip_socket_dbg_get_socket(connection)->conn->pcb.tcp;
}

Moved Judge(ssize_t size) {
  if (size >= 0) {
    return {static_cast<std::size_t>(size), size == 0, false};
  }
  return {0, false, errno != EWOULDBLOCK && errno != EAGAIN};
}

void SetUpConnection(int number) {
  const int on = 1;
  lwip_fcntl(number, F_SETFL, O_NONBLOCK);
  lwip_setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

void Start() {
  static bool is_started = false;
  if (is_started) {
    return;
  }
  is_started = true;
  tcpip_init(nullptr, nullptr);
  const CoreLock lock;
  AddBlackHole();
  udp_pcb* const names = udp_new();
  udp_bind(names, IP4_ADDR_ANY, kDnsPort);
  udp_recv(names, OnQuestion, nullptr);
}

void SetNameServer(bool known) {
  const CoreLock lock;
  const ip_addr_t loopback = IPADDR4_INIT_BYTES(127, 0, 0, 1);
  dns_setserver(0, known ? &loopback : nullptr);
}

std::size_t late_answers() {
  const CoreLock lock;
  return late.size();
}

void SendLateAnswers() {
  const CoreLock lock;
  for (const Late& answer : late) {
    SendAnswer(answer);
  }
  late.clear();
}

int Listen(std::uint16_t port) {
  const int listener = lwip_socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
  if (listener < 0) {
    return -1;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = lwip_htons(port);
  lwip_fcntl(listener, F_SETFL, O_NONBLOCK);
  if (lwip_bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      lwip_listen(listener, 16) != 0) {
    lwip_close(listener);
    return -1;
  }
  return listener;
}

int Accept(int listener) {
  const int connection = lwip_accept(listener, nullptr, nullptr);
  if (connection >= 0) {
    SetUpConnection(connection);
  }
  return connection;
}

Moved Receive(int connection, Bytes into) {
  return Judge(lwip_recv(connection, into.data(), into.size(), 0));
}

Moved Send(int connection, ConstBytes data) {
  return Judge(lwip_send(connection, data.data(), data.size(), 0));
}

// Not with lwip_shutdown(): where the other end's FIN is there but was not read yet, lwIP 2.2 goes
// on to use a connection that it has freed. In that case Close() does the same soon after.
void EndStream(int connection) {
  const CoreLock lock;
  tcp_pcb* const pcb = PcbOf(connection);
  if (pcb != nullptr && pcb->state == ESTABLISHED) {
    tcp_shutdown(pcb, 0, 1);
  }
}

// lwIP's SO_LINGER makes a FIN of it where nothing is left to send.
void Reset(int connection) {
  {
    const CoreLock lock;
    tcp_pcb* const pcb = PcbOf(connection);
    if (pcb != nullptr) {
      tcp_abort(pcb);
    }
  }
  lwip_close(connection);
}

void Close(int number) {
  lwip_close(number);
}

}  // namespace connect_auth::test::lwip_host
