// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/smartfusion2/mac_model.h"

#include <algorithm>

#include "platform/smartfusion2/emac.h"
#include "tests/cmocka.h"

namespace connect_auth::test {
namespace {

constexpr std::uint32_t kConfiguration1 = 0x000;
constexpr std::uint32_t kReceives = 1U << 2;
constexpr std::uint32_t kPhyStatus = 0x030;
constexpr std::uint32_t kPhyBusy = 0x034;
constexpr std::uint32_t kSendControl = 0x180;
constexpr std::uint32_t kSendDescriptor = 0x184;
constexpr std::uint32_t kReceiveControl = 0x18C;
constexpr std::uint32_t kReceiveDescriptor = 0x190;
constexpr std::uint32_t kReceiveStatus = 0x194;
constexpr std::uint32_t kInterruptMask = 0x198;

constexpr std::uint32_t kEnabled = 1;
constexpr std::uint32_t kEmpty = 1U << 31;
constexpr std::uint32_t kPacket = 1U << 0;
constexpr std::uint32_t kOverflow = 1U << 2;
constexpr std::uint32_t kBusError = 1U << 3;
constexpr std::uint32_t kOnePacket = 1U << 16;
constexpr std::uint32_t kPackets = 0xFFU << 16;
constexpr std::uint32_t kFirstAddress = 0x20000000;
// An interrupt that comes again and again although it was served is a defect of the driver.
constexpr std::uint32_t kMostInterrupts = 1'000'000;

}  // namespace

std::uint32_t MacModel::AddressOf(const void* memory) {
  const auto found = std::find(memory_.begin(), memory_.end(), memory);
  const auto index = static_cast<std::uint32_t>(found - memory_.begin());
  if (found == memory_.end()) {
    memory_.push_back(memory);
  }
  return kFirstAddress + 4 * index;
}

std::uint8_t* MacModel::MemoryAt(std::uint32_t address) {
  const void* const memory = memory_.at((address - kFirstAddress) / 4);
  return static_cast<std::uint8_t*>(const_cast<void*>(memory));
}

MacModel::Descriptor& MacModel::DescriptorAt(std::uint32_t address) {
  return *reinterpret_cast<Descriptor*>(MemoryAt(address));
}

void MacModel::EnableInterrupt() {
  interrupt_enabled_ = true;
  Interrupt();
}

bool MacModel::receives() const {
  return (words_[kConfiguration1 / 4] & kReceives) != 0 &&
         (words_[kReceiveControl / 4] & kEnabled) != 0;
}

std::uint32_t MacModel::Read(std::uint32_t offset) {
  LetTimePass();
  if (offset == kPhyBusy) {
    return phy_answers_ ? 0 : 1;
  }
  if (offset == kPhyStatus) {
    return !phy_answers_ ? 0xFFFF : link_ ? 0x7968 | 1U << 2 : 0x7968;
  }
  return Word(offset);
}

void MacModel::Write(std::uint32_t offset, std::uint32_t value) {
  if (offset == kReceiveStatus) {
    WriteReceiveStatus(value);
  } else {
    Word(offset) = value;
  }
  if (offset == kReceiveControl && (value & kEnabled) != 0) {
    position_ = Word(kReceiveDescriptor);
  }
  LetTimePass();
  Interrupt();
}

void MacModel::WriteReceiveStatus(std::uint32_t value) {
  std::uint32_t& status = Word(kReceiveStatus);
  status &= ~(value & (kOverflow | kBusError));
  if ((value & kPacket) != 0 && (status & kPackets) != 0) {
    status -= kOnePacket;
    if ((status & kPackets) == 0) {
      status &= ~kPacket;
    }
    if (!flood_.empty()) {
      Arrive(flood_);
    }
  }
}

bool MacModel::Arrive(ConstBytes frame) {
  return ArriveWithSize(frame, static_cast<std::uint32_t>(frame.size()));
}

bool MacModel::ArriveWithSize(ConstBytes frame, std::uint32_t stored_size) {
  assert_true(frame.size() <= smartfusion2::Emac::kBufferBytes);
  if (!receives()) {
    return false;
  }
  Descriptor& descriptor = DescriptorAt(position_);
  if ((descriptor[1] & kEmpty) == 0) {
    StopReceiving(kOverflow);
    return false;
  }
  std::copy(frame.begin(), frame.end(), MemoryAt(descriptor[0]));
  descriptor[1] = stored_size & ~kEmpty;
  position_ = descriptor[2];
  Word(kReceiveStatus) = (Word(kReceiveStatus) + kOnePacket) | kPacket;
  Interrupt();
  return true;
}

void MacModel::FailBus() {
  StopReceiving(kBusError);
}

void MacModel::StopReceiving(std::uint32_t why) {
  Word(kReceiveControl) = 0;
  Word(kReceiveStatus) |= why;
  Interrupt();
}

void MacModel::LetTimePass() {
  if ((Word(kSendControl) & kEnabled) == 0 || send_delay_ == kNever) {
    return;
  }
  if (send_delay_ > 0) {
    --send_delay_;
    return;
  }
  Descriptor* descriptor = &DescriptorAt(Word(kSendDescriptor));
  while (((*descriptor)[1] & kEmpty) == 0) {
    const std::uint8_t* const octets = MemoryAt((*descriptor)[0]);
    assert_int_equal(reinterpret_cast<std::uintptr_t>(octets) % smartfusion2::Emac::kAlignment, 0);
    sent_.emplace_back(octets, octets + (*descriptor)[1]);
    (*descriptor)[1] |= kEmpty;
    descriptor = &DescriptorAt((*descriptor)[2]);
  }
  Word(kSendControl) = 0;
}

// Those of receiving are the same bits as in its status, four higher.
void MacModel::Interrupt() {
  const std::uint32_t why = (Word(kReceiveStatus) & (kPacket | kOverflow | kBusError)) << 4;
  if (interrupt_enabled_ && (why & Word(kInterruptMask)) != 0) {
    assert_true(++interrupts_ < kMostInterrupts);
    smartfusion2::HandleEmac();
  }
}

}  // namespace connect_auth::test
