// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace connect_auth::program {

/// What the processes of the forward proxy count, in memory that they share with the service.
struct ForwardCounters {
  std::atomic<std::uint32_t> forwarded{0};  ///< Calls that the server answered.
  std::atomic<std::uint32_t> failed{0};     ///< Calls that got an error of the proxy's own.
  std::atomic<std::uint32_t> denied{0};     ///< Connections of users that may not ask.
  std::atomic<std::uint32_t> busy{0};       ///< Connections that were one too many.
  std::atomic<bool> runs{false};

  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
};

}  // namespace connect_auth::program
