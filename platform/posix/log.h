// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::posix {

/// Sets how much `connect_auth_write_log` writes to standard error: 0 nothing (as at the start), 1
/// errors, 2 warnings, 3 information, 4 everything that was compiled in. Any thread may call it.
void SetLogLevel(int level);

}  // namespace connect_auth::posix
