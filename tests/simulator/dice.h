// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace connect_auth::simulator {

/// splitmix64: the same numbers on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  /// least..most
  std::int64_t From(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool OneIn(int n) { return From(1, n) == 1; }
  template <std::size_t N>
  std::int64_t Of(const std::array<std::int64_t, N>& values) {
    return values[static_cast<std::size_t>(From(0, N - 1))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace connect_auth::simulator
