// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "port/entropy.h"

namespace connect_auth::fake {

/// The same "random" bytes in every run (xorshift64*).
class FakeEntropy final : public Entropy {
 public:
  /// @param seed  Not 0.
  constexpr explicit FakeEntropy(std::uint64_t seed = 0x9E3779B97F4A7C15) : state_(seed) {}

  Status Fill(Bytes into) override {
    ++calls_;
    if (failing_ || calls_ == failing_call_) {
      return Status::kUnavailable;
    }
    for (std::uint8_t& byte : into) {
      byte = Next();
    }
    return Status::kOk;
  }

  /// Makes every call fail, or lets them succeed again.
  void SetFailing(bool failing) { failing_ = failing; }

  /// Makes the `n`-th call fail, counted from 1 over the life of this object.
  void FailCall(std::uint32_t n) { failing_call_ = n; }

  std::uint32_t calls() const { return calls_; }

 private:
  std::uint8_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint8_t>((state_ * 0x2545F4914F6CDD1D) >> 56);
  }

  std::uint64_t state_;
  std::uint32_t calls_ = 0;
  std::uint32_t failing_call_ = 0;
  bool failing_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeEntropy>);

}  // namespace connect_auth::fake
