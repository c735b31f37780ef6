// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "platform/linux/command_line.h"
#include "platform/linux/forward/forward_counters.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// The service's hold on the process of the forward proxy.
class ForwardProcess {
 public:
  ForwardProcess() = default;
  ~ForwardProcess();
  ForwardProcess(const ForwardProcess&) = delete;
  ForwardProcess& operator=(const ForwardProcess&) = delete;

  /// Starts it, if it is configured, and waits until it listens. To be called before there is any
  /// secret, any other thread and anything else that it must not inherit.
  ///
  /// @param line  Borrowed for the life of this object.
  /// @return  A problem: what it says that is wrong.
  Problem Start(const CommandLine& line);

  /// Has it read its configuration anew.
  void Reload() const;

  /// To be called after SIGCHLD: finds out whether it ended by itself.
  void Look();

  /// Ends it, and all calls with it.
  void Stop();

  /// nullptr: it is not configured.
  const ForwardCounters* counters() const { return counters_; }

 private:
  [[noreturn]] void Serve(const CommandLine& line, int report, pid_t parent);
  Problem TakeReport(int report);

  ForwardCounters* counters_ = nullptr;  // shared with that process
  pid_t process_ = -1;
};

}  // namespace connect_auth::program
