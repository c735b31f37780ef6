// SPDX-License-Identifier: Apache-2.0
#include "agent/session/backoff.h"

#include <algorithm>

namespace connect_auth {
namespace {

constexpr Millis kQuick = Millis::Seconds(5);
constexpr Millis kQuickSpread = Millis::Seconds(25);
constexpr Millis kLifeWorthQuickness = Millis::Seconds(90);

}  // namespace

Instant Backoff::AfterFailure(const Setback& setback, Instant now) {
  failures_ = static_cast<std::uint8_t>(std::min(failures_ + 1, UINT8_MAX));
  const bool slow = setback.remedy == Remedy::kRetrySlowly;
  const Millis floor = std::min(Millis::Seconds(setback.retry_after_s), kMostRetryAfter);
  const Instant place = NextPlace(now + floor, slow ? plan_.slow_period : plan_.period);
  const bool token_runs_out =
      setback.token_ends >= now + kLifeWorthQuickness && setback.token_ends < place;
  if (failures_ == 1 && token_runs_out && !slow && floor == Millis{0}) {
    return std::min(place, now + kQuick + slot_.Of(kQuickSpread));
  }
  return place;
}

void Backoff::Succeed() {
  failures_ = 0;
  begin_ = kLongAgo;
}

/// The device's place in the present period or in the next, or else, if it is not on its way
/// through an outage or has overslept, in one that begins now.
Instant Backoff::NextPlace(Instant from, Millis period) {
  const Millis place = slot_.Of(period);
  if (begin_ + place <= from) {
    const Instant next = begin_ + period;
    begin_ = next + place > from ? next : from;
  }
  return begin_ + place;
}

}  // namespace connect_auth
