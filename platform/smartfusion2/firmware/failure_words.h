// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/failure.h"

namespace connect_auth::smartfusion2 {

/// A few words for a person at the console: what happened, and what to do if that is not plain.
std::string_view WordsFor(Reason reason);

}  // namespace connect_auth::smartfusion2
