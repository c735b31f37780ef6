// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"
#include "port/network.h"

namespace connect_auth::freertos {

/// A `Connection` that a task can sleep on, whatever the stack below it.
class WaitableConnection : public Connection {
 public:
  /// Blocks the calling task until it is worth calling the connection again, for at most `at_most`;
  /// or less, also for no reason that can be seen.
  ///
  /// A notification of the calling task (index 0) ends it, too: while there is no socket to wait
  /// for (`Interest::kNothing`, and while a name is looked up) over every stack, while there is one
  /// where the stack can do that.
  ///
  /// With `Interest::kNothing` it does not look at the connection, which another task may begin to
  /// use meanwhile. Otherwise it is a call like the others.
  virtual void Wait(Interest interest, Millis at_most) = 0;

 protected:
  ~WaitableConnection() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth::freertos
