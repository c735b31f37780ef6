// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then let this class keep
// records. Only needed where the platform has a store of its own (files, key-value); on raw NOR
// the ring of agent/store is the Storage and flash.h is what you write.
#pragma once

#include <string_view>

#include "port/storage.h"

namespace connect_auth::none {

/// A medium that is always broken. The agent works on it, but asks for a token at every boot.
class NoStorage final : public Storage {
 public:
  constexpr NoStorage() = default;

  IoResult Load(std::string_view name, Bytes) override {
    return IoResult::Error(IsRecordName(name) ? Status::kUnavailable : Status::kInvalidArgument);
  }
  Status Store(std::string_view name, ConstBytes record) override {
    const bool legal = IsRecordName(name) && record.size() <= kMaxRecordBytes;
    return legal ? Status::kUnavailable : Status::kInvalidArgument;
  }
  Status Erase(std::string_view name) override {
    return IsRecordName(name) ? Status::kUnavailable : Status::kInvalidArgument;
  }
  Status Idle() override { return Status::kUnavailable; }
};

}  // namespace connect_auth::none
