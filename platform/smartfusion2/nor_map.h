// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What lies where in the board's NOR flash, in blocks of 64 KB. `connect-auth provision` writes
/// images with the same map.
namespace connect_auth::smartfusion2 {

/// The provisioning record.
inline constexpr std::uint32_t kSettingsFirstBlock = 0;
inline constexpr std::uint32_t kSettingsBlocks = 2;
/// What the agent stores, and the seed.
inline constexpr std::uint32_t kStateFirstBlock = 2;
inline constexpr std::uint32_t kStateBlocks = 8;

}  // namespace connect_auth::smartfusion2
