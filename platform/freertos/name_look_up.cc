// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/name_look_up.h"

#include <type_traits>

#include "lwip/dns.h"

namespace connect_auth::freertos {
namespace {

// As all of the look-ups' own, these are lwIP's.
constinit NameLookUp* waiting = nullptr;
constinit std::uintptr_t numbers = 0;

}  // namespace

/// What goes into lwIP's context, and comes back.
struct NameLookUp::Call {
  tcpip_api_call_data base;  // First: lwIP hands back its address.
  NameLookUp* self;
  const char* host;
  std::uint8_t kind;
  TaskHandle_t asker;
  ip_addr_t* into;
  Status status;
};

Status NameLookUp::Resolve(const char* host, std::uint8_t kind, ip_addr_t& into) {
  static_assert(std::is_standard_layout_v<Call>);
  Call call{{}, this, host, kind, xTaskGetCurrentTaskHandle(), &into, Status::kUnavailable};
  // It fails only where lwIP has no memory to hand the call over.
  return tcpip_api_call(InResolve, &call.base) == ERR_OK ? call.status : Status::kPending;
}

err_t NameLookUp::InResolve(tcpip_api_call_data* data) {
  Call& call = *reinterpret_cast<Call*>(data);
  NameLookUp& self = *call.self;
  call.status = self.waits_ ? Status::kPending : self.answer_;
  if (call.status == Status::kPending && !self.waits_) {
    call.status = self.Ask(call);
  }
  if (call.status != Status::kPending) {
    *call.into = self.address_;
    self.answer_ = Status::kPending;
  }
  return ERR_OK;
}

Status NameLookUp::Ask(const Call& call) {
  number_ = ++numbers;
  asker_ = call.asker;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number, which lwIP hands back.
  void* const number = reinterpret_cast<void*>(number_);
  const err_t error = dns_gethostbyname_addrtype(call.host, &address_, OnFound, number, call.kind);
  if (error == ERR_OK) {
    return Status::kOk;
  }
  if (error == ERR_INPROGRESS) {
    Enlist();
  }
  return error == ERR_INPROGRESS || error == ERR_MEM ? Status::kPending : Status::kUnavailable;
}

void NameLookUp::OnFound(const char*, const ip_addr_t* address, void* number) {
  NameLookUp* look_up = waiting;
  while (look_up != nullptr && look_up->number_ != reinterpret_cast<std::uintptr_t>(number)) {
    look_up = look_up->next_;
  }
  if (look_up == nullptr) {
    return;  // Nobody waits for it any more.
  }
  look_up->Leave();
  look_up->answer_ = address != nullptr ? Status::kOk : Status::kUnavailable;
  if (address != nullptr) {
    look_up->address_ = *address;
  }
  xTaskNotifyGive(look_up->asker_);
}

void NameLookUp::Abandon() {
  Call call{{}, this, nullptr, 0, nullptr, nullptr, Status::kOk};
  // lwIP may have no memory to hand the call over, where it has no lock. That passes.
  while (tcpip_api_call(InAbandon, &call.base) != ERR_OK) {
    vTaskDelay(1);
  }
}

err_t NameLookUp::InAbandon(tcpip_api_call_data* data) {
  NameLookUp& self = *reinterpret_cast<Call*>(data)->self;
  if (self.waits_) {
    self.Leave();
  }
  self.answer_ = Status::kPending;
  return ERR_OK;
}

void NameLookUp::Enlist() {
  waits_ = true;
  next_ = waiting;
  waiting = this;
}

void NameLookUp::Leave() {
  NameLookUp** link = &waiting;
  while (*link != this) {
    link = &(*link)->next_;
  }
  *link = next_;
  waits_ = false;
}

}  // namespace connect_auth::freertos
