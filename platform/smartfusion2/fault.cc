// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/fault.h"

#include <array>
#include <cstdint>
#include <string_view>

#include "platform/smartfusion2/registers.h"
#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/uart.h"

extern "C" {
extern const std::uint32_t thread_stack_begin[];
extern const std::uint32_t thread_stack_end[];
extern const std::uint32_t handler_stack_end[];

void ReportFault(const std::uint32_t* frame);
}

namespace connect_auth::smartfusion2 {
namespace {

// ARMv7-M Architecture Reference Manual, B3.2.
constexpr std::uint32_t kInterruptState = 0x04;
constexpr std::uint32_t kConfiguration = 0x14;
constexpr std::uint32_t kTrapDivisionByZero = 1U << 4;
constexpr std::uint32_t kHandlers = 0x24;
constexpr std::uint32_t kEnableAllFaults = 7U << 16;
constexpr std::uint32_t kCause = 0x28;
constexpr std::uint32_t kHardCause = 0x2C;
constexpr std::uint32_t kMemoryAddress = 0x34;
constexpr std::uint32_t kBusAddress = 0x38;

// What the processor pushes: r0 to r3, r12, lr, pc, status.
constexpr unsigned kFrameWords = 8;
constexpr unsigned kLinkAt = 5;
constexpr unsigned kProgramCounterAt = 6;

void WriteHex(std::string_view name, std::uint32_t value) {
  std::array<char, 8> digits;
  for (char& digit : digits) {
    digit = "0123456789abcdef"[value >> 28];
    value <<= 4;
  }
  Uart::Write(name);
  Uart::Write({digits.data(), digits.size()});
}

// The stack pointer may be what is wrong.
bool IsOnStack(const std::uint32_t* frame) {
  return frame >= thread_stack_begin && frame + kFrameWords <= handler_stack_end;
}

bool IsOverflow(const std::uint32_t* frame) {
  return frame < thread_stack_begin;
}

}  // namespace

void EnableFaults() {
  Register(kSystemControl, kConfiguration) =
      Register(kSystemControl, kConfiguration) | kTrapDivisionByZero;
  Register(kSystemControl, kHandlers) = Register(kSystemControl, kHandlers) | kEnableAllFaults;
}

[[gnu::naked]] void HandleFault() {
  asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "b ReportFault\n");
}

}  // namespace connect_auth::smartfusion2

void ReportFault(const std::uint32_t* frame) {
  using namespace connect_auth::smartfusion2;
  Uart::Write(IsOverflow(frame) ? "\nFAULT stack overflow" : "\nFAULT");
  WriteHex(" exception=", Register(kSystemControl, kInterruptState) & 0x1FF);
  if (IsOnStack(frame)) {
    WriteHex(" pc=", frame[kProgramCounterAt]);
    WriteHex(" lr=", frame[kLinkAt]);
  }
  WriteHex(" sp=", reinterpret_cast<std::uint32_t>(frame));
  WriteHex(" cfsr=", Register(kSystemControl, kCause));
  WriteHex(" hfsr=", Register(kSystemControl, kHardCause));
  WriteHex(" mmfar=", Register(kSystemControl, kMemoryAddress));
  WriteHex(" bfar=", Register(kSystemControl, kBusAddress));
  Uart::Write("\n");
  Uart::Flush();
  Reset();
}
