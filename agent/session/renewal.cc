// SPDX-License-Identifier: Apache-2.0
#include "agent/session/renewal.h"

#include <algorithm>

#include "agent/session/lifetime.h"

namespace connect_auth {
namespace {

constexpr int kInStepFrom = 1;
constexpr int kScatteredFrom = 7;
constexpr int kUntil = 8;

Millis Tenths(const Token& token, int count) {
  return Millis{std::int64_t{token.lifetime_s()} * 100 * count};
}

/// How old the token is to become.
Millis AgeAtRenewal(const Token& token, Slot slot, Herd herd) {
  const int from = herd == Herd::kInStep ? kInStepFrom : kScatteredFrom;
  const Millis earliest = std::max(Tenths(token, from), kLeastPause);
  return earliest + slot.Of(Tenths(token, kUntil) - earliest);
}

}  // namespace

Instant RenewalAt(const Token& token, const Clock& clock, Slot slot, Herd herd) {
  const Result<Millis> age = AgeOf(token.anchor(), clock);
  if (!age.ok()) {
    return clock.Now();
  }
  return clock.Now() + (AgeAtRenewal(token, slot, herd) - age.value());
}

}  // namespace connect_auth
