// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "platform/posix/socket_connection.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/result.h"
#include "port/status.h"

namespace connect_auth::posix {

/// Lends a machine that is polled, such as `Agent`, to any number of threads. They join one
/// request, each with a time limit of its own.
///
/// There is no thread of its own: of those that wait, one polls for all, and when it has enough the
/// next one goes on. While nobody waits nothing happens; what was under way is gone on with by the
/// next caller. The lock is never held while somebody sleeps.
///
/// @tparam Machine  Has `AwaitToken()`, `RejectToken()`, `Poll()`, `wants()`, `token()` and
///                  `token_generation()`. Once it is shared nobody else may use it. While its
///                  `wants()` name an interest, only `Poll()` uses the connection.
template <typename Machine>
class Shared {
 public:
  /// A token that was copied.
  struct Taken {
    std::size_t size = 0;
    std::uint32_t generation = 0;  ///< For `RejectToken()`.
  };

  /// @param machine     Started. Borrowed, like the others, for the life of this object.
  /// @param connection  The one that the machine uses.
  /// @param clock       Likewise.
  Shared(Machine& machine, SocketConnection& connection, const Clock& clock)
      : machine_(machine), connection_(connection), clock_(clock) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  /// Waits for a token, and copies it. May be called from any thread.
  ///
  /// @param min_valid  How much longer it is to be good.
  /// @param at_most    How long to wait. 0: only what is at hand.
  /// @param into       Wiped by the caller, when he has used it.
  /// @return value            `into` begins with the token.
  /// @return kTimeout         None came in time; it may yet.
  /// @return kBufferTooSmall  `into` cannot hold it.
  /// @return other            Waiting would not help: as of `Agent::AwaitToken`.
  Result<Taken> TakeToken(Millis min_valid, Millis at_most, Bytes into) {
    std::unique_lock<std::mutex> lock(mutex_);
    const Instant until = clock_.Now() + at_most;
    Status status = machine_.AwaitToken(min_valid, until);
    arrived_.notify_one();
    while (status == Status::kPending) {
      if (is_polled_) {
        SleepOn(ended_, lock, until);
      } else {
        PollOnce(lock, until);
      }
      status = machine_.AwaitToken(min_valid, until);
    }
    ended_.notify_all();  // Who polled leaves: somebody else has to.
    return status == Status::kOk ? Copy(into) : Result<Taken>(status);
  }

  /// Says that the API refused a token (401). May be called from any thread, by all that used it.
  void RejectToken(std::uint32_t generation) {
    const std::lock_guard<std::mutex> lock(mutex_);
    machine_.RejectToken(generation);
    arrived_.notify_one();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void PollOnce(Lock& lock, Instant until) {
    is_polled_ = true;
    SleepUntilWorthIt(lock, until);
    if (machine_.Poll() != Status::kPending) {
      ended_.notify_all();
    }
    is_polled_ = false;
  }

  void SleepUntilWorthIt(Lock& lock, Instant until) {
    const auto wants = machine_.wants();
    const Instant wake = std::min(wants.until, until);
    if (wake <= clock_.Now()) {
      return;
    }
    if (wants.interest == Interest::kNothing) {
      SleepOn(arrived_, lock, wake);  // Whoever comes may begin something.
      return;
    }
    const Millis span = wake - clock_.Now();
    lock.unlock();
    static_cast<void>(connection_.Wait(wants.interest, span));
    lock.lock();
  }

  void SleepOn(std::condition_variable& what, Lock& lock, Instant until) {
    constexpr Millis kMost = Millis::Seconds(3600);  // It is asked again, and may sleep again.
    const Millis span = std::min(until - clock_.Now(), kMost);
    what.wait_for(lock, std::chrono::milliseconds(span.count));
  }

  Result<Taken> Copy(Bytes into) const {
    const ConstBytes text = AsBytes(machine_.token().text().Reveal());
    if (text.size() > into.size()) {
      return Status::kBufferTooSmall;
    }
    CopyBytes(text, into);
    return Taken{text.size(), machine_.token_generation()};
  }

  Machine& machine_;
  SocketConnection& connection_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable arrived_;  // For who polls: somebody came.
  std::condition_variable ended_;    // For the others: something ended, or nobody polls any more.
  bool is_polled_ = false;
};

}  // namespace connect_auth::posix
