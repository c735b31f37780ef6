// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/login/expected_answer.h"
#include "platform/linux/login/loopback_listener.h"
#include "platform/linux/login/pasted_line.h"
#include "platform/linux/problem.h"
#include "port/clock.h"

namespace connect_auth::program {

/// Waits until the answer is over, from wherever it comes first.
///
/// @param listener  Not open: nothing comes from there.
/// @return  A problem (kNeedsCode): it did not come in time, nothing more can come, or a signal
///          came; or that of the answer.
Problem WaitForAnswer(Millis timeout, const Clock& clock, LoopbackListener& listener,
                      PastedLine& pasted, ExpectedAnswer& answer);

}  // namespace connect_auth::program
