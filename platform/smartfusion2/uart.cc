// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/uart.h"

#include <array>

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kData = 0x00;
constexpr std::uint32_t kInterruptEnable = 0x04;
constexpr std::uint32_t kFifoControl = 0x08;
constexpr std::uint32_t kLineStatus = 0x14;
constexpr std::uint32_t kReceiveInterrupt = 1;
constexpr std::uint32_t kReceived = 1U << 0;
constexpr std::uint32_t kRoom = 1U << 5;
constexpr std::uint32_t kEmpty = 1U << 6;

// Written by the interrupt (into) and by Read() (from) alone.
std::array<volatile std::uint8_t, Uart::kReceiveBytes> ring;
volatile unsigned into = 0;
volatile unsigned from = 0;

unsigned After(unsigned place) {
  return (place + 1) % Uart::kReceiveBytes;
}

}  // namespace

void Uart::Start() {
  Register(kUart0, kFifoControl) = 1;
  Register(kUart0, kInterruptEnable) = kReceiveInterrupt;
  EnableInterrupt(kUart0Interrupt);
}

void Uart::Write(std::string_view text) {
  for (const char octet : text) {
    while ((Register(kUart0, kLineStatus) & kRoom) == 0) {
    }
    Register(kUart0, kData) = static_cast<std::uint8_t>(octet);
  }
}

void Uart::Flush() {
  while ((Register(kUart0, kLineStatus) & kEmpty) == 0) {
  }
}

int Uart::Read() {
  const unsigned place = from;
  if (place == into) {
    return -1;
  }
  const int octet = ring[place];
  from = After(place);
  Register(kUart0, kInterruptEnable) = kReceiveInterrupt;
  return octet;
}

bool Uart::HasInput() {
  return from != into;
}

void HandleUart() {
  while ((Register(kUart0, kLineStatus) & kReceived) != 0) {
    if (After(into) == from) {
      Register(kUart0, kInterruptEnable) = 0;  // Until Read() has made room.
      return;
    }
    ring[into] = static_cast<std::uint8_t>(Register(kUart0, kData));
    into = After(into);
  }
}

}  // namespace connect_auth::smartfusion2
