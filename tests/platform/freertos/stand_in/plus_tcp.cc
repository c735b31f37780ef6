// SPDX-License-Identifier: Apache-2.0
//
// FreeRTOS-Plus-TCP over the system's sockets: the IP task is a thread, which alone moves bytes,
// changes states and tells about both. What the stack does with a call that would wait, ends the
// program here: nothing of platform/freertos may.
#include "tests/platform/freertos/stand_in/plus_tcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "FreeRTOS_DNS.h"
#include "FreeRTOS_Sockets.h"
#include "FreeRTOS_TCP_IP.h"

using Octets = std::vector<std::uint8_t>;

struct xSOCKET {
  BaseType_t family = 0;
  int host = -1;  // The system's.
  eIPTCPState_t state = eCLOSED;
  Octets received;
  Octets to_send;
  bool peer_ended = false;
  bool is_shut_down = false;
  bool fin_sent = false;
  bool is_closing = false;
  TickType_t receive_time = portMAX_DELAY;
  TickType_t send_time = portMAX_DELAY;
  SocketWakeupCallback_t wake = nullptr;
  void* id = nullptr;
};

namespace connect_auth::stand_in {
namespace {

// As large as the stack's own in an ordinary configuration.
constexpr std::size_t kBufferBytes = 5840;

enum class Answer : std::uint8_t { kNone, kLate, kReady };

struct Question {
  std::string name;
  BaseType_t family = 0;
  FOnDNSEvent callback = nullptr;
  void* id = nullptr;
  TickType_t asked_at = 0;
  TickType_t patience = 0;
  Answer answer = Answer::kNone;
};

// All of the stack's, and for ever, as its task is. The mutex is not held while somebody is told of
// an event, as nothing is in the IP task.
std::mutex mutex;
std::list<xSOCKET*>& sockets = *new std::list<xSOCKET*>;
std::list<Question>& questions = *new std::list<Question>;
// What has no socket any more, but a peer who does not know that.
std::vector<int>& forgotten = *new std::vector<int>;
bool has_name_server = true;
int questions_to_lose = 0;
int gap = 0;
int bell = -1;  // Rings for the IP task.

using Guard = std::lock_guard<std::mutex>;

void Require(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "FreeRTOS-Plus-TCP stand-in: %s\n", what);
    std::abort();
  }
}

void Ring() {
  const std::uint64_t one = 1;
  Require(write(bell, &one, sizeof(one)) == sizeof(one), "the bell is broken");
}

bool IsOver(const xSOCKET& socket) {
  return socket.state == eCLOSED || socket.state == eCLOSE_WAIT || socket.state == eCLOSING;
}

/// @return whether the socket's owner is told. Of a refusal nobody is.
bool FinishConnecting(xSOCKET& socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket.host, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == ECONNREFUSED) {
    socket.state = eCLOSED;
    return false;
  }
  socket.state = error == 0 ? eESTABLISHED : eCLOSE_WAIT;
  return true;
}

bool Receive(xSOCKET& socket) {
  std::array<std::uint8_t, kBufferBytes> octets;
  const std::size_t room = kBufferBytes - socket.received.size();
  if (room == 0 || socket.peer_ended) {
    return false;
  }
  const ssize_t got = recv(socket.host, octets.data(), room, MSG_DONTWAIT);
  if (got > 0) {
    socket.received.insert(socket.received.end(), octets.begin(), octets.begin() + got);
    return true;
  }
  socket.peer_ended = got == 0;
  const bool is_reset = got < 0 && errno != EAGAIN;
  socket.state = is_reset ? eCLOSED : socket.state;
  return is_reset;
}

bool Send(xSOCKET& socket) {
  if (socket.to_send.empty() || socket.state != eESTABLISHED) {
    return false;
  }
  const ssize_t sent =
      send(socket.host, socket.to_send.data(), socket.to_send.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    socket.to_send.erase(socket.to_send.begin(), socket.to_send.begin() + sent);
    return true;
  }
  const bool is_reset = errno != EAGAIN;
  socket.state = is_reset ? eCLOSED : socket.state;
  return is_reset;
}

/// Its own end follows the peer's, and that both are there is a state later.
bool End(xSOCKET& socket) {
  if (socket.state == eLAST_ACK) {
    socket.state = eCLOSE_WAIT;
    return true;
  }
  const bool ends = socket.state == eESTABLISHED && socket.to_send.empty() &&
                    (socket.peer_ended || socket.is_shut_down);
  if (ends && !socket.fin_sent) {
    shutdown(socket.host, SHUT_WR);
    socket.fin_sent = true;
    socket.state = socket.peer_ended ? eLAST_ACK : eFIN_WAIT_1;
    Ring();
  }
  return false;
}

bool Serve(xSOCKET& socket, int events) {
  if (socket.state == eCONNECT_SYN) {
    return events != 0 && FinishConnecting(socket);
  }
  if (socket.state < eESTABLISHED || IsOver(socket)) {
    return false;
  }
  const bool is_reset = (events & POLLERR) != 0 && socket.received.size() == kBufferBytes;
  socket.state = is_reset ? eCLOSED : socket.state;
  const bool received = Receive(socket);
  const bool sent = Send(socket);
  const bool ended = End(socket);
  return is_reset || received || sent || ended;
}

/// Frees it, and says nothing more to the peer, who hears that if he asks.
void Dispose(xSOCKET* socket) {
  Serve(*socket, 0);  // What was to be done before that.
  if (socket->state == eESTABLISHED) {
    const linger none{1, 0};
    setsockopt(socket->host, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    forgotten.push_back(socket->host);
  } else if (socket->host >= 0) {
    close(socket->host);
  }
  sockets.remove(socket);
  delete socket;
}

void DisposeOfClosed() {
  std::vector<xSOCKET*> closing;
  std::copy_if(sockets.begin(), sockets.end(), std::back_inserter(closing),
               [](const xSOCKET* socket) { return socket->is_closing; });
  std::for_each(closing.begin(), closing.end(), Dispose);
}

void ResetForgotten() {
  const auto is_asked = [](int host) {
    pollfd item{host, POLLIN, 0};
    return poll(&item, 1, 0) > 0 && close(host) == 0;
  };
  forgotten.erase(std::remove_if(forgotten.begin(), forgotten.end(), is_asked), forgotten.end());
}

pollfd Watched(const xSOCKET& socket) {
  short events = 0;
  if (socket.state == eCONNECT_SYN || !socket.to_send.empty()) {
    events |= POLLOUT;
  }
  if (socket.state == eESTABLISHED && !socket.peer_ended && socket.received.size() < kBufferBytes) {
    events |= POLLIN;
  }
  const bool is_watched = socket.state >= eCONNECT_SYN && !IsOver(socket);
  return {is_watched ? socket.host : -1, events, 0};
}

/// All that happened to sockets since the last time.
void ServeSockets() {
  std::vector<pollfd> items{{bell, POLLIN, 0}};
  std::vector<xSOCKET*> served;
  {
    const Guard guard(mutex);
    for (xSOCKET* socket : sockets) {
      items.push_back(Watched(*socket));
      served.push_back(socket);
    }
  }
  poll(items.data(), items.size(), 5);
  std::uint64_t rung = 0;
  static_cast<void>(!read(bell, &rung, sizeof(rung)));
  std::vector<xSOCKET*> to_tell;
  {
    const Guard guard(mutex);
    for (std::size_t i = 0; i < served.size(); ++i) {
      if (Serve(*served[i], items[i + 1].revents) && served[i]->wake != nullptr) {
        to_tell.push_back(served[i]);
      }
    }
  }
  for (xSOCKET* socket : to_tell) {  // Nobody else frees one.
    socket->wake(socket);
  }
  const Guard guard(mutex);
  DisposeOfClosed();
  ResetForgotten();
}

/// @return whether the name has such an address.
bool Find(const std::string& name, BaseType_t family, IP_Address_t& into) {
  const bool is_6 = family == FREERTOS_AF_INET6;
  const auto is_one_of = [&](std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_6 ? !is_one_of({"both.test", "only6.test"})
           : !is_one_of({"both.test", "only4.test", "known.test", "late.test", "localhost"})) {
    return false;
  }
  return FreeRTOS_inet_pton(family, is_6 ? "::1" : "127.0.0.1", &into) == pdPASS;
}

freertos_addrinfo* NewInfo(const std::string& name, BaseType_t family) {
  auto* const info = new freertos_addrinfo{};
  info->ai_family = family;
  info->ai_addr = &info->xPrivateStorage.sockaddr;
  Find(name, family, info->ai_addr->sin_address);
  return info;
}

/// The next question whose time has come, struck off the list.
bool TakeQuestion(Question& into) {
  const Guard guard(mutex);
  const auto found = std::find_if(questions.begin(), questions.end(), [](const Question& each) {
    return each.answer == Answer::kReady || xTaskGetTickCount() - each.asked_at >= each.patience;
  });
  if (found == questions.end()) {
    return false;
  }
  into = *found;
  questions.erase(found);
  return true;
}

void AnswerQuestions() {
  Question question;
  while (TakeQuestion(question)) {
    const bool is_answered = question.answer == Answer::kReady;
    freertos_addrinfo* const info = is_answered ? NewInfo(question.name, question.family) : nullptr;
    {
      mutex.lock();
      const int wait = is_answered ? gap : 0;
      mutex.unlock();
      usleep(static_cast<useconds_t>(wait) * 1000);
    }
    question.callback(question.name.c_str(), question.id, info);
    FreeRTOS_freeaddrinfo(info);
  }
}

void* RunIpTask(void*) {
  for (;;) {
    ServeSockets();
    AnswerQuestions();
  }
}

void Start() {
  static std::once_flag once;
  std::call_once(once, [] {
    bell = eventfd(0, EFD_NONBLOCK);
    pthread_t thread{};
    Require(pthread_create(&thread, nullptr, RunIpTask, nullptr) == 0, "no thread");
    pthread_detach(thread);
  });
}

Answer AnswerTo(const std::string& name, BaseType_t family) {
  IP_Address_t ignored;
  if (!has_name_server || questions_to_lose > 0) {
    questions_to_lose = std::max(0, questions_to_lose - 1);
    return Answer::kNone;
  }
  if (!Find(name, family, ignored)) {
    return Answer::kNone;
  }
  return name == "late.test" ? Answer::kLate : Answer::kReady;
}

sockaddr_storage AddressOf(const freertos_sockaddr& from, socklen_t& size) {
  sockaddr_storage result{};
  if (from.sin_family == FREERTOS_AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = from.sin_port;
    std::memcpy(&v6.sin6_addr, from.sin_address.xIP_IPv6.ucBytes, sizeof(v6.sin6_addr));
    size = sizeof(v6);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(result);
    v4.sin_family = AF_INET;
    v4.sin_port = from.sin_port;
    v4.sin_addr.s_addr = from.sin_address.ulIP_IPv4;
    size = sizeof(v4);
  }
  return result;
}

}  // namespace

void SetNameServer(bool is_there) {
  const Guard guard(mutex);
  has_name_server = is_there;
}

void LoseQuestions(int count) {
  const Guard guard(mutex);
  questions_to_lose = count;
}

std::size_t late_answers() {
  const Guard guard(mutex);
  return static_cast<std::size_t>(
      std::count_if(questions.begin(), questions.end(),
                    [](const Question& each) { return each.answer == Answer::kLate; }));
}

void SendLateAnswers(int gap_ms) {
  {
    const Guard guard(mutex);
    gap = gap_ms;
    for (Question& each : questions) {
      each.answer = each.answer == Answer::kLate ? Answer::kReady : each.answer;
    }
  }
  Ring();
}

}  // namespace connect_auth::stand_in

using namespace connect_auth::stand_in;  // NOLINT(google-build-using-namespace): C's side of it

Socket_t FreeRTOS_socket(BaseType_t xDomain, BaseType_t xType, BaseType_t xProtocol) {
  Require(xType == FREERTOS_SOCK_STREAM && xProtocol == FREERTOS_IPPROTO_TCP, "not stood in for");
  Start();
  auto* const socket = new xSOCKET;
  socket->family = xDomain;
  const Guard guard(mutex);
  sockets.push_back(socket);
  return socket;
}

BaseType_t xSocketValid(const ConstSocket_t xSocket) {
  return xSocket != nullptr ? pdTRUE : pdFALSE;
}

BaseType_t FreeRTOS_setsockopt(Socket_t xSocket, int32_t, int32_t lOptionName,
                               const void* pvOptionValue, size_t) {
  const Guard guard(mutex);
  switch (lOptionName) {
    case FREERTOS_SO_RCVTIMEO:
      xSocket->receive_time = *static_cast<const TickType_t*>(pvOptionValue);
      return 0;
    case FREERTOS_SO_SNDTIMEO:
      xSocket->send_time = *static_cast<const TickType_t*>(pvOptionValue);
      return 0;
    case FREERTOS_SO_WAKEUP_CALLBACK:
      xSocket->wake =
          reinterpret_cast<SocketWakeupCallback_t>(reinterpret_cast<std::uintptr_t>(pvOptionValue));
      return 0;
    default:
      Require(false, "not stood in for");
  }
  return -pdFREERTOS_ERRNO_EINVAL;
}

BaseType_t xSocketSetSocketID(const Socket_t xSocket, void* pvSocketID) {
  const Guard guard(mutex);
  xSocket->id = pvSocketID;
  return 0;
}

void* pvSocketGetSocketID(const ConstSocket_t xSocket) {
  const Guard guard(mutex);
  return xSocket->id;
}

BaseType_t FreeRTOS_connect(Socket_t xClientSocket, const struct freertos_sockaddr* pxAddress,
                            socklen_t) {
  const Guard guard(mutex);
  Require(xClientSocket->receive_time == 0, "an attempt to connect waits");
  Require(xClientSocket->state == eCLOSED && xClientSocket->host < 0, "connected twice");
  Require(pxAddress->sin_family == xClientSocket->family, "an address of another kind");
  socklen_t size = 0;
  const sockaddr_storage at = AddressOf(*pxAddress, size);
  const int on = 1;
  xClientSocket->host = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(xClientSocket->host, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  xClientSocket->state = eCONNECT_SYN;
  if (connect(xClientSocket->host, reinterpret_cast<const sockaddr*>(&at), size) != 0 &&
      errno != EINPROGRESS) {
    xClientSocket->state = errno == ECONNREFUSED ? eCLOSED : eCLOSE_WAIT;
  }
  Ring();
  return -pdFREERTOS_ERRNO_EWOULDBLOCK;
}

BaseType_t FreeRTOS_send(Socket_t xSocket, const void* pvBuffer, size_t uxDataLength, BaseType_t) {
  const Guard guard(mutex);
  Require(xSocket->send_time == 0, "a task that sends waits");
  if (IsOver(*xSocket)) {
    return -pdFREERTOS_ERRNO_ENOTCONN;
  }
  if (xSocket->fin_sent) {
    return 0;
  }
  const std::size_t size = std::min(uxDataLength, kBufferBytes - xSocket->to_send.size());
  const auto* const first = static_cast<const std::uint8_t*>(pvBuffer);
  xSocket->to_send.insert(xSocket->to_send.end(), first, first + size);
  Ring();
  return size > 0 ? static_cast<BaseType_t>(size) : -pdFREERTOS_ERRNO_ENOSPC;
}

BaseType_t FreeRTOS_recv(Socket_t xSocket, void* pvBuffer, size_t uxBufferLength, BaseType_t) {
  const Guard guard(mutex);
  Octets& received = xSocket->received;
  if (received.empty()) {
    Require(xSocket->receive_time == 0, "a task that receives waits");
    return IsOver(*xSocket) ? -pdFREERTOS_ERRNO_ENOTCONN : 0;
  }
  const std::size_t size = std::min(uxBufferLength, received.size());
  std::memcpy(pvBuffer, received.data(), size);
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(size));
  Ring();
  return static_cast<BaseType_t>(size);
}

BaseType_t FreeRTOS_shutdown(Socket_t xSocket, BaseType_t) {
  const Guard guard(mutex);
  if (xSocket->state != eESTABLISHED) {
    return -pdFREERTOS_ERRNO_ENOTCONN;
  }
  xSocket->is_shut_down = true;
  return 0;
}

BaseType_t FreeRTOS_closesocket(Socket_t xSocket) {
  const Guard guard(mutex);
  Require(!xSocket->is_closing, "closed twice");
  xSocket->is_closing = true;
  Ring();
  return 1;
}

BaseType_t FreeRTOS_connstatus(ConstSocket_t xSocket) {
  const Guard guard(mutex);
  return static_cast<BaseType_t>(xSocket->state);
}

BaseType_t FreeRTOS_rx_size(ConstSocket_t xSocket) {
  const Guard guard(mutex);
  return static_cast<BaseType_t>(xSocket->received.size());
}

BaseType_t FreeRTOS_tx_space(ConstSocket_t xSocket) {
  const Guard guard(mutex);
  return static_cast<BaseType_t>(kBufferBytes - xSocket->to_send.size());
}

BaseType_t FreeRTOS_inet_pton(BaseType_t xAddressFamily, const char* pcSource,
                              void* pvDestination) {
  const int family = xAddressFamily == FREERTOS_AF_INET6 ? AF_INET6 : AF_INET;
  return inet_pton(family, pcSource, pvDestination) == 1 ? pdPASS : pdFAIL;
}

BaseType_t FreeRTOS_getaddrinfo_a(const char* pcName, const char*,
                                  const struct freertos_addrinfo* pxHints,
                                  struct freertos_addrinfo** ppxResult, FOnDNSEvent pCallback,
                                  void* pvSearchID, TickType_t uxTimeout) {
  Require(pCallback != nullptr, "a look-up waits");
  Start();
  const BaseType_t family = pxHints->ai_family;
  if (std::strcmp(pcName, "known.test") == 0 && family == FREERTOS_AF_INET) {
    *ppxResult = NewInfo(pcName, family);
    pCallback(pcName, pvSearchID, *ppxResult);
    return 0;
  }
  const Guard guard(mutex);
  questions.push_back({pcName, family, pCallback, pvSearchID, xTaskGetTickCount(), uxTimeout,
                       AnswerTo(pcName, family)});
  Ring();
  return -pdFREERTOS_ERRNO_ENOENT;
}

void FreeRTOS_gethostbyname_cancel(void* pvSearchID) {
  const Guard guard(mutex);
  questions.remove_if([=](const Question& each) { return each.id == pvSearchID; });
}

void FreeRTOS_freeaddrinfo(struct freertos_addrinfo* pxInfo) {
  delete pxInfo;
}
