// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/failure.h"
#include "platform/linux/configuration.h"
#include "platform/linux/problem.h"
#include "port/clock.h"

namespace connect_auth::program {

/// When the server refused the credentials, and when they are tried again.
struct RefusalTimes {
  UnixSeconds refused_at;                 ///< 0: not known.
  std::optional<Millis> next_attempt_in;  ///< Nothing: not before somebody acts.
  UnixSeconds next_attempt_at;            ///< 0: not known.
};

/// What there is to know beside a `Failure`.
struct Circumstances {
  int network_error = 0;  ///< `SocketConnection::last_error()`
  const char* network_text = nullptr;
  std::string storage_error;  ///< `TokenStore::LastError()`
  RefusalTimes refusal;       ///< For Reason::kLatched.
};

/// Tells a failure of the agent in one sentence, with what to do next.
Problem Explain(const Failure& failure, const Configuration& configuration,
                const Circumstances& circumstances);

/// The `error` of RFC 6749 section 5.2; empty: none, or none of those that it defines.
std::string_view NameOf(OAuthError error);

/// As above, for an answer of the API whose status is not 2xx.
Problem ExplainStatus(int status);

}  // namespace connect_auth::program
