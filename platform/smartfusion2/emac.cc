// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/emac.h"

#include <algorithm>

#include "platform/smartfusion2/registers.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kConfiguration1 = 0x000;
constexpr std::uint32_t kSendEnable = 1U << 0;
constexpr std::uint32_t kReceiveEnable = 1U << 2;
constexpr std::uint32_t kReset = 1U << 31;
constexpr std::uint32_t kConfiguration2 = 0x004;
// Full duplex, frames padded and with check sequence, MII, a preamble of 7 octets.
constexpr std::uint32_t kOrdinary = 0x7107;
constexpr std::uint32_t kLongestFrame = 0x010;
constexpr std::uint32_t kLongest = Emac::kFrameBytes + 4;  // with its check sequence
constexpr std::uint32_t kPhyClock = 0x020;
constexpr std::uint32_t kSlowestPhyClock = 7;  // a 28th
constexpr std::uint32_t kPhyCommand = 0x024;
constexpr std::uint32_t kPhyRead = 1;
constexpr std::uint32_t kPhyAddress = 0x028;
constexpr std::uint32_t kPhyStatus = 0x030;
constexpr std::uint32_t kPhyBusy = 0x034;
constexpr std::uint32_t kStation1 = 0x040;
constexpr std::uint32_t kStation2 = 0x044;
constexpr std::uint32_t kFifos = 0x048;
constexpr std::uint32_t kAllFifos = 0x1F00;
constexpr std::uint32_t kSendControl = 0x180;
constexpr std::uint32_t kSendDescriptor = 0x184;
constexpr std::uint32_t kSendStatus = 0x188;
constexpr std::uint32_t kReceiveControl = 0x18C;
constexpr std::uint32_t kReceiveDescriptor = 0x190;
constexpr std::uint32_t kReceiveStatus = 0x194;
// No buffer, or no memory behind its address. The MAC clears kEnable by itself in both cases.
constexpr std::uint32_t kReceiveStopped = 1U << 2 | 1U << 3;
constexpr std::uint32_t kOnePacket = 1;
constexpr std::uint32_t kEnable = 1;
constexpr std::uint32_t kInterruptMask = 0x198;
constexpr std::uint32_t kReceivedOrStopped = 1U << 4 | kReceiveStopped << 4;

// Of a descriptor: nothing in it. Set, it is the MAC's to receive; clear, the MAC's to send.
constexpr std::uint32_t kEmpty = 1U << 31;
constexpr std::uint32_t kSizeMask = 0x7FF;

// IEEE 802.3 clause 22, of the PHY at address 1.
constexpr std::uint32_t kPhyStatusRegister = 1U << 8 | 1;
constexpr std::uint32_t kPhyLinkUp = 1U << 2;

// Loops of about 7 clocks: 12 ms at 142 MHz.
constexpr std::uint32_t kMostPolls = 250'000;

volatile bool has_work = false;

decltype(auto) Mac(std::uint32_t offset) {
  return Register(kEmac, offset);
}

template <typename Condition>
bool WaitFor(Condition condition) {
  for (std::uint32_t polls = 0; polls < kMostPolls; ++polls) {
    if (condition()) {
      return true;
    }
  }
  return false;
}

}  // namespace

void Emac::Start(const MacAddress& address) {
  Mac(kConfiguration1) = kReset;
  Mac(kConfiguration1) = 0;
  Mac(kConfiguration2) = kOrdinary;
  Mac(kLongestFrame) = kLongest;
  Mac(kPhyClock) = kSlowestPhyClock;
  Mac(kFifos) = kAllFifos;
  Mac(kStation1) = static_cast<std::uint32_t>(address[0]) << 24 |
                   static_cast<std::uint32_t>(address[1]) << 16 |
                   static_cast<std::uint32_t>(address[2]) << 8 | address[3];
  Mac(kStation2) =
      static_cast<std::uint32_t>(address[4]) << 24 | static_cast<std::uint32_t>(address[5]) << 16;
  for (std::size_t i = 0; i < kDescriptors; ++i) {
    received_[i].next = AddressOf(&received_[(i + 1) % kDescriptors]);
    Provide(i, i);
  }
  for (std::size_t i = 0; i < kSpareBuffers; ++i) {
    spare_[i] = kDescriptors + i;
  }
  spares_ = kSpareBuffers;
  // The second one is never filled: it ends the chain.
  sent_[0] = {0, kEmpty, AddressOf(&sent_[1])};
  sent_[1] = {0, kEmpty, AddressOf(&sent_[0])};
  next_ = 0;
  lent_ = 0;
  Mac(kConfiguration1) = kSendEnable | kReceiveEnable;
  Receive();
  Mac(kInterruptMask) = kReceivedOrStopped;
  EnableInterrupt(kEmacInterrupt);
}

void Emac::Provide(std::size_t descriptor, std::size_t buffer) {
  buffer_of_[descriptor] = buffer;
  received_[descriptor].buffer = AddressOf(buffers_[buffer].data());
  Put(received_[descriptor].size, kEmpty);
}

void Emac::Receive() {
  Mac(kReceiveDescriptor) = AddressOf(&received_[next_]);
  Mac(kReceiveControl) = kEnable;
}

// The MAC goes on where the register says, so that has to be where it stopped. It is `next_` only
// if that one is empty: otherwise the MAC stopped behind frames that are not taken yet, and would
// from then on be ahead of whoever takes them.
void Emac::ResumeIfFree() {
  if ((Mac(kReceiveControl) & kEnable) == 0 && (Fetch(received_[next_].size) & kEmpty) != 0) {
    Receive();
  }
}

bool Emac::HasLink() const {
  Mac(kPhyAddress) = kPhyStatusRegister;
  Mac(kPhyCommand) = kPhyRead;
  const bool answered = WaitFor([] { return Mac(kPhyBusy) == 0; });
  const std::uint32_t status = Mac(kPhyStatus);
  Mac(kPhyCommand) = 0;
  return answered && (status & kPhyLinkUp) != 0;
}

Emac::Frame Emac::Take() {
  const std::size_t buffer = buffer_of_[next_];
  const std::uint32_t size = Fetch(received_[next_].size);
  if (buffer == kNone || (size & kEmpty) != 0) {
    // Seen. It need not interrupt until a buffer is back.
    Mac(kReceiveStatus) = kReceiveStopped;
    ResumeIfFree();
    return {};
  }
  if (spares_ > 0) {
    Provide(next_, spare_[--spares_]);
  } else {
    buffer_of_[next_] = kNone;
  }
  ++lent_;
  next_ = (next_ + 1) % kDescriptors;
  Mac(kReceiveStatus) = kOnePacket;
  return {buffer,
          Bytes(buffers_[buffer]).first(std::min<std::size_t>(size & kSizeMask, kBufferBytes))};
}

void Emac::Give(std::size_t buffer) {
  --lent_;
  // Of several gaps the first in turn, as it is the first that holds up the MAC.
  std::size_t descriptor = next_;
  for (std::size_t i = 1; i < kDescriptors && buffer_of_[descriptor] != kNone; ++i) {
    descriptor = (descriptor + 1) % kDescriptors;
  }
  if (buffer_of_[descriptor] == kNone) {
    Provide(descriptor, buffer);
  } else {
    spare_[spares_++] = buffer;
  }
  ResumeIfFree();
}

bool Emac::Send(ConstBytes frame) {
  sent_[0].buffer = AddressOf(frame.data());
  Put(sent_[0].size, static_cast<std::uint32_t>(frame.size()));
  Mac(kSendDescriptor) = AddressOf(&sent_[0]);
  Mac(kSendControl) = kEnable;
  const bool sent = WaitFor([this] { return (Fetch(sent_[0].size) & kEmpty) != 0; });
  if (!sent) {
    Mac(kSendControl) = 0;
    Put(sent_[0].size, kEmpty);
  }
  Mac(kSendStatus) = kOnePacket;
  return sent;
}

bool Emac::HasInterrupt() {
  return has_work;
}

void Emac::HeedInterrupt() {
  has_work = false;
  Mac(kInterruptMask) = kReceivedOrStopped;
}

// Masked until somebody looks: the reason for it lasts until then.
void HandleEmac() {
  Mac(kInterruptMask) = 0;
  has_work = true;
}

}  // namespace connect_auth::smartfusion2
