// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace connect_auth::program {

/// Keeps memory out of swap until the process ends, as far as the system lets it (RLIMIT_MEMLOCK).
/// Pages that are never touched cost nothing.
///
/// @return  Whether it does.
inline bool KeepOutOfSwap(const void* begin, std::size_t size) {
  return ::mlock2(begin, size, MLOCK_ONFAULT) == 0;
}

}  // namespace connect_auth::program
