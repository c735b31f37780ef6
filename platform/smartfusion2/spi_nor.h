// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "platform/smartfusion2/spi_bus.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/status.h"

namespace connect_auth::smartfusion2 {

/// A serial NOR part with the commands that all of them share (JESD216), 24-bit addresses and
/// blocks of 64 KB, up to 16 MB: the board has an S25SL12801 or like it.
///
/// Every call waits until the part has done what was asked, and not for longer than stated below:
/// by the clock, so the time in which other work kept the processor counts too.
class SpiNor {
 public:
  static constexpr std::uint32_t kBlockBytes = 65536;
  static constexpr std::uint32_t kPageBytes = 256;
  static constexpr std::uint32_t kMostBytes = 1U << 24;

  /// The longest that data sheets grant: a page of 256 octets 3 ms, a block of 64 KB 3 s. A part
  /// that is busy for longer has failed.
  static constexpr Millis kProgramTime{10};
  static constexpr Millis kEraseTime{4000};

  /// @param bus, clock  Borrowed for the life of this object.
  constexpr SpiNor(SpiBus& bus, const Clock& clock) : bus_(bus), clock_(clock) {}
  SpiNor(const SpiNor&) = delete;
  SpiNor& operator=(const SpiNor&) = delete;

  /// Finds out what is there (RDID), after waking it and waiting, for at most kEraseTime, for what
  /// it was doing when the processor was reset.
  ///
  /// @return kOk           A part of `size()` octets.
  /// @return kNotFound     Nothing answers (all ones or all zeros), or its third octet of
  ///                       identification is no capacity from 128 KB to 16 MB.
  /// @return kUnavailable  The bus failed, or the part stays busy.
  Status Identify();

  /// Octets; 0 before `Identify()` succeeded.
  std::uint32_t size() const { return size_; }

  /// @param address  The range lies in the part: nobody checks.
  /// @param into     Borrowed during the call; any size, moved in as many transactions as it takes.
  /// @return kOk           All octets were read.
  /// @return kUnavailable  The bus failed, nothing answers, or the part is busy for longer than
  ///                       kProgramTime; `into` is undefined.
  Status Read(std::uint32_t address, Bytes into);

  /// Programs a range of any length, page by page: clears the bits that are 0 in `data`.
  ///
  /// @param address  The range lies in the part: nobody checks.
  /// @param data     Borrowed during the call.
  /// @return kOk           The part says it is done. It says so of worn out cells as well.
  /// @return kUnavailable  The bus failed, the part does not let itself be written, or it is busy
  ///                       for longer than kProgramTime. Some of the range may be programmed.
  Status Program(std::uint32_t address, ConstBytes data);

  /// Erases the block of kBlockBytes in which `address` lies.
  ///
  /// @return kOk           The part says it is done.
  /// @return kUnavailable  As of `Program`, with kEraseTime. The block may hold anything.
  Status EraseBlock(std::uint32_t address);

 private:
  using Command = std::array<std::uint8_t, 4>;

  static Command At(std::uint8_t code, std::uint32_t address);
  Result<std::uint8_t> ReadStatus();
  Status EnableWriting();
  Status WaitWhileBusy(Millis at_most);
  Status Change(const Command& command, ConstBytes data, Millis at_most);

  SpiBus& bus_;
  const Clock& clock_;
  std::uint32_t size_ = 0;
};

}  // namespace connect_auth::smartfusion2
