// SPDX-License-Identifier: Apache-2.0
//
// Cuts the power of a ring store in the middle of every page program and every erase, in every way
// that flash may be left, boots, and looks whether a promise was broken.
#pragma once

#include <cstdint>
#include <memory>

#include "port/flash.h"
#include "tests/fake/fake_flash.h"

namespace connect_auth::tests {

enum class Lengths : std::uint8_t {
  kSteady,  ///< Always 1,100 octets.
  kVaried,  ///< 700 to 1,600.
  kExact,   ///< Each third fills a block exactly; no other record then.
  kSmall,   ///< 20 to 170.
};

/// A driver between the ring and the part whose power is cut.
class SweepDriver {
 public:
  SweepDriver() = default;
  SweepDriver(const SweepDriver&) = delete;
  SweepDriver& operator=(const SweepDriver&) = delete;
  virtual ~SweepDriver() = default;

  virtual Flash& flash() = 0;
};

/// Starts a driver as at a boot.
///
/// @param part  Borrowed for the life of the driver.
using DriverStarter = std::unique_ptr<SweepDriver> (*)(fake::FakeFlash& part);

struct SweepCase {
  FlashGeometry geometry;
  Lengths lengths = Lengths::kVaried;
  std::uint32_t updates = 10;
  bool undecided = false;        ///< Bits in doubt read differently at each boot.
  bool ecc_errors = false;       ///< Units in doubt cannot be read.
  std::uint32_t cuts_every = 1;  ///< Cuts at each n-th operation.
  /// After each n-th cut of a kind, a second one at every operation of the recovery and of the next
  /// update; 0: none.
  std::uint32_t second_cuts_every = 0;
  DriverStarter start_driver = nullptr;  ///< Null: the ring is right on the part.
};

struct SweepTally {
  std::uint64_t cuts = 0;
  std::uint64_t second_cuts = 0;
  std::uint64_t kept_old = 0;  ///< After a cut in an update the old record was there.
  std::uint64_t kept_new = 0;
  std::uint64_t failures = 0;
};

/// Prints each failure to standard error; gives up after a dozen.
SweepTally Sweep(const SweepCase& sweep);

/// Flips single bits anywhere in the area, `flips` of them, each on a fresh copy. What is loaded
/// must be the newest record or the one before, or none where the log has just moved; and the next
/// update must succeed.
SweepTally FlipBits(const SweepCase& sweep, std::uint32_t flips);

/// Stores on a part with a bit stuck at either value, `bits` of them in turn, and on one with a
/// block that does not erase. Each update must succeed and be found; the bad block is to be left
/// alone once it is known, also after a reboot.
SweepTally WearOut(const SweepCase& sweep, std::uint32_t bits);

}  // namespace connect_auth::tests
