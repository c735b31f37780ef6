// SPDX-License-Identifier: Apache-2.0
//
// An image that ends in the way that a line on its console names, so that the runner and the
// board's own guards are seen to tell each from the others.

#include <array>
#include <string_view>

#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/uart.h"

namespace {

using connect_auth::smartfusion2::Exit;
using connect_auth::smartfusion2::Reset;
using connect_auth::smartfusion2::Uart;

std::array<char, 32> line;

std::string_view ReadLine() {
  std::size_t size = 0;
  for (;;) {
    const int octet = Uart::Read();
    if (octet == '\n') {
      return {line.data(), size};
    }
    if (octet >= 0 && size < line.size()) {
      line[size++] = static_cast<char>(octet);
    }
  }
}

[[noreturn]] void Hang() {
  for (;;) {
    asm volatile("wfi");
  }
}

// Each call has a frame that is needed after the next one. The number never is negative.
[[gnu::noinline]] int Recurse(volatile int* above) {
  if (*above < 0) {
    return 0;
  }
  volatile int own[16] = {};
  own[0] = *above + 1;
  return Recurse(own) + own[0];
}

void Overflow() {
  volatile int bottom = 0;
  static_cast<void>(Recurse(&bottom));
}

// From here on main() uses the stack of the handlers.
void OverflowHandlerStack() {
  asm volatile("movs r0, #0\n msr control, r0\n isb\n" ::: "r0", "memory");
  Overflow();
}

void ReadNull() {
  volatile int* volatile null = nullptr;
  static_cast<void>(*null);
}

void WriteNull() {
  volatile int* volatile null = nullptr;
  *null = 1;
}

void CallNull() {
  void (*volatile null)() = nullptr;
  null();
}

void Divide() {
  volatile int zero = 0;
  volatile int quotient = 1;
  quotient = quotient / zero;
}

void TouchNothing() {
  *reinterpret_cast<volatile int*>(0x20010000) = 1;  // Behind the eSRAM.
}

// An exception where none can be taken.
void LockUp() {
  asm volatile("cpsid f\n udf #0\n");
}

struct Way {
  std::string_view name;
  void (*end)();
};

constexpr Way kWays[] = {
    {"pass", [] { Exit(0); }},       {"fail", [] { Exit(3); }},
    {"reset", [] { Reset(); }},      {"hang", [] { Hang(); }},
    {"overflow", Overflow},          {"overflow in a handler", OverflowHandlerStack},
    {"read null", ReadNull},         {"write null", WriteNull},
    {"call null", CallNull},         {"divide", Divide},
    {"touch nothing", TouchNothing}, {"lock up", LockUp},
};

}  // namespace

int main() {
  Uart::Start();
  Uart::Write("READY\n");
  const std::string_view name = ReadLine();
  for (const Way& way : kWays) {
    if (way.name == name) {
      way.end();
    }
  }
  return 100;
}
