// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "FreeRTOS.h"
#include "semphr.h"

namespace connect_auth::freertos {

/// A mutex of the kernel, with priority inheritance, in memory of its own.
class Mutex final {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  /// Once, before anything else.
  void Create() { handle_ = xSemaphoreCreateMutexStatic(&memory_); }

  /// @return whether it was had within `at_most` ticks.
  bool Take(TickType_t at_most) { return xSemaphoreTake(handle_, at_most) == pdTRUE; }
  void Give() { static_cast<void>(xSemaphoreGive(handle_)); }

 private:
  StaticSemaphore_t memory_{};
  SemaphoreHandle_t handle_ = nullptr;
};

/// Holds a mutex for the length of a scope.
class Lock final {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { static_cast<void>(mutex_.Take(portMAX_DELAY)); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { mutex_.Give(); }

 private:
  Mutex& mutex_;
};

}  // namespace connect_auth::freertos
