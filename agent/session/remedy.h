// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/failure.h"

namespace connect_auth {

/// What the agent does by itself about a failed request for a token.
enum class Remedy : std::uint8_t {
  kNone,         ///< Nothing failed.
  kRetry,        ///< It may be over soon: see `Backoff`.
  kRetrySlowly,  ///< A person has to act, perhaps at the server; nobody is harmed by trying.
  /// The server refused the credentials, and counts it: see `LatchOpensAt`.
  kLatch,
  kNewCode,           ///< Wait until another code is configured.
  kNewConfiguration,  ///< Wait until the configuration changes: nothing was sent, nor would be.
};

Remedy RemedyOf(Reason reason);

}  // namespace connect_auth
