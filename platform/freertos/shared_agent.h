// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "FreeRTOS.h"
#include "agent/agent.h"
#include "agent/failure.h"
#include "agent/settings.h"
#include "platform/freertos/mutex.h"
#include "platform/freertos/waitable_connection.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/result.h"
#include "port/status.h"
#include "semphr.h"
#include "task.h"

namespace connect_auth::freertos {

/// Lends an agent to all tasks of a device, and has a task that drives it.
///
///     tasks ── TakeToken(), RejectToken(), report() ──► mutex ──► Agent ◄── mutex ◄── own task
///       ▲                                                                              │ Poll(),
///       └──────────── a semaphore for each that waits: something ended ────────────────┘ sleep
///
/// Nobody holds the mutex while he sleeps or waits for the network; the own task does while the
/// agent makes a step. The longest of these is a handshake's arithmetic, and whoever calls
/// meanwhile waits for it, at the priority of the highest that does (the kernel's mutexes inherit
/// it). So the own task's priority may be low.
///
/// Nothing is allocated. Made for static storage: the task never ends.
class SharedAgent final {
 public:
  /// A token that was copied.
  struct Taken {
    std::size_t size = 0;
    std::uint32_t generation = 0;  ///< For `RejectToken()`.
  };

  /// How things stand, without secrets.
  struct Report {
    Status start = Status::kPending;  ///< What `Agent::Start()` said; kPending: not yet.
    bool is_requesting_token = false;
    std::uint32_t generation = 0;   ///< Of the token; 0: there was none yet.
    Result<Millis> remaining_life;  ///< As of `Agent`.
    Instant next_attempt;           ///< Likewise; Never: somebody has to act.
    Failure failure;                ///< Why there is no (new) token.
    Agent::Counters counters;
  };

  /// What the own task does for another one. Calls nothing of `SharedAgent`.
  using Errand = Status (*)(Agent& agent, void* context);

  /// @param agent       Not started. Borrowed, like the others, for the life of this object; from
  ///                    `Start()` on nobody else uses it.
  /// @param connection  The one that the agent uses.
  /// @param clock       Likewise.
  constexpr SharedAgent(Agent& agent, WaitableConnection& connection, const Clock& clock)
      : agent_(agent), connection_(connection), clock_(clock) {}
  SharedAgent(const SharedAgent&) = delete;
  SharedAgent& operator=(const SharedAgent&) = delete;

  /// Makes the task, which starts the agent. Once, before anything else is called; before the
  /// scheduler runs, or from a task.
  ///
  /// @param settings  For `Agent::Start()`; borrowed as it says.
  /// @param stack     Of the task: see README.md for what suffices. Borrowed for the life of this
  ///                  object.
  /// @param priority  Any that leaves the IP stack's own task a higher one.
  void Start(const Settings& settings, std::span<StackType_t> stack, UBaseType_t priority);

  /// Waits for a token, and copies it. From any task.
  ///
  /// @param min_valid  How much longer it is to be good.
  /// @param at_most    How long to wait, for the mutex as well. 0: only what is at hand.
  /// @param into       Wiped by the caller, when he has used it.
  /// @return value                Its size and generation; `into` begins with the token.
  /// @return kTimeout             None came in time; it may yet.
  /// @return kBufferTooSmall      `into` cannot hold it.
  /// @return kFailedPrecondition  The agent could not be started: see `Report::start`.
  /// @return other                Waiting would not help: as of `Agent::AwaitToken`.
  Result<Taken> TakeToken(Millis min_valid, Millis at_most, Bytes into);

  /// Says that the API refused a token (401). From any task, by all that used it.
  void RejectToken(std::uint32_t generation);

  /// From any task.
  Report report();

  /// Lets the own task do something that the agent offers and is not here: other settings, a
  /// renewal ahead of time, `Forget()`. From any task; one after the other. Waits until it is done:
  /// while a socket is waited for, `kSlice` at most, and as long as the errand takes.
  ///
  /// @param context  Handed to the errand. Borrowed during the call.
  /// @return  What the errand returned.
  Status Do(Errand errand, void* context);

  /// A notification need not end the wait for a socket (lwIP's select() it does not), so that is
  /// begun anew this often, which is while a request is under way: some wakings for each token.
  static constexpr Millis kSlice{250};

 private:
  struct Waiter;

  static void Run(void* self);
  void Begin();
  Wants Step();
  void RunErrand();
  void Poll();
  bool Tidy();
  void Sleep(const Wants& wants);

  Status Ask(Millis min_valid, Instant until);
  Status AwaitToken(Millis min_valid, Instant until);
  Result<Taken> Copy(Bytes into) const;
  void Join(Waiter& waiter);
  void Leave(Waiter& waiter);
  void WakeWaiters();

  Agent& agent_;
  WaitableConnection& connection_;
  const Clock& clock_;
  const Settings* settings_ = nullptr;
  Mutex mutex_;  // Of all that follows, but for what is said to be another's.
  Waiter* waiters_ = nullptr;
  Errand errand_ = nullptr;
  void* context_ = nullptr;
  Status errand_status_ = Status::kOk;
  Status start_ = Status::kPending;
  bool is_busy_ = false;    // An operation is under way.
  bool is_untidy_ = false;  // Storage may have something to do.
  Mutex turn_;              // Of the one whose errand it is.
  SemaphoreHandle_t errand_done_ = nullptr;
  StaticSemaphore_t errand_done_memory_{};
  TaskHandle_t task_ = nullptr;  // Not changed after Start().
  StaticTask_t task_memory_{};
};

}  // namespace connect_auth::freertos
