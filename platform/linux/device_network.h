// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "agent/provisioning/provision_record.h"
#include "platform/linux/given_settings.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// The network of a device, as the settings of [device] say.
class DeviceNetwork {
 public:
  /// @return  A problem (kUsage): an address is none, or one is there that is of no use.
  Problem Read(const GivenSettings& given);

  /// Borrows from this object.
  const Provision::Network& network() const { return network_; }

 private:
  Problem ReadAddress(const GivenSettings& given);
  Problem ReadMac(const GivenSettings& given);
  bool IsNeighbour(std::int64_t address) const;

  Provision::Network network_;
  std::array<std::uint8_t, 6> mac_{};
};

}  // namespace connect_auth::program
