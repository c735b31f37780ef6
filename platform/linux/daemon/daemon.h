// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "platform/linux/command_line.h"
#include "platform/linux/daemon/allow_list.h"
#include "platform/linux/daemon/client.h"
#include "platform/linux/daemon/listener.h"
#include "platform/linux/daemon/pid_file.h"
#include "platform/linux/daemon/service_manager.h"
#include "platform/linux/daemon/token_service.h"
#include "platform/linux/forward/forward_process.h"
#include "platform/linux/problem.h"
#include "port/clock.h"

namespace connect_auth::program {

/// The service: one thread that waits for clients, signals, the agent's connection and the time,
/// and never for one of them alone.
class Daemon {
 public:
  /// When as many are connected, the one makes room that was silent for longest, of the user who
  /// has most.
  static constexpr std::size_t kMostClients = 64;

  Daemon() = default;
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Serves until a signal ends it.
  Problem Run(const CommandLine& line);

 private:
  Problem Start(const CommandLine& line);
  Problem Listen();
  Problem Watch(int descriptor, std::uint32_t events, std::uint64_t what) const;
  Problem WatchSignals();
  void Loop(const CommandLine& line);
  int WaitForEvents(Instant until);
  bool IsAgentDue() const;
  Instant NextDeadline() const;
  void Handle(const epoll_event& event, const CommandLine& line);
  void HandleSignal(const CommandLine& line);
  void Reload(const CommandLine& line);

  void Accept();
  void Admit(int socket);
  std::size_t FreeSlot();
  std::size_t SlotToVacate() const;
  void HandleClient(std::size_t slot, std::uint32_t events);
  void Converse(std::size_t slot);
  void AnswerLine(Client& client, std::string_view line);
  void Deliver(std::size_t slot);
  void Drop(std::size_t slot);
  void CutOff(std::size_t slot);
  void SettleWaiting(bool may_have_answer);
  void TellSubscribers();
  void CutOffStalled();
  void CutOffDenied();

  ForwardProcess forward_;
  TokenService service_;
  ServiceManager manager_;
  AllowList allowed_;
  Listener listener_;
  PidFile pid_file_;
  std::array<std::unique_ptr<Client>, kMostClients> clients_;
  std::array<epoll_event, 64> events_;
  Instant now_{0};
  Instant next_sweep_{0};
  std::uint32_t told_generation_ = 0;
  bool told_token_ = false;
  bool connection_ready_ = false;
  int epoll_ = -1;
  int signals_ = -1;
  bool ends_ = false;
};

}  // namespace connect_auth::program
