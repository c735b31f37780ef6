// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/reset.h"

#include <cstdint>

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {

void Reset() {
  constexpr std::uint32_t kInterruptAndReset = 0x0C;  // AIRCR
  constexpr std::uint32_t kKeyAndSystemResetRequest = 0x05FA0004;
  asm volatile("dsb" ::: "memory");
  Register(kSystemControl, kInterruptAndReset) = kKeyAndSystemResetRequest;
  asm volatile("dsb" ::: "memory");
  for (;;) {
  }
}

}  // namespace connect_auth::smartfusion2
