// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/bytes.h"
#include "port/status.h"

namespace connect_auth::smartfusion2 {

/// An SPI bus with one part on it.
class SpiBus {
 public:
  /// One transaction, during all of which the part stays selected.
  ///
  /// @param command  Sent first, never empty. Borrowed during the call.
  /// @param data     Sent behind it. Borrowed during the call.
  /// @param into     Received behind that. Borrowed during the call.
  /// @return kOk               Done.
  /// @return kInvalidArgument  All together are more octets than the bus moves in a transaction,
  ///                           kMostOctets; nothing was sent.
  /// @return kUnavailable      The controller stopped in the middle.
  virtual Status Transfer(ConstBytes command, ConstBytes data, Bytes into) = 0;

  static constexpr std::size_t kMostOctets = 65535;

 protected:
  ~SpiBus() = default;  // Never deleted through the interface.
};

}  // namespace connect_auth::smartfusion2
