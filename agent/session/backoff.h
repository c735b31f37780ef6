// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/session/remedy.h"
#include "agent/session/slot.h"
#include "port/clock.h"

namespace connect_auth {

/// How a fleet comes back: the same for all its devices, N in number.
struct BackoffPlan {
  /// Between two attempts, while the server is away. When it is back, it gets N / period requests
  /// a second until all have been served, one period later. > 0
  Millis period = Millis::Seconds(300);
  /// The same where only a person can help: see `Remedy::kRetrySlowly`. > 0
  Millis slow_period = Millis::Seconds(900);
  /// The first attempts after a start, if devices start all at once: a power cut ends, an update
  /// was rolled out. That makes N / boot_spread requests a second, and has a device without a
  /// usable token wait for half the spread on average. A small fleet may set 0: at once. >= 0
  Millis boot_spread = Millis::Seconds(300);
};

/// When to try again after a failure that may pass. Pure: time is told, never asked for.
///
///          now                                  each device at its slot of the period
///     ──────┼──────────────┼──────────────────────────────┼──────────────► t
///        fails         tries again      period        and again ...
///
/// Every device keeps to its place in a period of its own, for ever: with N of them and a period
/// of c, the server gets N / c a second however long it was away. Exponential back-off with jitter
/// gets to 2 N / c at best and tries oftener in the meantime. Nothing grows: radio and server are
/// spared by the first wait already, and a device is back one period after the server is.
class Backoff {
 public:
  static constexpr Millis kMostRetryAfter = Millis::Seconds(86400);

  /// A failed attempt, as far as it matters here.
  struct Setback {
    Remedy remedy = Remedy::kRetry;   ///< Anything else than kRetrySlowly is taken as kRetry.
    std::uint32_t retry_after_s = 0;  ///< As in `Failure`.
    Instant token_ends{0};  ///< When the present token's life is over. Past: there is none.
  };

  constexpr Backoff() = default;

  /// Begins with the first period.
  ///
  /// @param start  When the device, or the agent on it, started.
  /// @param slot   For Purpose::kRetry.
  Backoff(const BackoffPlan& plan, Slot slot, Instant start)
      : plan_(plan), slot_(slot), begin_(start) {}

  /// When to make the first attempt: no sooner, even if a token is due or missing. What a person
  /// asks for need not wait.
  ///
  /// @pre neither `AfterFailure` nor `Succeed` was called
  Instant First() const { return begin_ + slot_.Of(plan_.boot_spread); }

  /// When to make the next one.
  ///
  /// At the device's next place, but where the server said when (Retry-After) at its first place
  /// from then on: a moment that everybody is told is one that everybody keeps. A server cannot
  /// silence a device for longer than `kMostRetryAfter`.
  ///
  /// One attempt after the first failure comes sooner, within half a minute, if the present token
  /// would not outlive the wait: the glitch may have been the device's own. Tokens of which less
  /// than 90 s are left are not worth that: they live shorter than 450 s, and a fleet of devices
  /// with such would make a fourth attempt each while the server is away for ten minutes.
  ///
  /// @return >= now; saturates at Instant::Never()
  Instant AfterFailure(const Setback& setback, Instant now);

  /// There is a token: what was remembered of the outage is of no use any more.
  void Succeed();

  /// How many attempts failed since the start or the last token; at most 255.
  std::uint8_t failures() const { return failures_; }

 private:
  static constexpr Instant kLongAgo{INT64_MIN};

  Instant NextPlace(Instant from, Millis period);

  BackoffPlan plan_;
  Slot slot_;
  Instant begin_ = kLongAgo;  // of the device's present period
  std::uint8_t failures_ = 0;
};

}  // namespace connect_auth
