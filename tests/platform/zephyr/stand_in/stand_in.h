// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/clock.h"
#include "tests/port/contract_storage.h"

namespace connect_auth::tests {

/// Brings the medium under the settings to that state; erases nothing.
void SetSettings(contract::Medium medium);
void SetCsrand(bool failing);
void PassUptime(Millis span);

}  // namespace connect_auth::tests
