// SPDX-License-Identifier: Apache-2.0
#include "agent/session/lifetime.h"

#include <algorithm>

namespace connect_auth {
namespace {

Millis Lifetime(const Token& token) {
  return Millis::Seconds(token.lifetime_s());
}

}  // namespace

Result<Millis> RemainingLife(const Token& token, const Clock& clock) {
  const Anchor& anchor = token.anchor();
  if (anchor.boot_id != 0 && anchor.boot_id == clock.boot_id()) {
    return anchor.sent + Lifetime(token) - clock.Now();
  }
  const Result<UnixSeconds> wall = clock.WallTime();
  if (!wall.ok() || anchor.wall.count == 0 || wall.value() < anchor.wall) {
    return Status::kUnavailable;
  }
  return Lifetime(token) - Millis::Seconds(wall.value().count - anchor.wall.count);
}

Millis RequiredLife(const Token& token, Millis margin, Millis min_valid) {
  return std::max(std::min(margin, Millis{Lifetime(token).count / 5}), min_valid);
}

}  // namespace connect_auth
