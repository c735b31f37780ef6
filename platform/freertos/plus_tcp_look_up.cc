// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/plus_tcp_look_up.h"

#include "FreeRTOS_DNS.h"
#include "FreeRTOS_Sockets.h"
#include "platform/freertos/ticks.h"

namespace connect_auth::freertos {
namespace {

static_assert(ipconfigDNS_USE_CALLBACKS == 1, "without them the resolver only waits");

constexpr TickType_t kPatienceTicks = TicksFor(PlusTcpLookUp::kPatience);

// Read and written in critical sections.
constinit PlusTcpLookUp* waiting = nullptr;
constinit std::uintptr_t numbers = 0;

void* AsKey(std::uintptr_t number) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number, which the resolver hands back.
  return reinterpret_cast<void*>(number);
}

}  // namespace

Status PlusTcpLookUp::Resolve(const char* host, BaseType_t family, IP_Address_t& into) {
  if (questions_ > 0) {
    if (TakeAnswer(into)) {
      return Status::kOk;
    }
    if (xTaskGetTickCount() - asked_at_ < kPatienceTicks) {
      return Status::kPending;
    }
    Withdraw();
  }
  if (questions_ == kQuestions) {
    questions_ = 0;
    return Status::kUnavailable;
  }
  Ask(host, family);
  return TakeAnswer(into) ? Status::kOk : Status::kPending;
}

/// What the resolver knows already it answers within the call. Otherwise it says the same whether
/// it waits or has no memory, no name server or no random number for the question: time will tell.
void PlusTcpLookUp::Ask(const char* host, BaseType_t family) {
  Enlist();
  asked_at_ = xTaskGetTickCount();
  ++questions_;
  freertos_addrinfo hints{};
  hints.ai_family = family;
  freertos_addrinfo* found = nullptr;
  constexpr auto kForget = static_cast<TickType_t>(kPatience.count);
  static_cast<void>(
      FreeRTOS_getaddrinfo_a(host, nullptr, &hints, &found, OnFound, AsKey(number_), kForget));
  FreeRTOS_freeaddrinfo(found);
}

/// In the IP task, or in the one that asks. What was found stays the resolver's.
void PlusTcpLookUp::OnFound(const char*, void* number, freertos_addrinfo* found) {
  if (found == nullptr) {
    return;  // It has given up, as Resolve() does by its own clock.
  }
  TaskHandle_t asker = nullptr;
  taskENTER_CRITICAL();
  PlusTcpLookUp** link = &waiting;
  while (*link != nullptr && AsKey((*link)->number_) != number) {
    link = &(*link)->next_;
  }
  if (*link != nullptr) {
    PlusTcpLookUp& look_up = **link;
    *link = look_up.next_;
    look_up.address_ = found->ai_addr->sin_address;
    look_up.is_answered_ = true;
    asker = look_up.asker_;
  }
  taskEXIT_CRITICAL();
  if (asker != nullptr) {
    xTaskNotifyGive(asker);
  }
}

/// @return whether there was one.
bool PlusTcpLookUp::TakeAnswer(IP_Address_t& into) {
  taskENTER_CRITICAL();
  const bool is_answered = is_answered_;
  if (is_answered) {
    into = address_;
    is_answered_ = false;
  }
  taskEXIT_CRITICAL();
  questions_ = is_answered ? 0 : questions_;
  return is_answered;
}

void PlusTcpLookUp::Abandon() {
  if (questions_ > 0) {
    Withdraw();
    questions_ = 0;
  }
}

void PlusTcpLookUp::Enlist() {
  taskENTER_CRITICAL();
  asker_ = xTaskGetCurrentTaskHandle();
  number_ = ++numbers;
  next_ = waiting;
  waiting = this;
  taskEXIT_CRITICAL();
}

/// Leaves the list, if an answer has not done that, and then the resolver's own.
void PlusTcpLookUp::Withdraw() {
  taskENTER_CRITICAL();
  PlusTcpLookUp** link = &waiting;
  while (*link != nullptr && *link != this) {
    link = &(*link)->next_;
  }
  if (*link != nullptr) {
    *link = next_;
  }
  is_answered_ = false;
  taskEXIT_CRITICAL();
  FreeRTOS_gethostbyname_cancel(AsKey(number_));
}

}  // namespace connect_auth::freertos
