// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "port/clock.h"

namespace connect_auth::fleet {

constexpr Millis kCap = Millis::Seconds(300);  ///< Longest wait between two attempts.

/// The server is away from `kGone` to `kBack`; what comes after is watched until `kEnd`.
constexpr Instant kGone{600'000};
constexpr Instant kBack{1'200'000};
constexpr Instant kEnd{6'000'000};

/// Numbers at random, the same in each run.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  /// 0 <= result < span
  Millis Below(Millis span);

 private:
  std::uint64_t state_;
};

/// How the devices of a fleet decide when to ask.
class Policy {
 public:
  virtual ~Policy() = default;

  /// A device without a token starts. Returns when it asks.
  virtual Instant Start(std::uint32_t device, Instant now) = 0;
  /// A device that got its token long ago asks at a moment that is its own. Returns that moment,
  /// in the first lifetime after 0.
  virtual Instant Settle(std::uint32_t device) = 0;
  /// It asked in vain. Returns when it asks again.
  virtual Instant Fail(std::uint32_t device, Instant now, std::uint32_t retry_after_s) = 0;
  /// It got a token. Returns when it asks for the next.
  virtual Instant Serve(std::uint32_t device, Instant now) = 0;
};

enum class Scenario : std::uint8_t {
  kStart,   ///< All devices start within the second in which the server goes.
  kPhased,  ///< All have tokens, got at any time.
};

struct Result {
  std::vector<std::uint32_t> attempts;  ///< In each second.
  std::uint64_t while_away = 0;         ///< Attempts while the server was away.
  std::uint64_t after = 0;              ///< Attempts since then, in all.
  std::uint64_t served = 0;             ///< Those of them that got a token.
  std::int64_t t99_s = -1;  ///< Since the server is back, until 99 of 100 that went without had a
                            ///< token; -1: never.
};

/// @param per_second  What the server serves in a second; the others are told to come back in 300
/// s.
///                    0: all.
Result Simulate(Policy& policy, std::uint32_t devices, Scenario scenario, std::uint32_t per_second);

}  // namespace connect_auth::fleet
