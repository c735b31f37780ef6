// SPDX-License-Identifier: Apache-2.0
//
// The same on a Cortex-M3, for parse.py: prints a line for each kind of work, with its instructions
// and the stack that it took. Under QEMU's -icount an instruction takes a nanosecond of the board's
// clock.
#include <cstdint>

#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/systick_clock.h"
#include "platform/smartfusion2/uart.h"
#include "tests/bench/parse_work.h"

namespace {

using namespace connect_auth::bench;
using connect_auth::smartfusion2::SystickClock;
using connect_auth::smartfusion2::Uart;

constexpr std::uint32_t kTimes = 1000;
constexpr std::uintptr_t kPaintedBytes = 2048;
constexpr std::uintptr_t kKeptBytes = 64;  // what painting itself may be using
constexpr std::uint8_t kPaint = 0xC5;

SystickClock systick;
AnswerText text;
std::array<std::uint8_t, kEncodedBytes + 1> encoded;

std::uintptr_t StackPointer() {
  std::uintptr_t sp;
  asm volatile("mov %0, sp" : "=r"(sp));
  return sp;
}

volatile std::uint8_t& Octet(std::uintptr_t address) {
  return *reinterpret_cast<volatile std::uint8_t*>(address);
}

/// Octets of stack below this function's own frame. Interrupts would paint over.
[[gnu::noinline]] std::uint32_t StackOf(bool (*work)()) {
  asm volatile("cpsid i" ::: "memory");
  const std::uintptr_t top = StackPointer();
  for (std::uintptr_t at = top - kPaintedBytes; at < top; ++at) {
    Octet(at) = kPaint;
  }
  work();
  std::uintptr_t at = top - kPaintedBytes;
  while (at < top && Octet(at) == kPaint) {
    ++at;
  }
  asm volatile("cpsie i" ::: "memory");
  return static_cast<std::uint32_t>(top - at);
}

/// Nanoseconds, which are instructions, of many calls; those of `without` are what the others take
/// besides the work.
std::uint64_t TimeOf(bool (*work)()) {
  const std::uint64_t before = systick.Ticks();
  for (std::uint32_t i = 0; i < kTimes; ++i) {
    if (!work()) {
      return 0;
    }
  }
  return (systick.Ticks() - before) * 1000 / (SystickClock::kTicksPerSecond / 1000000);
}

void Print(std::uint64_t number) {
  char digits[20];
  std::size_t size = 0;
  do {
    digits[size++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (size > 0) {
    Uart::Write({&digits[--size], 1});
  }
}

void Report(std::string_view name, bool (*work)(), bool (*without)()) {
  const std::uint64_t base = TimeOf(without);
  const std::uint64_t taken = TimeOf(work);
  Uart::Write("BENCH ");
  Uart::Write(name);
  Uart::Write(" ");
  Print(taken > base ? (taken - base) / kTimes : 0);  // 0: it went wrong
  Uart::Write(" ");
  Print(StackOf(work));
  Uart::Write("\n");
}

bool Nothing() {
  return true;
}

template <Answer kAnswer>
bool BuildOnly() {
  Build(kAnswer, text);
  return true;
}

template <Answer kAnswer>
bool Parse() {
  Build(kAnswer, text);
  return bench_connect_auth(&text, {}) == kLifetimeSeconds;
}

template <Answer kAnswer>
bool ParseHttp() {
  Build(kAnswer, text);
  return bench_connect_auth_http(&text) > 0;
}

template <void (*kEncode)(std::uint8_t*)>
bool Encode() {
  kEncode(encoded.data());
  return encoded[kEncodedBytes - 1] != 0;
}

}  // namespace

int main() {
  systick.Start();
  Report("fields parse", Parse<Answer::kManyFields>, BuildOnly<Answer::kManyFields>);
  Report("fields http", ParseHttp<Answer::kManyFields>, BuildOnly<Answer::kManyFields>);
  Report("long parse", Parse<Answer::kLongToken>, BuildOnly<Answer::kLongToken>);
  Report("long http", ParseHttp<Answer::kLongToken>, BuildOnly<Answer::kLongToken>);
  Report("base64 connect_auth", Encode<bench_connect_auth_base64>, Nothing);
  Report("base64 mbedtls", Encode<bench_mbedtls_base64>, Nothing);
  connect_auth::smartfusion2::Exit(0);
}
