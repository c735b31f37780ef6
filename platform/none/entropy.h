// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then let this class read
// the hardware generator. Leave it failing rather than fill in something predictable: without
// entropy there is no TLS, which is what should happen.
#pragma once

#include "port/entropy.h"

namespace connect_auth::none {

/// Says honestly that there is no entropy.
class NoEntropy final : public Entropy {
 public:
  constexpr NoEntropy() = default;

  Status Fill(Bytes) override { return Status::kUnavailable; }
};

}  // namespace connect_auth::none
