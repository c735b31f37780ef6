// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/failure.h"
#include "platform/linux/configuration.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// What the operating system had to say, beside a `Failure`.
struct SystemErrors {
  int network = 0;  ///< `SocketConnection::last_error()`
  const char* network_text = nullptr;
  std::string storage;  ///< `TokenStore::LastError()`
};

/// Tells a failure of the agent in one sentence, with what to do next.
Problem Explain(const Failure& failure, const Configuration& configuration,
                const SystemErrors& errors);

/// As above, for an answer of the API whose status is not 2xx.
Problem ExplainStatus(int status);

}  // namespace connect_auth::program
