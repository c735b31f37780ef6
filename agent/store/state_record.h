// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/failure.h"
#include "agent/oauth/token.h"
#include "agent/secret.h"
#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// The front of a digest of credentials: enough to see that they changed.
using CredentialsMark = std::array<std::uint8_t, 8>;

/// That the server refused the credentials, and when. It outlives a restart, so that a device that
/// boots again and again need not ask again and again.
struct Latch {
  std::uint16_t http_status = 0;  ///< 0: not latched.
  OAuthError error = OAuthError::kNone;
  Anchor since;                   ///< When the request was sent.
  CredentialsMark credentials{};  ///< That were refused: others are worth a try.

  bool is_set() const { return http_status != 0; }
};

/// SHA-256 of an authorisation code.
using CodeDigest = std::array<std::uint8_t, 32>;

/// All that a device has to remember. It is one record, so that its parts change together.
struct State {
  State(Bytes token_room, Bytes refresh_room) : token(token_room), refresh_token(refresh_room) {}

  /// Forgets token and refresh token.
  void WipeTokens() {
    token.Wipe();
    refresh_token.Wipe();
  }
  /// Forgets all.
  void Wipe() {
    WipeTokens();
    spent_code = {};
    latch = {};
  }
  /// Whether there is something to remember besides tokens.
  bool has_marks() const { return latch.is_set() || spent_code != CodeDigest{}; }

  Token token;
  HeldSecret refresh_token;
  CodeDigest spent_code{};  ///< Of the code that was sent last; zeros: none.
  Latch latch;
};

/// The payload of a RecordType::kState. All numbers are big-endian. An anchor is the monotonic
/// clock in milliseconds, the boot id (0: unknown), and the wall clock in seconds since 1970 (0:
/// unknown), 8 octets each.
///
///     offset  size
///          0     1  token type: 0 no token, 1 bearer
///          1     1  latch: OAuthError
///          2     2  latch: HTTP status; 0: not latched
///          4    24  latch: anchor
///         28     8  latch: mark of the credentials
///         36     4  lifetime of the token in seconds
///         40    24  anchor of the token
///         64    32  digest of the code sent last; zeros: none
///         96     4  size of the token
///        100     t  token
///    100 + t     r  refresh token
struct StateRecord {
  static constexpr std::size_t kFixedBytes = 100;
  static std::size_t Size(const State& state) {
    return kFixedBytes + state.token.text().size() + state.refresh_token.view().size();
  }
};

/// @param into  StateRecord::Size(state) octets, all of them written. Holds secrets afterwards.
void EncodeState(const State& state, Bytes into);

/// @param payload  Authentic: it came out of OpenRecord. Copied.
/// @return kOk              `state` stands. A refresh token that has no room in it is left out.
/// @return kCorrupt         A size, the lifetime, the token type or the latch is out of range;
/// `state`
///                          is wiped.
/// @return kBufferTooSmall  The token is longer than `state` can hold; the rest of `state` stands.
Status DecodeState(ConstBytes payload, State& state);

}  // namespace connect_auth
