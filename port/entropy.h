// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth {

/// Randomness good enough to seed a cryptographic generator.
///
/// The agent promises:    small requests (1..64 bytes), a few in an hour.
/// The platform promises: no silent fall-back to a predictable source. A platform without
///                        one says so by failing.
class Entropy {
 public:
  /// Fills the whole of `into` with unpredictable bytes.
  ///
  /// @param into  Borrowed during the call.
  /// @return kOk           Every byte was written.
  /// @return kUnavailable  No entropy now (or ever); `into` must not be used.
  virtual Status Fill(Bytes into) = 0;

 protected:
  ~Entropy() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth
