// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth {

// clang-format 14 misplaces the brace of an attributed enum.
// clang-format off
/// Outcome of an operation. Each code names what the *caller* does next, not
/// which line failed; details for humans live in `Failure` (agent/failure.h).
enum class [[nodiscard]] Status : std::uint8_t {
  kOk = 0,
  kPending,             ///< Not finished; nothing went wrong. Call again.
  kInvalidArgument,     ///< Caller bug or bad configuration. Retrying cannot help.
  kFailedPrecondition,  ///< Right call, wrong moment (e.g. Poll before Start).
  kBufferTooSmall,      ///< A buffer or limit the caller set cannot hold the data.
  kOutOfMemory,         ///< The TLS arena is exhausted. Make it larger.
  kMalformed,           ///< The peer broke the protocol. Retry with back-off.
  kTimeout,             ///< The deadline passed. Retry with back-off.
  kClosed,              ///< Orderly end of stream; no more bytes will come.
  kUnavailable,         ///< Transient failure of platform or peer. Retry with back-off.
  kRejected,            ///< The server understood and said no. Do not retry as is.
  kUntrusted,           ///< The peer's certificate is not trusted for this host.
  kCertificateDate,     ///< As kUntrusted, but only the dates are wrong: check the clock.
  kNeedsCode,           ///< The authorisation code is spent; a person must give a new one.
  kNotFound,            ///< No such record or no such value.
  kCorrupt,             ///< A record exists but failed its integrity check.
};
// clang-format on

}  // namespace connect_auth
