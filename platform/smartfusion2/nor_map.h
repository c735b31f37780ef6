// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/provisioning/provision_record.h"
#include "platform/smartfusion2/spi_nor.h"

/// What lies where in the board's NOR flash, in blocks of 64 KB.
namespace connect_auth::smartfusion2 {

/// The provisioning record.
inline constexpr std::uint32_t kSettingsFirstBlock = 0;
inline constexpr std::uint32_t kSettingsBlocks = Provision::kBlocks;
static_assert(SpiNor::kBlockBytes == Provision::kBlockBytes);
/// What the agent stores, and the seed.
inline constexpr std::uint32_t kStateFirstBlock = 2;
inline constexpr std::uint32_t kStateBlocks = 8;

}  // namespace connect_auth::smartfusion2
