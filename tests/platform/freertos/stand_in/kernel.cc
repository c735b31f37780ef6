// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/freertos/stand_in/kernel.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "FreeRTOS.h"
#include "semphr.h"
#include "task.h"

namespace connect_auth::stand_in {
namespace {

// Of a thread, in place of the stack that the task was given: a sanitizer takes several times that.
constexpr std::size_t kStackBytes = std::size_t{1024} * 1024;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

/// As configASSERT: a call that the kernel does not allow ends the program.
void Require(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "FreeRTOS stand-in: %s\n", what);
    std::abort();
  }
}

// Not one lock for the whole kernel: each call would order all that the tasks do besides, and the
// thread sanitizer would see no race any more. For the same reason the ticks are atomic and
// relaxed.
class Monitor {
 public:
  Monitor() {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed_, &attributes);
    pthread_condattr_destroy(&attributes);
  }
  ~Monitor() {
    pthread_cond_destroy(&changed_);
    pthread_mutex_destroy(&mutex_);
  }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  template <typename Change>
  void Enter(Change change) {
    pthread_mutex_lock(&mutex_);
    change();
    pthread_cond_broadcast(&changed_);
    pthread_mutex_unlock(&mutex_);
  }

  /// Waits until `try_to` returns true, or that many ticks.
  template <typename Try>
  bool Await(Try try_to, TickType_t ticks);

 private:
  void WaitBriefly();

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_;
};

std::atomic<std::uint64_t> ticks_ahead{0};

pthread_mutex_t critical = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
thread_local int critical_depth = 0;

timespec Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now;
}

std::uint64_t TicksOfThisMachine() {
  const timespec now = Now();
  constexpr std::uint64_t kRate = configTICK_RATE_HZ;
  return static_cast<std::uint64_t>(now.tv_sec) * kRate +
         static_cast<std::uint64_t>(now.tv_nsec) * kRate / kNanosPerSecond;
}

std::uint64_t Ticks() {
  return TicksOfThisMachine() + ticks_ahead.load(std::memory_order_relaxed);
}

template <typename Try>
bool Monitor::Await(Try try_to, TickType_t ticks) {
  Require(critical_depth == 0, "a critical section waits");
  const std::uint64_t until = Ticks() + ticks;
  pthread_mutex_lock(&mutex_);
  bool done = try_to();
  while (!done && (ticks == portMAX_DELAY || Ticks() < until)) {
    WaitBriefly();
    done = try_to();
  }
  pthread_mutex_unlock(&mutex_);
  return done;
}

// Ticks can also be added, which wakes nobody.
void Monitor::WaitBriefly() {
  timespec until = Now();
  until.tv_nsec += kNanosPerSecond / 200;
  if (until.tv_nsec >= kNanosPerSecond) {
    until.tv_nsec -= kNanosPerSecond;
    ++until.tv_sec;
  }
  pthread_cond_timedwait(&changed_, &mutex_, &until);
}

struct Task {
  Monitor monitor;
  std::uint32_t notified = 0;
  TaskFunction_t function = nullptr;
  void* argument = nullptr;
  std::size_t depth = 0;
  std::byte* stack = nullptr;  // Its lower end: where nothing was written it is 0.
  std::byte* entry = nullptr;
};

struct Semaphore {
  Monitor monitor;
  bool is_there = false;
  bool is_mutex = false;
  TaskHandle_t holder = nullptr;
};

}  // namespace
}  // namespace connect_auth::stand_in

using connect_auth::stand_in::Require;
using connect_auth::stand_in::Semaphore;
using connect_auth::stand_in::Task;

// What lies in the memory that the caller gives, so that it has to outlive its use here as well.
struct tskTaskControlBlock {
  Task* task;
};
struct QueueDefinition {
  Semaphore* semaphore;
};

namespace connect_auth::stand_in {
namespace {

// A thread that the kernel did not make, such as main's, gets this when it asks who it is.
thread_local tskTaskControlBlock foreign{nullptr};
thread_local TaskHandle_t current = nullptr;

void* RunTask(void* handle) {
  current = static_cast<TaskHandle_t>(handle);
  Task& task = *current->task;
  task.entry = static_cast<std::byte*>(__builtin_frame_address(0));
  task.function(task.argument);
  Require(false, "a task returned");
  return nullptr;
}

void StartThread(TaskHandle_t handle) {
  void* const stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  Require(stack != MAP_FAILED, "no memory");
  handle->task->stack = static_cast<std::byte*>(stack);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  Require(pthread_create(&thread, &attributes, RunTask, handle) == 0, "no thread");
  pthread_attr_destroy(&attributes);
}

QueueHandle_t Create(StaticQueue_t* memory, bool is_mutex) {
  static_assert(sizeof(QueueDefinition) <= sizeof(StaticQueue_t));
  auto* const handle = reinterpret_cast<QueueHandle_t>(memory);
  handle->semaphore = new Semaphore;
  handle->semaphore->is_mutex = is_mutex;
  handle->semaphore->is_there = is_mutex;
  return handle;
}

bool Take(Semaphore& semaphore) {
  if (!semaphore.is_there) {
    return false;
  }
  semaphore.is_there = false;
  semaphore.holder = xTaskGetCurrentTaskHandle();
  return true;
}

}  // namespace

void SetTicks(std::uint64_t ticks) {
  ticks_ahead = ticks - TicksOfThisMachine();
}

}  // namespace connect_auth::stand_in

using namespace connect_auth::stand_in;  // NOLINT(google-build-using-namespace): C's side of it

void vPortEnterCritical() {
  pthread_mutex_lock(&critical);
  ++critical_depth;
}

void vPortExitCritical() {
  Require(critical_depth > 0, "no critical section to end");
  --critical_depth;
  pthread_mutex_unlock(&critical);
}

TaskHandle_t xTaskCreateStatic(TaskFunction_t pxTaskCode, const char* const pcName,
                               const configSTACK_DEPTH_TYPE uxStackDepth, void* const pvParameters,
                               UBaseType_t, StackType_t* const puxStackBuffer,
                               StaticTask_t* const pxTaskBuffer) {
  static_assert(sizeof(tskTaskControlBlock) <= sizeof(StaticTask_t));
  Require(puxStackBuffer != nullptr && pxTaskBuffer != nullptr, "no memory for a task");
  Require(std::strlen(pcName) < 16, "a task's name is too long");
  auto* const handle = reinterpret_cast<TaskHandle_t>(pxTaskBuffer);
  handle->task = new Task;
  handle->task->function = pxTaskCode;
  handle->task->argument = pvParameters;
  handle->task->depth = uxStackDepth;
  StartThread(handle);
  return handle;
}

TaskHandle_t xTaskGetCurrentTaskHandle() {
  if (current == nullptr) {
    foreign.task = new Task;
    current = &foreign;
  }
  return current;
}

/// Words. Of the depth that was asked for, less what was used, whatever there really is.
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t xTask) {
  const Task& task = *xTask->task;
  const std::byte* lowest = task.stack;
  while (*lowest == std::byte{0}) {
    ++lowest;
  }
  const auto used = static_cast<std::size_t>(task.entry - lowest) / sizeof(StackType_t);
  return task.depth - std::min(task.depth, used);
}

TickType_t xTaskGetTickCount() {
  return static_cast<TickType_t>(Ticks());
}

void vTaskDelay(const TickType_t xTicksToDelay) {
  Monitor nobody_changes;
  nobody_changes.Await([] { return false; }, xTicksToDelay);
}

void vTaskSetTimeOutState(TimeOut_t* const pxTimeOut) {
  const std::uint64_t ticks = Ticks();
  pxTimeOut->xTimeOnEntering = static_cast<TickType_t>(ticks);
  pxTimeOut->xOverflowCount = static_cast<BaseType_t>(ticks >> (8 * sizeof(TickType_t)));
}

// Sleeps no longer than until the next task is due, and none is due after a wrap.
void vTaskStepTick(TickType_t xTicksToJump) {
  Require(xTicksToJump <= portMAX_DELAY - xTaskGetTickCount(), "a step over a wrap");
  ticks_ahead += xTicksToJump;
}

BaseType_t xTaskCatchUpTicks(TickType_t xTicksToCatchUp) {
  ticks_ahead += xTicksToCatchUp;
  return pdFALSE;
}

BaseType_t xTaskGenericNotify(TaskHandle_t xTaskToNotify, UBaseType_t uxIndexToNotify, uint32_t,
                              eNotifyAction eAction, uint32_t*) {
  Require(xTaskToNotify != nullptr, "nobody is notified");
  Require(uxIndexToNotify == 0 && eAction == eIncrement, "not stood in for");
  Task& task = *xTaskToNotify->task;
  task.monitor.Enter([&] { ++task.notified; });
  return pdTRUE;
}

uint32_t ulTaskGenericNotifyTake(UBaseType_t, BaseType_t xClearCountOnExit,
                                 TickType_t xTicksToWait) {
  Task& task = *xTaskGetCurrentTaskHandle()->task;
  std::uint32_t taken = 0;
  task.monitor.Await(
      [&] {
        taken = task.notified;
        task.notified = xClearCountOnExit == pdTRUE || taken == 0 ? 0 : taken - 1;
        return taken != 0;
      },
      xTicksToWait);
  return taken;
}

QueueHandle_t xQueueCreateMutexStatic(const uint8_t, StaticQueue_t* pxStaticQueue) {
  return Create(pxStaticQueue, true);
}

QueueHandle_t xQueueGenericCreateStatic(const UBaseType_t, const UBaseType_t, uint8_t*,
                                        StaticQueue_t* pxStaticQueue, const uint8_t) {
  return Create(pxStaticQueue, false);
}

BaseType_t xQueueSemaphoreTake(QueueHandle_t xQueue, TickType_t xTicksToWait) {
  Require(xQueue != nullptr, "no such semaphore");
  Semaphore& semaphore = *xQueue->semaphore;
  const auto try_to = [&] {
    Require(!semaphore.is_mutex || semaphore.is_there ||
                semaphore.holder != xTaskGetCurrentTaskHandle(),
            "a mutex is taken twice");
    return Take(semaphore);
  };
  return semaphore.monitor.Await(try_to, xTicksToWait) ? pdTRUE : pdFALSE;
}

BaseType_t xQueueGenericSend(QueueHandle_t xQueue, const void* const, TickType_t,
                             const BaseType_t) {
  Require(xQueue != nullptr, "no such semaphore");
  Semaphore& semaphore = *xQueue->semaphore;
  bool was_there = false;
  semaphore.monitor.Enter([&] {
    was_there = semaphore.is_there;
    Require(!semaphore.is_mutex || semaphore.holder == xTaskGetCurrentTaskHandle(),
            "a mutex is given by another task");
    semaphore.is_there = true;
    semaphore.holder = nullptr;
  });
  return was_there ? pdFALSE : pdTRUE;
}

void vQueueDelete(QueueHandle_t xQueue) {
  delete xQueue->semaphore;
  xQueue->semaphore = nullptr;
}
