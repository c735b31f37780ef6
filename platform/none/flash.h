// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then let this class drive
// the NOR part. Not needed where the platform has a store of its own: see storage.h.
#pragma once

#include <cstdint>

#include "port/flash.h"

namespace connect_auth::none {

/// An area of no blocks: whatever is asked lies outside it, and the part never answers.
class NoFlash final : public Flash {
 public:
  constexpr NoFlash() = default;

  FlashGeometry geometry() const override { return {}; }
  Status Read(std::uint32_t, Bytes) override { return Status::kUnavailable; }
  Status Program(std::uint32_t, ConstBytes) override { return Status::kUnavailable; }
  Status Erase(std::uint32_t) override { return Status::kUnavailable; }
};

}  // namespace connect_auth::none
