// SPDX-License-Identifier: Apache-2.0
//
// From reset to main(). Code in threads runs on a stack of its own, so that its overflow still
// leaves one for the handler that reports it.

#include <algorithm>
#include <cstdint>

#include "platform/smartfusion2/emac.h"
#include "platform/smartfusion2/fault.h"
#include "platform/smartfusion2/mpu.h"
#include "platform/smartfusion2/registers.h"
#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/stack.h"
#include "platform/smartfusion2/systick_clock.h"
#include "platform/smartfusion2/uart.h"

// C++ lets nobody call main() by its name.
int Main(int, char**) asm("main");

extern "C" {
extern const std::uint32_t data_in_envm[];
extern std::uint32_t data_begin[];
extern std::uint32_t data_end[];
extern std::uint32_t bss_begin[];
extern std::uint32_t bss_end[];
extern std::uint32_t handler_stack_end[];
extern char __tls_base[];

using Initializer = void (*)();
extern const Initializer init_array_begin[];
extern const Initializer init_array_end[];

void _set_tls(void* base);  // picolibc: where `errno` lies.
[[noreturn]] void StartUp();
[[noreturn]] void StartOnThreadStack();
}

namespace connect_auth::smartfusion2 {
namespace {

using Handler = void (*)();

// ARMv7-M Architecture Reference Manual, B1.5.3. Its first word is a stack, not a handler.
struct Vectors {
  const std::uint32_t* stack;
  Handler exceptions[15];
  Handler interrupts[32];
};

constexpr Vectors MakeVectors() {
  Vectors vectors{handler_stack_end, {}, {}};
  std::fill(std::begin(vectors.exceptions), std::end(vectors.exceptions), HandleFault);
  std::fill(std::begin(vectors.interrupts), std::end(vectors.interrupts), HandleFault);
  vectors.exceptions[0] = StartUp;
  vectors.exceptions[14] = HandleSystick;
  vectors.interrupts[kUart0Interrupt] = HandleUart;
  vectors.interrupts[kEmacInterrupt] = HandleEmac;
  return vectors;
}

[[gnu::section(".vectors"), gnu::used]] constinit const Vectors vectors = MakeVectors();

}  // namespace
}  // namespace connect_auth::smartfusion2

[[gnu::naked]] void StartUp() {
  asm volatile(
      "ldr r0, =thread_stack_end\n"
      "msr psp, r0\n"
      "movs r0, #2\n"
      "msr control, r0\n"
      "isb\n"
      "b StartOnThreadStack\n");
}

void StartOnThreadStack() {
  std::copy(data_in_envm, data_in_envm + (data_end - data_begin), data_begin);
  std::fill(bss_begin, bss_end, 0);
  connect_auth::smartfusion2::PaintStacks();
  connect_auth::smartfusion2::ProtectMemory();
  connect_auth::smartfusion2::EnableFaults();
  _set_tls(__tls_base);
  std::for_each(init_array_begin, init_array_end, [](Initializer initialize) { initialize(); });
  connect_auth::smartfusion2::Exit(Main(0, nullptr));
}
