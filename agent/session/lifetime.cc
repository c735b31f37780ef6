// SPDX-License-Identifier: Apache-2.0
#include "agent/session/lifetime.h"

#include <algorithm>

namespace connect_auth {
namespace {

Millis Lifetime(const Token& token) {
  return Millis::Seconds(token.lifetime_s());
}

}  // namespace

Result<Millis> AgeOf(const Anchor& anchor, const Clock& clock) {
  if (anchor.boot_id != 0 && anchor.boot_id == clock.boot_id()) {
    return clock.Now() - anchor.sent;
  }
  const Result<UnixSeconds> wall = clock.WallTime();
  if (!wall.ok() || anchor.wall.count == 0 || wall.value() < anchor.wall) {
    return Status::kUnavailable;
  }
  return Millis::Seconds(wall.value().count - anchor.wall.count);
}

Result<Millis> RemainingLife(const Token& token, const Clock& clock) {
  const Result<Millis> age = AgeOf(token.anchor(), clock);
  if (!age.ok()) {
    return age.status();
  }
  return Lifetime(token) - age.value();
}

Millis RequiredLife(const Token& token, Millis margin, Millis min_valid) {
  return std::max(std::min(margin, Millis{Lifetime(token).count / 5}), min_valid);
}

}  // namespace connect_auth
