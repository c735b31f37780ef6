// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace connect_auth::test {

/// The memory of the lwIP under test, from the C library, in limits.
class TestHeap final {
 public:
  /// Of two hosts in one stack.
  static constexpr std::size_t kBytes = 16000;

  static TestHeap& Get();

  /// Makes the `n`-th allocation from now on fail; 0: none.
  void FailCall(std::uint32_t n) { until_failure_ = n; }
  /// Whether that allocation came.
  bool failed() const { return until_failure_ == 0; }

  /// Octets in use, with what the C library adds.
  std::size_t used() const { return used_; }

  void* Allocate(std::size_t size);
  void Free(void* piece);

 private:
  bool IsGranted(std::size_t size);

  std::size_t used_ = 0;
  std::uint32_t until_failure_ = 0;
};

}  // namespace connect_auth::test
