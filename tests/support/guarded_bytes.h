// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "port/bytes.h"

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#include <unistd.h>
#else
#include "platform/smartfusion2/mpu.h"
#endif

namespace connect_auth {

/// Memory whose last byte lies in front of a page that may not be touched, so that reading or
/// writing one byte too far ends the test at once. Never freed: a test's process is short.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t capacity) {
    const std::size_t page = PageBytes();
    const std::size_t size = (capacity + page - 1) / page * page;
    std::uint8_t* const memory = Allocate(size + page);
    if (memory == nullptr || !Forbid(memory + size, page)) {
      std::abort();
    }
    memory_ = Bytes(memory, size);
  }
#if !__has_include(<sys/mman.h>)
  ~GuardedBytes() {
    smartfusion2::AllowAccess(region_);
  }
#endif
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  /// The last `size` bytes in front of the guard.
  Bytes Last(std::size_t size) const {
    return memory_.last(size);
  }

  /// A copy of `bytes` that ends at the guard. Valid until the next call.
  Bytes Copy(ConstBytes bytes) const {
    CopyBytes(bytes, Last(bytes.size()));
    return Last(bytes.size());
  }

 private:
#if __has_include(<sys/mman.h>)
  static std::size_t PageBytes() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  }

  static std::uint8_t* Allocate(std::size_t size) {
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(memory);
  }

  static bool Forbid(std::uint8_t* page, std::size_t size) {
    return mprotect(page, size, PROT_NONE) == 0;
  }
#else
  static constexpr unsigned kLogOfPage = 8;

  static std::size_t PageBytes() {
    return 1U << kLogOfPage;
  }

  static std::uint8_t* Allocate(std::size_t size) {
    return static_cast<std::uint8_t*>(::aligned_alloc(PageBytes(), size));
  }

  bool Forbid(std::uint8_t* page, std::size_t) {
    region_ = smartfusion2::ForbidAccess(page, kLogOfPage);
    return region_ >= 0;
  }

  int region_ = -1;  // There are few.
#endif

  Bytes memory_;
};

}  // namespace connect_auth
