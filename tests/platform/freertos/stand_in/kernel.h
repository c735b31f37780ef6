// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth::stand_in {

/// Says how many ticks there have been since the start, wraps included.
void SetTicks(std::uint64_t ticks);

}  // namespace connect_auth::stand_in
