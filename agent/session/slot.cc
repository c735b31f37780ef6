// SPDX-License-Identifier: Apache-2.0
#include "agent/session/slot.h"

#include <array>

namespace connect_auth {
namespace {

/// One factor for each purpose, in its order. Any odd number would make a hash; these are the ones
/// of 1500 that were tried under which numbered devices lie evenest: see tests/agent/test_slot.cc.
constexpr std::array<std::uint32_t, 3> kFactors = {0x70CE45DF, 0xEE51D10B, 0xA0D36EF5};

}  // namespace

Slot::Slot(ConstBytes device_id, Purpose purpose) {
  const std::uint32_t factor = kFactors[static_cast<std::size_t>(purpose)];
  for (const std::uint8_t octet : device_id) {
    fraction_ = (fraction_ + octet) * factor;
  }
}

/// span * fraction / 2^32, in two halves: their products fit 64 bits, and nothing is divided.
Millis Slot::Of(Millis span) const {
  if (span.count <= 0) {
    return Millis{0};
  }
  const auto count = static_cast<std::uint64_t>(span.count);
  const std::uint64_t fraction = fraction_;
  const std::uint64_t high = (count >> 32) * fraction;
  const std::uint64_t low = (count & UINT32_MAX) * fraction >> 32;
  return Millis{static_cast<std::int64_t>(high + low)};
}

}  // namespace connect_auth
