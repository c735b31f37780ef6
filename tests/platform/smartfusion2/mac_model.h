// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "port/bytes.h"

namespace connect_auth::test {

using FrameOctets = std::vector<std::uint8_t>;

/// The Ethernet MAC as its driver sees it: registers, and a DMA that works on descriptors. It does
/// what QEMU's does not: it sends when it pleases or never, its PHY may not answer, and the sizes
/// that it stores may be anything. A frame to be sent that does not begin at a word fails the test.
///
/// Its interrupt is taken at once, as on a processor that has nothing more urgent to do.
class MacModel {
 public:
  MacModel() { instance = this; }
  MacModel(const MacModel&) = delete;
  MacModel& operator=(const MacModel&) = delete;
  ~MacModel() { instance = nullptr; }

  static MacModel& current() { return *instance; }

  // --- The driver's side.
  std::uint32_t Read(std::uint32_t offset);
  void Write(std::uint32_t offset, std::uint32_t value);
  /// Addresses are 32 bits wide, whatever the host's are.
  std::uint32_t AddressOf(const void* memory);
  void EnableInterrupt();
  /// To be called with each look at a register or descriptor: what was asked for gets done.
  void LetTimePass();

  // --- The wire's side.
  /// A frame comes. False: it is lost, and as no buffer is free nothing more is received.
  bool Arrive(ConstBytes frame);
  /// A frame comes, and the MAC stores another size than it has.
  bool ArriveWithSize(ConstBytes frame, std::uint32_t stored_size);
  /// Receiving ends as when the bus does not answer.
  void FailBus();
  /// From now on a frame like this comes whenever one was taken.
  void FloodWith(FrameOctets frame) { flood_ = std::move(frame); }
  void SetLink(bool up) { link_ = up; }
  void SetPhyAnswers(bool answers) { phy_answers_ = answers; }
  /// How many looks pass until a frame is sent; or kNever.
  static constexpr std::uint32_t kNever = UINT32_MAX;
  void SetSendDelay(std::uint32_t reads) { send_delay_ = reads; }
  const std::vector<FrameOctets>& sent() const { return sent_; }

  bool receives() const;
  std::uint32_t interrupts() const { return interrupts_; }

 private:
  // As in memory: address of a buffer, size, address of the next.
  using Descriptor = std::array<std::uint32_t, 3>;

  Descriptor& DescriptorAt(std::uint32_t address);
  std::uint8_t* MemoryAt(std::uint32_t address);
  std::uint32_t& Word(std::uint32_t offset) { return words_.at(offset / 4); }
  void WriteReceiveStatus(std::uint32_t value);
  void StopReceiving(std::uint32_t why);
  void Interrupt();

  inline static MacModel* instance = nullptr;

  std::array<std::uint32_t, 0x1A0 / 4> words_{};
  std::vector<const void*> memory_;
  std::vector<FrameOctets> sent_;
  FrameOctets flood_;
  std::uint32_t position_ = 0;  // Of the descriptor that is filled next.
  std::uint32_t send_delay_ = 0;
  std::uint32_t interrupts_ = 0;
  bool interrupt_enabled_ = false;
  bool link_ = true;
  bool phy_answers_ = true;
};

}  // namespace connect_auth::test
