// SPDX-License-Identifier: Apache-2.0
#include "platform/lwip/lwip_system.h"

#include <array>
#include <bit>
#include <cstdint>

#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

namespace connect_auth::lwip {
namespace {

const Clock* time_source = nullptr;
Entropy* randomness = nullptr;

}  // namespace

void StartSystem(const Clock& clock, Entropy& entropy) {
  time_source = &clock;
  randomness = &entropy;
  lwip_init();
}

void RunTimers() {
  if (time_source != nullptr) {
    sys_check_timeouts();
  }
}

Instant NextTimer() {
  if (time_source == nullptr) {
    return Instant::Never();
  }
  const u32_t wait = sys_timeouts_sleeptime();
  return wait == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? Instant::Never()
                                                 : time_source->Now() + Millis{wait};
}

}  // namespace connect_auth::lwip

// It may wrap: lwIP only looks at differences.
u32_t sys_now() {
  return static_cast<u32_t>(connect_auth::lwip::time_source->Now().millis);
}

// Entropy that fails later leaves lwIP without a way to say so; what it is for is TLS, which can.
unsigned connect_auth_lwip_random() {
  std::array<std::uint8_t, sizeof(unsigned)> octets{};
  static_cast<void>(connect_auth::lwip::randomness->Fill(octets));
  return std::bit_cast<unsigned>(octets);
}
