// SPDX-License-Identifier: Apache-2.0

#include "platform/freertos/shared_agent.h"

#include <algorithm>

#include "platform/freertos/ticks.h"

namespace connect_auth::freertos {

/// A task that waits, on that task's stack. A semaphore for each, as notifications of tasks that
/// are not ours may have another meaning, and an event group can lose the second of two events.
struct SharedAgent::Waiter {
  StaticSemaphore_t memory{};
  SemaphoreHandle_t woken = nullptr;
  Waiter* next = nullptr;
};

void SharedAgent::Start(const Settings& settings, std::span<StackType_t> stack,
                        UBaseType_t priority) {
  settings_ = &settings;
  mutex_.Create();
  turn_.Create();
  errand_done_ = xSemaphoreCreateBinaryStatic(&errand_done_memory_);
  const auto depth = static_cast<std::uint32_t>(stack.size());
  task_ =
      xTaskCreateStatic(Run, "connect-auth", depth, this, priority, stack.data(), &task_memory_);
}

void SharedAgent::Run(void* self) {
  auto& shared = *static_cast<SharedAgent*>(self);
  shared.Begin();
  for (;;) {
    shared.Sleep(shared.Step());
  }
}

void SharedAgent::Begin() {
  const Lock lock(mutex_);
  start_ = agent_.Start(*settings_);
  is_untidy_ = true;
  WakeWaiters();
}

Wants SharedAgent::Step() {
  const Lock lock(mutex_);
  RunErrand();
  Poll();
  return Tidy() ? agent_.wants() : Wants{Interest::kNothing, Instant{0}};
}

void SharedAgent::RunErrand() {
  if (errand_ == nullptr) {
    return;
  }
  errand_status_ = errand_(agent_, context_);
  errand_ = nullptr;
  is_untidy_ = true;
  WakeWaiters();
  static_cast<void>(xSemaphoreGive(errand_done_));
}

/// Who waits is woken when something ended, and not each time that nothing is going on: he would
/// ask again, and be woken again.
void SharedAgent::Poll() {
  const Status status = agent_.Poll();
  const bool was_busy = is_busy_;
  is_busy_ = status == Status::kPending;
  if (!is_busy_ && (was_busy || status != Status::kOk)) {
    is_untidy_ = true;
    WakeWaiters();
  }
}

/// @return whether nothing is left to do for storage, or there is no time for it now.
bool SharedAgent::Tidy() {
  if (is_busy_ || !is_untidy_) {
    return true;
  }
  is_untidy_ = agent_.Idle() == Status::kPending;
  return !is_untidy_;
}

void SharedAgent::Sleep(const Wants& wants) {
  const Millis span = wants.until - clock_.Now();
  if (span > Millis{0}) {
    const bool can_be_woken = wants.interest == Interest::kNothing;
    connection_.Wait(wants.interest, can_be_woken ? span : std::min(span, kSlice));
  }
}

Result<SharedAgent::Taken> SharedAgent::TakeToken(Millis min_valid, Millis at_most, Bytes into) {
  const Instant until = clock_.Now() + at_most;
  if (!mutex_.Take(TicksFor(at_most))) {
    return Status::kTimeout;
  }
  Status status = Ask(min_valid, until);
  if (status == Status::kPending) {
    status = AwaitToken(min_valid, until);
  }
  const Result<Taken> taken = status == Status::kOk ? Copy(into) : Result<Taken>(status);
  mutex_.Give();
  return taken;
}

Status SharedAgent::Ask(Millis min_valid, Instant until) {
  if (start_ == Status::kPending) {
    return clock_.Now() < until ? Status::kPending : Status::kTimeout;
  }
  return agent_.AwaitToken(min_valid, until);
}

/// Gives the mutex away while it waits.
Status SharedAgent::AwaitToken(Millis min_valid, Instant until) {
  Waiter waiter;
  Join(waiter);
  xTaskNotifyGive(task_);
  Status status = Status::kPending;
  while (status == Status::kPending) {
    mutex_.Give();
    static_cast<void>(xSemaphoreTake(waiter.woken, TicksFor(until - clock_.Now())));
    static_cast<void>(mutex_.Take(portMAX_DELAY));
    status = Ask(min_valid, until);
  }
  Leave(waiter);
  return status;
}

Result<SharedAgent::Taken> SharedAgent::Copy(Bytes into) const {
  const ConstBytes text = AsBytes(agent_.token().text().Reveal());
  if (text.size() > into.size()) {
    return Status::kBufferTooSmall;
  }
  CopyBytes(text, into);
  return Taken{text.size(), agent_.token_generation()};
}

void SharedAgent::Join(Waiter& waiter) {
  waiter.woken = xSemaphoreCreateBinaryStatic(&waiter.memory);
  waiter.next = waiters_;
  waiters_ = &waiter;
}

void SharedAgent::Leave(Waiter& waiter) {
  Waiter** link = &waiters_;
  while (*link != &waiter) {
    link = &(*link)->next;
  }
  *link = waiter.next;
  vSemaphoreDelete(waiter.woken);
}

void SharedAgent::WakeWaiters() {
  for (Waiter* waiter = waiters_; waiter != nullptr; waiter = waiter->next) {
    static_cast<void>(xSemaphoreGive(waiter->woken));
  }
}

void SharedAgent::RejectToken(std::uint32_t generation) {
  {
    const Lock lock(mutex_);
    agent_.RejectToken(generation);
  }
  xTaskNotifyGive(task_);
}

SharedAgent::Report SharedAgent::report() {
  const Lock lock(mutex_);
  return {start_,
          agent_.is_requesting_token(),
          agent_.token_generation(),
          agent_.remaining_life(),
          agent_.next_attempt(),
          agent_.last_token_failure(),
          agent_.counters()};
}

Status SharedAgent::Do(Errand errand, void* context) {
  const Lock turn(turn_);
  {
    const Lock lock(mutex_);
    errand_ = errand;
    context_ = context;
  }
  xTaskNotifyGive(task_);
  static_cast<void>(xSemaphoreTake(errand_done_, portMAX_DELAY));
  const Lock lock(mutex_);
  return errand_status_;
}

}  // namespace connect_auth::freertos
