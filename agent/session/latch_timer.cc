// SPDX-License-Identifier: Apache-2.0
#include "agent/session/latch_timer.h"

#include <algorithm>

#include "agent/session/lifetime.h"

namespace connect_auth {

Instant LatchOpensAt(const Latch& latch, const Clock& clock, Slot slot, Millis wait,
                     Instant found) {
  if (wait <= Millis{0}) {
    return Instant::Never();
  }
  // A refusal in the future is one by a clock that was wrong.
  const Millis age = std::max(AgeOf(latch.since, clock).value_or(clock.Now() - found), Millis{0});
  const Instant refused = clock.Now() + (Millis{0} - age);
  return std::max(refused + wait + slot.Of(wait), clock.Now());
}

}  // namespace connect_auth
