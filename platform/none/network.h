// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then let this class
// resolve, connect and carry bytes. The checks of the arguments below are already yours.
#pragma once

#include <cstdint>
#include <string_view>

#include "port/network.h"

namespace connect_auth::none {

/// A network on which no host ever answers.
class NoConnection final : public Connection {
 public:
  constexpr NoConnection() = default;

  Status Connect(std::string_view host, std::uint16_t port) override {
    if (host.empty() || host.size() > 253 || port == 0) {
      return Status::kInvalidArgument;
    }
    return Status::kUnavailable;
  }
  IoResult Write(ConstBytes) override { return IoResult::Error(Status::kFailedPrecondition); }
  IoResult Read(Bytes) override { return IoResult::Error(Status::kFailedPrecondition); }
  void Close() override {}
};

}  // namespace connect_auth::none
