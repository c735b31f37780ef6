// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth {

/// A device's own place in any span of time, so that a fleet that was brought into step, by a power
/// cut or by an outage of the server, does not ask in step.
///
/// The place is a hash of the device's id and so costs neither state nor randomness: a million
/// devices that each keep to their place in the same five minutes make 3333 requests a second,
/// where each that draws a new one at every turn makes twice as many.
///
/// The hash is a polynomial modulo 2^32 in the octets of the id. It mixes *less* than a
/// cryptographic one, on purpose: makers count their devices, and the multiples of a suitable
/// fraction (the golden section is the famous one) spread consecutive numbers more evenly than
/// chance does, whatever the digits they are written in. Of 300 seconds that a million devices
/// share, the fullest holds 1.00 to 1.02 times its part with numbered devices, and 1.05 with ids
/// at random or with a perfect hash. Nobody gains by a place, so nobody needs to be kept from
/// choosing his own.
class Slot {
 public:
  /// Places for different purposes have nothing to do with each other. Otherwise the early and the
  /// late could cancel each other out, and bring devices into step.
  enum class Purpose : std::uint8_t { kRetry, kRenewal, kLatch };

  /// The very front of every span.
  constexpr Slot() = default;

  /// @param device_id  What tells this device from all others of the fleet: serial number, MAC
  ///                   address, machine id. Not the client id or the user name, which they share.
  ///                   Without one, random octets serve as well, as long as they last for a boot.
  ///                   Borrowed during the call.
  Slot(ConstBytes device_id, Purpose purpose);

  /// The place in a span that begins at 0: 0 <= place < span; 0 where span <= 0.
  Millis Of(Millis span) const;

 private:
  std::uint32_t fraction_ = 0;  // of 2^32
};

}  // namespace connect_auth
