// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace connect_auth::program {

/// How the program ends; part of its contract.
enum class ExitCode : std::uint8_t {
  kDone = 0,
  kOther = 1,
  kUsage = 2,        ///< Usage or configuration.
  kRefused = 3,      ///< Refused by the server, permanently.
  kNeedsCode = 4,    ///< A person must give a new authorisation code.
  kUnreachable = 5,  ///< Unreachable, timed out or busy: try again later.
  kUntrusted = 6,    ///< TLS or trust.
  kProtocol = 7,     ///< The peer broke the protocol.
  kStorage = 8,
};

// clang-format 14 misplaces the brace of an attributed struct.
// clang-format off
/// Why something cannot be done, in the words in which the user is told.
struct [[nodiscard]] Problem {
  ExitCode code = ExitCode::kDone;
  std::string sentence;  ///< `<cause>; <next step>`. Holds no secret.

  bool exists() const { return code != ExitCode::kDone; }
};
// clang-format on

inline Problem NoMemory() {
  return {ExitCode::kOther, "there is no memory left; free some and try again"};
}

}  // namespace connect_auth::program
