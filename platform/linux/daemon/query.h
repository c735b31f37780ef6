// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/linux/fact_style.h"
#include "port/clock.h"

namespace connect_auth::program {

/// One line of a client. The protocol is described in README.md.
struct Query {
  enum class Verb : std::uint8_t {
    kUnknown,
    kToken,
    kHeader,
    kRenew,
    kReject,
    kCode,
    kStatus,
    kMetrics,
    kLogout,
    kIdentity,
    kSubscribe,
  };

  Verb verb = Verb::kUnknown;           ///< kUnknown: no such query, or its arguments are wrong.
  Millis min_valid{0};                  ///< kToken, kHeader
  Millis wait{0};                       ///< kToken, kHeader: 0: as the service is configured
  bool retry_refused = false;           ///< kToken, kHeader, kRenew, kCode
  FactStyle style = FactStyle::kLines;  ///< kStatus
  std::optional<std::uint32_t> generation;  ///< kReject; 0 is that of a stored token.
  std::string_view code;                    ///< kCode. Borrowed from the line, as is the next.
  std::string_view verifier;                ///< kCode: of PKCE; empty: asked for without.
  bool with_redirect_uri = true;            ///< kCode: asked for with the configured one, if any.
};

/// Longest life that can be wanted, longest time that can be waited: a year, an hour.
inline constexpr std::int64_t kMostMinValidSeconds = 31'536'000;
inline constexpr std::int64_t kMostWaitSeconds = 3600;

/// Reads a line without its end.
Query ParseQuery(std::string_view line);

}  // namespace connect_auth::program
