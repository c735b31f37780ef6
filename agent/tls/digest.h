// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace connect_auth {

/// A SHA-256.
using Digest = std::array<std::uint8_t, 32>;

/// The digest of a list of fields. Each is taken with its length, so that no two lists look alike.
///
/// @param fields  Shorter than 4 GiB each. Borrowed during the call.
Digest DigestOf(std::span<const std::string_view> fields);

}  // namespace connect_auth
