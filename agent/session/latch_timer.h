// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/session/slot.h"
#include "agent/store/state_record.h"
#include "port/clock.h"

namespace connect_auth {

/// When credentials that were refused may be tried once more by the agent itself. An administrator
/// may have set the password back, or unlocked the account, and nobody tells the device.
///
/// After the wait, at the device's place in a second one like it. With the default of 12 h no 24 h
/// see more than two refusals, so that an account that five lock up has three left for its owner,
/// even where they are counted for a whole day. There is nothing to double, and so no count that
/// would have to outlive a restart.
///
/// That is for *one* device. N of them with the same account and the same wrong password make
/// N / 18 h refusals an hour on average: from 180 on five fall into half an hour, the time for
/// which most systems count, and keep the account locked that they need. Such a fleet sets 0.
///
/// @param latch  Is set. Each refusal sets `since` anew, also in storage: without that, a device
///               that restarts again and again would ask at each restart once the wait is over.
/// @param slot   For Purpose::kLatch.
/// @param wait   0: the latch never opens by itself.
/// @param found  When this boot set or found it. Where it is not known how long ago the refusal was
///               (after a restart, without a wall clock) the wait begins then: a device that
///               restarts all the time does not ask.
Instant LatchOpensAt(const Latch& latch, const Clock& clock, Slot slot, Millis wait, Instant found);

inline constexpr Millis kLatchWait = Millis::Seconds(12L * 3600);

}  // namespace connect_auth
