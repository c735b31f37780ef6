// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth::simulator {

/// Takes a device through a whole cycle again and again: start, token, store, API requests, one of
/// them answered with 401, renewal, reboot. Each time another call of a port fails, until each has:
/// of the network, of the flash, of entropy. The rules must hold, and in the end there must be a
/// token.
///
/// @param stride  Only every so many calls fail.
/// @return  Whether all went well; prints what did not.
bool FailEveryCall(std::uint32_t stride);

}  // namespace connect_auth::simulator
