// SPDX-License-Identifier: Apache-2.0
#include "platform/lwip/lwip_time.h"

#include "lwip/sys.h"
#include "lwip/timeouts.h"

namespace connect_auth::lwip {
namespace {

const Clock* time_source = nullptr;

}  // namespace

void SetClock(const Clock& clock) {
  time_source = &clock;
}

void RunTimers() {
  sys_check_timeouts();
}

Instant NextTimer() {
  const u32_t wait = sys_timeouts_sleeptime();
  return wait == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? Instant::Never()
                                                 : time_source->Now() + Millis{wait};
}

}  // namespace connect_auth::lwip

// It may wrap: lwIP only looks at differences.
u32_t sys_now() {
  return static_cast<u32_t>(connect_auth::lwip::time_source->Now().millis);
}
