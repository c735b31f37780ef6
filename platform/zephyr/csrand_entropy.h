// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zephyr/random/random.h>

#include "port/entropy.h"

namespace connect_auth::zephyr {

/// Zephyr's cryptographically secure generator. It is there only with CONFIG_CSPRNG_ENABLED, which
/// wants a driver of real entropy; CONFIG_TEST_RANDOM_GENERATOR does not give it.
class CsrandEntropy final : public Entropy {
 public:
  Status Fill(Bytes into) override {
    return ::sys_csrand_get(into.data(), into.size()) == 0 ? Status::kOk : Status::kUnavailable;
  }
};

}  // namespace connect_auth::zephyr
