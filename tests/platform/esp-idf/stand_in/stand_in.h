// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/port/contract_storage.h"

namespace connect_auth::tests {

/// Brings the medium under the stand-in to that state; erases nothing.
void SetNvs(contract::Medium medium);

}  // namespace connect_auth::tests
