// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

#include "port/bytes.h"

namespace connect_auth {

/// Memory whose last byte lies in front of a page that may not be touched, so that reading or
/// writing one byte too far ends the test at once. Never freed: a test's process is short.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t capacity) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t size = (capacity + page - 1) / page * page;
    void* const memory =
        mmap(nullptr, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(static_cast<char*>(memory) + size, page, PROT_NONE) != 0) {
      std::abort();
    }
    memory_ = Bytes(static_cast<std::uint8_t*>(memory), size);
  }

  /// The last `size` bytes in front of the guard.
  Bytes Last(std::size_t size) const { return memory_.last(size); }

  /// A copy of `bytes` that ends at the guard. Valid until the next call.
  Bytes Copy(ConstBytes bytes) const {
    CopyBytes(bytes, Last(bytes.size()));
    return Last(bytes.size());
  }

 private:
  Bytes memory_;
};

}  // namespace connect_auth
