// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/mss_spi.h"

#include <algorithm>

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kControl = 0x00;
constexpr std::uint32_t kEnable = 1U << 0;
constexpr std::uint32_t kMaster = 1U << 1;
constexpr std::uint32_t kFrameCountAt = 8;
// Selected until the announced number of frames is through; clock idles high, large FIFOs.
constexpr std::uint32_t kHeldInMode3 = 1U << 24 | 1U << 25 | 1U << 26 | 1U << 29;
constexpr std::uint32_t kFrameBits = 0x04;
constexpr std::uint32_t kStatus = 0x08;
constexpr std::uint32_t kNothingReceived = 1U << 6;
constexpr std::uint32_t kReceived = 0x10;
constexpr std::uint32_t kSend = 0x14;
constexpr std::uint32_t kSelect = 0x1C;

// An octet takes 8 clocks of the slowest bus that is any use; the loop takes about 7.
constexpr std::uint32_t kMostPolls = 100'000;

volatile std::uint32_t& Spi(std::uint32_t offset) {
  return Register(kSpi0, offset);
}

/// @return 0..255, or -1 when the controller does not answer.
int Exchange(std::uint8_t octet) {
  Spi(kSend) = octet;
  for (std::uint32_t polls = 0; polls < kMostPolls; ++polls) {
    if ((Spi(kStatus) & kNothingReceived) == 0) {
      return static_cast<int>(Spi(kReceived) & 0xFF);
    }
  }
  return -1;
}

bool SendAll(ConstBytes octets) {
  return std::all_of(octets.begin(), octets.end(),
                     [](std::uint8_t octet) { return Exchange(octet) >= 0; });
}

bool ReceiveAll(Bytes into) {
  return std::all_of(into.begin(), into.end(), [](std::uint8_t& octet) {
    const int received = Exchange(0xFF);
    octet = static_cast<std::uint8_t>(received);
    return received >= 0;
  });
}

}  // namespace

Status MssSpi::Transfer(ConstBytes command, ConstBytes data, Bytes into) {
  const std::size_t count = command.size() + data.size() + into.size();
  if (count > kMostOctets) {
    return Status::kInvalidArgument;
  }
  Spi(kControl) = kHeldInMode3 | kMaster;
  Spi(kFrameBits) = 8;
  Spi(kSelect) = 1;
  Spi(kControl) = kHeldInMode3 | kMaster | static_cast<std::uint32_t>(count) << kFrameCountAt;
  Spi(kControl) = Spi(kControl) | kEnable;
  const bool done = SendAll(command) && SendAll(data) && ReceiveAll(into);
  Spi(kControl) = kHeldInMode3 | kMaster;
  return done ? Status::kOk : Status::kUnavailable;
}

}  // namespace connect_auth::smartfusion2
