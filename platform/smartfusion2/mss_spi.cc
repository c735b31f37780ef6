// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/mss_spi.h"

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kControl = 0x00;
constexpr std::uint32_t kEnable = 1U << 0;
constexpr std::uint32_t kMaster = 1U << 1;
constexpr std::uint32_t kFrameCountAt = 8;
constexpr std::uint32_t kClockIdlesHigh = 1U << 24;
constexpr std::uint32_t kSecondEdgeSamples = 1U << 25;
constexpr std::uint32_t kSelectedToTheLastFrame = 1U << 26;
constexpr std::uint32_t kClockDividesEvenly = 1U << 28;
constexpr std::uint32_t kLargeFifos = 1U << 29;
constexpr std::uint32_t kReset = 1U << 31;
constexpr std::uint32_t kMode = kMaster | kClockIdlesHigh | kSecondEdgeSamples |
                                kSelectedToTheLastFrame | kClockDividesEvenly | kLargeFifos;
constexpr std::uint32_t kFrameBits = 0x04;
constexpr std::uint32_t kStatus = 0x08;
constexpr std::uint32_t kNothingReceived = 1U << 6;
constexpr std::uint32_t kReceived = 0x10;
constexpr std::uint32_t kSend = 0x14;
constexpr std::uint32_t kClock = 0x18;
constexpr std::uint32_t kQuarter = 1;  // The clock is divided by twice one more than this.
constexpr std::uint32_t kSelect = 0x1C;
constexpr std::uint32_t kFirstPart = 1;

volatile std::uint32_t& Spi(std::uint32_t offset) {
  return Register(kSpi0, offset);
}

/// Sends an octet and puts what comes back in its place.
///
/// @return  Whether the controller answered.
bool Exchange(std::uint8_t& octet) {
  Spi(kSend) = octet;
  for (std::uint32_t polls = 0; polls < MssSpi::kMostPolls; ++polls) {
    if ((Spi(kStatus) & kNothingReceived) == 0) {
      octet = static_cast<std::uint8_t>(Spi(kReceived));
      return true;
    }
  }
  return false;
}

bool SendAll(ConstBytes octets) {
  for (std::uint8_t octet : octets) {
    if (!Exchange(octet)) {
      return false;
    }
  }
  return true;
}

// What is sent meanwhile means nothing to the part.
bool ReceiveAll(Bytes into) {
  for (std::uint8_t& octet : into) {
    octet = 0xFF;
    if (!Exchange(octet)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Status MssSpi::Transfer(ConstBytes command, ConstBytes data, Bytes into) {
  const std::size_t count = command.size() + data.size() + into.size();
  if (count > kMostOctets) {
    return Status::kInvalidArgument;
  }
  const std::uint32_t mode = kMode | static_cast<std::uint32_t>(count) << kFrameCountAt;
  // Its settings are taken while it is not enabled.
  Spi(kControl) = mode;
  Spi(kFrameBits) = 8;
  Spi(kClock) = kQuarter;
  Spi(kSelect) = kFirstPart;
  Spi(kControl) = mode | kEnable;
  const bool done = SendAll(command) && SendAll(data) && ReceiveAll(into);
  Spi(kControl) = done ? kMode : kReset;
  return done ? Status::kOk : Status::kUnavailable;
}

}  // namespace connect_auth::smartfusion2
