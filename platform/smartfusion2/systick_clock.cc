// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/systick_clock.h"

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kControl = 0x0;
constexpr std::uint32_t kReload = 0x4;
constexpr std::uint32_t kValue = 0x8;
constexpr std::uint32_t kEnableWithInterrupt = 7;  // from the processor's clock
constexpr std::uint32_t kInterruptState = 0x04;    // ICSR
constexpr std::uint32_t kSystickPending = 1U << 26;
constexpr std::uint32_t kTicksPerMilli = SystickClock::kTicksPerSecond / 1000;

// Written by the interrupt alone. 64 bits are not read in one go: see Milliseconds().
volatile std::uint64_t milliseconds = 0;

// A tick in the middle of the first read shows in the second: no other is less than a millisecond
// away, and one that is torn twice alike cannot be.
std::uint64_t Milliseconds() {
  std::uint64_t first;
  std::uint64_t second = milliseconds;
  do {
    first = second;
    second = milliseconds;
  } while (first != second);
  return first;
}

}  // namespace

void SystickClock::Start() {
  milliseconds = 0;
  Register(kSystick, kReload) = kTicksPerMilli - 1;
  Register(kSystick, kValue) = 0;
  Register(kSystick, kControl) = kEnableWithInterrupt;
}

Instant SystickClock::Now() const {
  return Instant{static_cast<std::int64_t>(Milliseconds())};
}

Result<UnixSeconds> SystickClock::WallTime() const {
  if (start_.count == 0) {
    return Status::kUnavailable;
  }
  return UnixSeconds{start_.count + Now().millis / 1000};
}

std::uint64_t SystickClock::Ticks() const {
  std::uint64_t before;
  std::uint64_t after = Milliseconds();
  std::uint32_t passed;
  bool pending;
  do {
    before = after;
    passed = kTicksPerMilli - 1 - Register(kSystick, kValue);
    // The counter began anew, but its interrupt was not counted yet. Read again: the value may be
    // from before that.
    pending = (Register(kSystemControl, kInterruptState) & kSystickPending) != 0;
    if (pending) {
      passed = 2 * kTicksPerMilli - 1 - Register(kSystick, kValue);
    }
    after = Milliseconds();
  } while (before != after);
  return before * kTicksPerMilli + passed;
}

void HandleSystick() {
  milliseconds = milliseconds + 1;
}

}  // namespace connect_auth::smartfusion2
