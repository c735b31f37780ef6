// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/reset.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "platform/smartfusion2/registers.h"
#include "platform/smartfusion2/uart.h"

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

void Exit(int status) {
  std::array<char, 12> number;
  const auto end = std::to_chars(number.data(), number.data() + number.size(), status).ptr;
  Uart::Write("\nEXIT ");
  Uart::Write({number.data(), static_cast<std::size_t>(end - number.data())});
  Uart::Write("\n");
  Uart::Flush();
  Reset();
}

}  // namespace connect_auth::smartfusion2
