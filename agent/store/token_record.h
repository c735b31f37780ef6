// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "agent/oauth/token.h"
#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// The payload of a RecordType::kToken. All numbers are big-endian.
///
///     offset  size
///          0     4  lifetime in seconds
///          4     8  monotonic clock when it was asked for, in milliseconds
///         12     8  boot id then; 0: unknown
///         20     8  wall clock then, seconds since 1970; 0: unknown
///         28     n  the token
///
/// The token type is always bearer and not stored.
struct TokenRecord {
  static constexpr std::size_t kFixedBytes = 28;
  static std::size_t Size(const Token& token) { return kFixedBytes + token.text().size(); }
};

/// @param into  TokenRecord::Size(token) octets, all of them written. Holds a secret afterwards.
void EncodeToken(const Token& token, Bytes into);

/// @param payload  Authentic: it came out of OpenRecord. Copied.
/// @return kOk              `token` stands.
/// @return kCorrupt         Too short for a token, or its lifetime is out of range.
/// @return kBufferTooSmall  The token is longer than `token` can hold.
Status DecodeToken(ConstBytes payload, Token& token);

}  // namespace connect_auth
