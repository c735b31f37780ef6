// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/posix/socket_connection.h"
#include "port/clock.h"
#include "port/status.h"

namespace connect_auth::posix {

/// Sleeps until `machine` is worth polling again, by what its `wants()` says.
///
/// @param connection  A `SocketConnection`, or what has the same `Wait()`.
template <typename Machine, typename Waitable>
void Sleep(const Machine& machine, Waitable& connection, const Clock& clock) {
  const auto wants = machine.wants();
  const Millis span = wants.until - clock.Now();
  if (span > Millis{0}) {
    static_cast<void>(connection.Wait(wants.interest, span));
  }
}

/// The ten lines that make a blocking call of a machine that is polled, such as `Agent`:
///
///     Status status = agent.RequestToken(Millis::Seconds(60));
///     if (status == Status::kPending) {
///       status = posix::RunToEnd(agent, connection, clock);
///     }
///
/// @param machine     Has `Poll()` and `wants()`.
/// @param connection  As of `Sleep`: the one that the machine uses.
/// @return  What the last `Poll()` said; never kPending.
template <typename Machine, typename Waitable>
Status RunToEnd(Machine& machine, Waitable& connection, const Clock& clock) {
  Status status = machine.Poll();
  while (status == Status::kPending) {
    Sleep(machine, connection, clock);
    status = machine.Poll();
  }
  return status;
}

}  // namespace connect_auth::posix
