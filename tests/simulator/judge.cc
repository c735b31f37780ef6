// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/session/renewal.h"

namespace connect_auth::simulator {
namespace {

/// Whole seconds, and the time that a Date is under way.
constexpr std::int64_t kWallTolerance = 61 * kSecond;
/// See README.md: turns of the back-off, one at the window's edge, one quick attempt, and refused
/// tokens, of which the pauses double.
constexpr int kTurns = 12 + 1 + 1 + 8;

/// How many tokens an hour are renewed at most.
int RenewalsAnHour(std::int64_t lifetime) {
  const std::int64_t apart = std::max(kLeastPause.count, lifetime * 7 / 10);
  return static_cast<int>(kHour / apart) + 2;
}

}  // namespace

const char* NameOf(Rule rule) {
  constexpr std::array kNames = {"none",
                                 "no dead token",
                                 "rejected is gone",
                                 "one flight",
                                 "rate",
                                 "Retry-After",
                                 "latch",
                                 "code once",
                                 "keeps token",
                                 "keeps refresh token",
                                 "recovers",
                                 "explains",
                                 "replays once",
                                 "wear",
                                 "flash",
                                 "sleeps",
                                 "ends",
                                 "status"};
  return kNames[static_cast<std::size_t>(rule)];
}

void Judge::Break(Rule rule, std::string detail) {
  if (!is_broken()) {
    broken_ = rule;
    broken_at_ = moment_.now;
    detail_ = std::move(detail);
  }
}

void Judge::Prune() {
  for (std::deque<std::int64_t>* times : {&connections_, &allowances_}) {
    while (!times->empty() && times->front() <= moment_.now - kHour) {
      times->pop_front();
    }
  }
}

void Judge::Connects() {
  connections_.push_back(moment_.now);
  Prune();
  const std::int64_t lifetime =
      moment_.now < short_until_ ? std::min(shorter_, lifetime_) : lifetime_;
  const std::size_t most =
      static_cast<std::size_t>(kTurns + RenewalsAnHour(lifetime)) + allowances_.size();
  if (connections_.size() > most) {
    Break(Rule::kRate, std::to_string(connections_.size()) + " connections within an hour, of " +
                           std::to_string(most) + " allowed");
  }
}

void Judge::Allow(int connections) {
  for (int i = 0; i < connections; ++i) {
    allowances_.push_back(moment_.now);
  }
  Prune();
}

void Judge::Asks() {
  if (moment_.now < told_until_) {
    Break(Rule::kRetryAfter, "asked again " +
                                 std::to_string((told_until_ - moment_.now) / kSecond) +
                                 " s before the server wanted it");
  }
}

/// Tokens that were given before live on, and their requests are still in the window.
void Judge::TokensLive(std::int64_t milliseconds) {
  if (milliseconds > lifetime_) {
    shorter_ = moment_.now < short_until_ ? std::min(shorter_, lifetime_) : lifetime_;
    short_until_ = moment_.now + 2 * kHour + shorter_;
  }
  lifetime_ = milliseconds;
}

void Judge::Refused(const std::string& credentials) {
  refused_ = credentials;
  refused_at_ = moment_.now;
  least_error_ = moment_.wall_error;
  most_error_ = moment_.wall_error;
}

void Judge::WallMoved() {
  least_error_ = std::min(least_error_, moment_.wall_error);
  most_error_ = std::max(most_error_, moment_.wall_error);
}

void Judge::Tries(const std::string& credentials) {
  if (refused_.empty() || blind_ || credentials != refused_) {
    return;
  }
  const std::int64_t age = moment_.now - refused_at_;
  const std::int64_t believed = age + (most_error_ - least_error_);
  if (believed < kLatchWait - kWallTolerance) {
    Break(Rule::kLatch, "credentials sent again " + std::to_string(age / kSecond) +
                            " s after the server refused them");
  }
}

}  // namespace connect_auth::simulator
