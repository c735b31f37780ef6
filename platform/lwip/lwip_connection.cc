// SPDX-License-Identifier: Apache-2.0
#include "platform/lwip/lwip_connection.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "lwip/dns.h"
#include "lwip/priv/tcp_priv.h"

namespace connect_auth::lwip {
namespace {

// RFC 1035 section 2.3.4, without the final dot.
constexpr std::size_t kLongestName = 253;

static_assert(TCP_WND <= 0xFFFF && TCP_SND_BUF <= 0xFFFF,
              "lwIP counts octets of a pbuf in 16 bits");

// The pieces of memory that a window of full frames takes. Who sends small frames could hold all of
// the driver's memory with a window's worth of octets, and then not even an acknowledgement comes
// in.
constexpr std::size_t kMostPieces =
    std::size_t{TCP_WND} / TCP_MSS * (1 + TCP_MSS / PBUF_POOL_BUFSIZE);

// Who waits for an answer of the resolver, and to what. lwIP cannot take a question back, so an
// answer may come when nobody waits any more, or the object is gone.
LwipConnection* asking = nullptr;
std::uintptr_t look_ups = 0;

bool IsName(std::string_view host) {
  return !host.empty() && host.size() <= kLongestName && host.find('\0') == host.npos;
}

/// lwIP takes all or nothing. Where its memory is short, less may still go.
///
/// @return  How many octets it took.
std::size_t Queue(tcp_pcb* pcb, ConstBytes data) {
  std::size_t size = std::min<std::size_t>(data.size(), tcp_sndbuf(pcb));
  while (size > 0 &&
         tcp_write(pcb, data.data(), static_cast<u16_t>(size), TCP_WRITE_FLAG_COPY) != ERR_OK) {
    size /= 2;
  }
  return size;
}

/// Ends a connection at once that `Close()` left to end in order.
bool AbortOneThatCloses() {
  for (tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
    if (pcb->prio == TCP_PRIO_MIN) {
      tcp_abort(pcb);
      return true;
    }
  }
  return false;
}

}  // namespace

Status LwipConnection::Connect(std::string_view host, std::uint16_t port) {
  if (phase_ != Phase::kIdle) {
    return Report();
  }
  if (!IsName(host) || port == 0) {
    return Status::kInvalidArgument;
  }
  port_ = port;
  return Resolve(host);
}

Status LwipConnection::Report() const {
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

Status LwipConnection::Resolve(std::string_view host) {
  std::array<char, kLongestName + 1> name{};
  std::copy(host.begin(), host.end(), name.begin());
  phase_ = Phase::kResolving;
  look_up_ = ++look_ups;
  asking = this;
  ip_addr_t address;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number, which lwIP hands back.
  void* const look_up = reinterpret_cast<void*>(look_up_);
  const err_t error = dns_gethostbyname(name.data(), &address, OnResolved, look_up);
  if (error == ERR_OK) {
    ConnectTo(address);
  } else if (error == ERR_MEM) {
    // An earlier question that nobody waits for any more is still on its way. The next call asks.
    phase_ = Phase::kIdle;
  } else if (error != ERR_INPROGRESS) {
    phase_ = Phase::kFailed;
  }
  return Report();
}

void LwipConnection::OnResolved(const char*, const ip_addr_t* address, void* look_up) {
  LwipConnection* const self = asking;
  if (self == nullptr || self->phase_ != Phase::kResolving ||
      self->look_up_ != reinterpret_cast<std::uintptr_t>(look_up)) {
    return;
  }
  if (address == nullptr) {
    self->phase_ = Phase::kFailed;
  } else {
    self->ConnectTo(*address);
  }
}

void LwipConnection::ConnectTo(const ip_addr_t& address) {
  phase_ = Phase::kFailed;
  pcb_ = tcp_new_ip_type(IP_GET_TYPE(&address));
  if (pcb_ == nullptr) {
    return;
  }
  tcp_arg(pcb_, this);
  tcp_recv(pcb_, OnReceived);
  tcp_err(pcb_, OnError);
  tcp_nagle_disable(pcb_);
  err_t error = tcp_connect(pcb_, &address, port_, OnConnected);
  while (error == ERR_MEM && AbortOneThatCloses()) {
    error = tcp_connect(pcb_, &address, port_, OnConnected);
  }
  if (error == ERR_OK) {
    phase_ = Phase::kConnecting;
  }
}

err_t LwipConnection::OnConnected(void* self, tcp_pcb*, err_t) {
  static_cast<LwipConnection*>(self)->phase_ = Phase::kConnected;
  return ERR_OK;
}

err_t LwipConnection::OnReceived(void* self, tcp_pcb*, pbuf* data, err_t) {
  auto& connection = *static_cast<LwipConnection*>(self);
  if (data == nullptr) {
    connection.ended_ = true;
  } else if (connection.received_ == nullptr) {
    connection.received_ = data;
  } else if (pbuf_clen(connection.received_) + pbuf_clen(data) > kMostPieces) {
    return ERR_MEM;  // lwIP keeps this one, and drops what comes after it.
  } else {
    pbuf_cat(connection.received_, data);
  }
  return ERR_OK;
}

// lwIP has freed the control block already. What came before may still be read.
void LwipConnection::OnError(void* self, err_t) {
  auto& connection = *static_cast<LwipConnection*>(self);
  connection.pcb_ = nullptr;
  if (connection.phase_ == Phase::kConnecting) {
    connection.phase_ = Phase::kFailed;
  }
}

IoResult LwipConnection::Break() {
  DropReceived();
  phase_ = Phase::kBroken;
  return NotConnected();
}

IoResult LwipConnection::NotConnected() const {
  return IoResult::Error(phase_ == Phase::kBroken ? Status::kUnavailable
                                                  : Status::kFailedPrecondition);
}

IoResult LwipConnection::Write(ConstBytes data) {
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  if (pcb_ == nullptr) {
    return Break();
  }
  std::size_t size = Queue(pcb_, data);
  // No acknowledgement will free memory where nothing of this connection holds any.
  while (size == 0 && tcp_sndqueuelen(pcb_) == 0 && AbortOneThatCloses()) {
    size = Queue(pcb_, data);
  }
  // Also where nothing was taken: what waits may be what has to go first. What cannot go now goes
  // with the next time-out or acknowledgement.
  tcp_output(pcb_);
  return size > 0 ? IoResult::Bytes(size) : IoResult::Error(Status::kPending);
}

IoResult LwipConnection::Read(Bytes into) {
  if (phase_ != Phase::kConnected) {
    return NotConnected();
  }
  if (received_ == nullptr) {
    return ReadNothing();
  }
  const auto size = static_cast<u16_t>(std::min<std::size_t>(into.size(), received_->tot_len));
  pbuf_copy_partial(received_, into.data(), size, 0);
  received_ = pbuf_free_header(received_, size);
  if (pcb_ != nullptr) {
    tcp_recved(pcb_, size);
    TakeRefused();
  }
  return IoResult::Bytes(size);
}

IoResult LwipConnection::ReadNothing() {
  if (ended_) {
    return IoResult::Error(Status::kClosed);
  }
  return pcb_ != nullptr ? IoResult::Error(Status::kPending) : Break();
}

// lwIP would offer it again by itself, after 250 ms.
void LwipConnection::TakeRefused() {
  if (pcb_->refused_data != nullptr) {
    tcp_process_refused_data(pcb_);
  }
}

void LwipConnection::DropReceived() {
  if (received_ != nullptr) {
    pbuf_free(received_);
    received_ = nullptr;
  }
}

void LwipConnection::Close() {
  if (asking == this) {
    asking = nullptr;
  }
  if (pcb_ != nullptr) {
    tcp_arg(pcb_, nullptr);
    tcp_recv(pcb_, nullptr);
    tcp_err(pcb_, nullptr);
    // Saying goodbye to a peer that is gone takes minutes. Whoever connects meanwhile comes first.
    tcp_setprio(pcb_, TCP_PRIO_MIN);
    // Without memory for a FIN it ends with a RST, which needs none that lasts.
    if (tcp_close(pcb_) != ERR_OK) {
      tcp_abort(pcb_);
    }
    pcb_ = nullptr;
  }
  DropReceived();
  ended_ = false;
  phase_ = Phase::kIdle;
}

}  // namespace connect_auth::lwip
