// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "platform/linux/command_line.h"
#include "platform/linux/configuration.h"
#include "platform/linux/daemon/allow_list.h"
#include "platform/linux/forward/call.h"
#include "platform/linux/forward/forward_counters.h"
#include "platform/linux/forward/forward_listener.h"
#include "platform/linux/forward/own_answer.h"
#include "platform/linux/problem.h"
#include "platform/posix/boot_clock.h"
#include "port/clock.h"

namespace connect_auth::program {

/// The forward proxy: a process beside the service that takes connections, and gives each that may
/// come in a process of its own. It has no secret but the password of a proxy: tokens are for the
/// process of a call alone.
class Forwarder {
 public:
  static constexpr int kWithoutResourcesMs = 100;
  static constexpr int kMostCalls = 16;
  /// `forward_denied` is in the log once in this time; the metrics count all.
  static constexpr Millis kBetweenDeniedLines = Millis::Seconds(1);

  /// @param line, counters  Borrowed for the life of this object.
  Forwarder(const CommandLine& line, ForwardCounters& counters)
      : line_(line), counters_(counters) {}
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  /// @return  A problem (kUsage).
  Problem Start();

  /// Serves until SIGTERM.
  void Run();

 private:
  Problem Configure();
  Problem WatchSignals();
  void HandleSignals();
  void Reload();
  void Reap();
  void Accept();
  bool LetIn(int socket, unsigned& user);
  void Deny(const std::string& user);
  void Begin(int socket, unsigned user);
  [[noreturn]] void Serve(int socket, unsigned user, int parent);
  void TurnAway(int socket, const OwnAnswer& answer);
  void CloseTurnedAway();

  const CommandLine& line_;
  ForwardCounters& counters_;
  std::unique_ptr<Configuration> configuration_;
  TokenPlace place_;
  AllowList allowed_;
  ForwardListener listener_;
  posix::BootClock clock_;
  Instant next_denied_line_;
  // Connections that have their answer, and may not have read it yet.
  std::array<int, 16> turned_away_;
  std::size_t turned_away_count_ = 0;
  int signals_ = -1;
  int calls_ = 0;
  bool ends_ = false;
};

}  // namespace connect_auth::program
