// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/plus_tcp_connection.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>

#include "FreeRTOS_TCP_IP.h"
#include "platform/freertos/ticks.h"
#include "port/assert.h"
#include "task.h"

namespace connect_auth::freertos {
namespace {

static_assert(ipconfigUSE_TCP == 1 && ipconfigUSE_DNS == 1);
static_assert(ipconfigSOCKET_HAS_USER_WAKE_CALLBACK == 1, "nothing would wake who waits");

// RFC 1035 section 2.3.4, without the final dot.
constexpr std::size_t kLongestName = 253;

// In the order in which they are tried.
constexpr BaseType_t kKinds[] = {
#if ipconfigUSE_IPv4
    FREERTOS_AF_INET,
#endif
#if ipconfigUSE_IPv6
    FREERTOS_AF_INET6,
#endif
};

// How long a kind of address is tried while there is another one.
constexpr TickType_t kAttemptTicks = TicksFor(Millis{3000});

// How often to look for what wakes nobody.
constexpr Millis kGlance{250};

/// In the IP task.
void OnEvent(Socket_t socket) {
  auto* const waits = static_cast<TaskHandle_t>(pvSocketGetSocketID(socket));
  if (waits != nullptr) {
    xTaskNotifyGive(waits);
  }
}

/// A TCP socket none of whose calls waits, or null.
Socket_t OpenSocket(BaseType_t family) {
  Socket_t socket = FreeRTOS_socket(family, FREERTOS_SOCK_STREAM, FREERTOS_IPPROTO_TCP);
  if (xSocketValid(socket) != pdTRUE) {
    return nullptr;
  }
  constexpr TickType_t kNoTime = 0;
  FreeRTOS_setsockopt(socket, 0, FREERTOS_SO_RCVTIMEO, &kNoTime, sizeof(kNoTime));
  FreeRTOS_setsockopt(socket, 0, FREERTOS_SO_SNDTIMEO, &kNoTime, sizeof(kNoTime));
  FreeRTOS_setsockopt(socket, 0, FREERTOS_SO_WAKEUP_CALLBACK,
                      reinterpret_cast<const void*>(OnEvent), sizeof(&OnEvent));
  return socket;
}

/// @return the kind of a numeric address, or 0 where `host` is none.
BaseType_t Parse(const char* host, IP_Address_t& into) {
  for (const BaseType_t kind : kKinds) {
    if (FreeRTOS_inet_pton(kind, host, &into) == pdPASS) {
      return kind;
    }
  }
  return 0;
}

}  // namespace

Status PlusTcpConnection::Connect(std::string_view host, std::uint16_t port) {
  if (phase_ == Phase::kIdle) {
    // A NUL would cut the name short on its way into the stack: another host than was verified.
    if (host.empty() || host.size() > kLongestName || port == 0 || host.find('\0') != host.npos) {
      return Status::kInvalidArgument;
    }
    port_ = port;
    phase_ = Phase::kResolving;
  }
  bool moves = true;
  while (moves && phase_ == Phase::kResolving) {
    std::array<char, kLongestName + 1> name{};
    std::copy(host.begin(), host.end(), name.begin());
    moves = Resolve(name.data());
  }
  while (moves && phase_ == Phase::kConnecting) {
    moves = Progress();
  }
  return Report();
}

/// @return whether something else is to be done now.
bool PlusTcpConnection::Resolve(const char* host) {
  IP_Address_t address{};
  if (const BaseType_t kind = Parse(host, address); kind != 0) {
    kind_ = std::size(kKinds) - 1;  // It has no other address.
    return Attempt(kind, address);
  }
  const Status status = look_up_.Resolve(host, kKinds[kind_], address);
  if (status == Status::kPending) {
    return false;
  }
  return status == Status::kOk ? Attempt(kKinds[kind_], address) : TryNextKind();
}

bool PlusTcpConnection::Attempt(BaseType_t kind, const IP_Address_t& address) {
  socket_ = OpenSocket(kind);
  attempt_began_ = xTaskGetTickCount();
  phase_ = Phase::kConnecting;
  if (socket_ == nullptr) {
    return TryNextKind();
  }
  freertos_sockaddr at{};
  at.sin_len = sizeof(at);
  at.sin_family = static_cast<std::uint8_t>(kind);
  at.sin_port = FreeRTOS_htons(port_);
  at.sin_address = address;
  const BaseType_t result = FreeRTOS_connect(socket_, &at, sizeof(at));
  return result == 0 || result == -pdFREERTOS_ERRNO_EWOULDBLOCK || TryNextKind();
}

bool PlusTcpConnection::Progress() {
  if (IsConnecting()) {
    const bool is_last = kind_ + 1U == std::size(kKinds);
    const bool is_late = xTaskGetTickCount() - attempt_began_ >= kAttemptTicks;
    return !is_last && is_late && TryNextKind();
  }
  // Who sends and closes at once, or even resets, was connected all the same.
  if (IsOver() && FreeRTOS_rx_size(socket_) <= 0) {
    return TryNextKind();
  }
  phase_ = Phase::kConnected;
  return false;
}

bool PlusTcpConnection::TryNextKind() {
  CloseSocket();
  ++kind_;
  phase_ = kind_ < std::size(kKinds) ? Phase::kResolving : Phase::kFailed;
  return phase_ == Phase::kResolving;
}

Status PlusTcpConnection::Report() const {
  switch (phase_) {
    case Phase::kConnected:
      return Status::kOk;
    case Phase::kFailed:
    case Phase::kBroken:
      return Status::kUnavailable;
    case Phase::kIdle:
    case Phase::kResolving:
    case Phase::kConnecting:
      break;
  }
  return Status::kPending;
}

IoResult PlusTcpConnection::Write(ConstBytes data) {
  CONNECT_AUTH_ASSERT(!data.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  const std::size_t size = std::min<std::size_t>(data.size(), INT_MAX);
  const BaseType_t sent = ended_ ? 0 : FreeRTOS_send(socket_, data.data(), size, 0);
  if (sent > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(sent));
  }
  if (sent == -pdFREERTOS_ERRNO_ENOSPC) {
    return IoResult::Error(Status::kPending);
  }
  // It sends 0 while its own end is under way, which the peer's has caused.
  return sent == 0 || WasEnded(sent) ? IoResult::Bytes(size) : Break();
}

IoResult PlusTcpConnection::Read(Bytes into) {
  CONNECT_AUTH_ASSERT(!into.empty());
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  if (ended_) {
    return IoResult::Error(Status::kClosed);
  }
  const std::size_t size = std::min<std::size_t>(into.size(), INT_MAX);
  const BaseType_t got = FreeRTOS_recv(socket_, into.data(), size, 0);
  if (got > 0) {
    return IoResult::Bytes(static_cast<std::size_t>(got));
  }
  // It looks for bytes first and for the end then: both may have come in between.
  if (got == 0 || FreeRTOS_rx_size(socket_) > 0) {
    return IoResult::Error(Status::kPending);
  }
  ended_ = WasEnded(got);
  return ended_ ? IoResult::Error(Status::kClosed) : Break();
}

IoResult PlusTcpConnection::Break() {
  CloseSocket();
  phase_ = Phase::kBroken;
  return NotConnected();
}

IoResult PlusTcpConnection::NotConnected() const {
  return IoResult::Error(phase_ == Phase::kBroken ? Status::kUnavailable
                                                  : Status::kFailedPrecondition);
}

bool PlusTcpConnection::IsConnecting() const {
  const BaseType_t state = FreeRTOS_connstatus(socket_);
  return state > eTCP_LISTEN && state < eESTABLISHED;
}

/// Of the states after a connection, or of the attempt at one, these two stay.
bool PlusTcpConnection::IsOver() const {
  const BaseType_t state = FreeRTOS_connstatus(socket_);
  return state == eCLOSED || state == eCLOSE_WAIT;
}

/// Both have the same error, but a reset leads to another state.
bool PlusTcpConnection::WasEnded(BaseType_t error) const {
  return error == -pdFREERTOS_ERRNO_ENOTCONN && FreeRTOS_connstatus(socket_) != eCLOSED;
}

void PlusTcpConnection::Close() {
  if (phase_ == Phase::kResolving) {
    look_up_.Abandon();
  }
  CloseSocket();
  kind_ = 0;
  ended_ = false;
  phase_ = Phase::kIdle;
}

/// The IP task does one after the other: the FIN, where nothing has to arrive before it, and the
/// rest without any. A socket that is not connected it does not shut down.
void PlusTcpConnection::CloseSocket() {
  if (socket_ != nullptr) {
    FreeRTOS_shutdown(socket_, FREERTOS_SHUT_RDWR);
    FreeRTOS_closesocket(socket_);
    socket_ = nullptr;
  }
}

void PlusTcpConnection::Wait(Interest interest, Millis at_most) {
  Millis span = at_most;
  if (interest != Interest::kNothing) {
    if (!MustWait(interest)) {
      return;
    }
    span = phase_ == Phase::kConnected ? at_most : std::min(at_most, kGlance);
  }
  static_cast<void>(ulTaskNotifyTake(pdTRUE, TicksFor(span)));
}

bool PlusTcpConnection::MustWait(Interest interest) const {
  if (phase_ == Phase::kResolving) {
    return true;
  }
  if (socket_ == nullptr) {
    return false;
  }
  // Before the look: what happens after that ends the sleep.
  xSocketSetSocketID(socket_, xTaskGetCurrentTaskHandle());
  return !IsMet(interest);
}

bool PlusTcpConnection::IsMet(Interest interest) const {
  if (IsOver() || ended_) {
    return true;
  }
  switch (interest) {
    case Interest::kConnected:
      return !IsConnecting();
    case Interest::kReadable:
      return FreeRTOS_rx_size(socket_) > 0;
    case Interest::kWritable:
      return FreeRTOS_tx_space(socket_) > 0;
    case Interest::kEither:
      return FreeRTOS_rx_size(socket_) > 0 || FreeRTOS_tx_space(socket_) > 0;
    case Interest::kNothing:
      break;
  }
  return false;
}

}  // namespace connect_auth::freertos
