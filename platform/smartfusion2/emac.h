// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "port/bytes.h"

namespace connect_auth::smartfusion2 {

using MacAddress = std::array<std::uint8_t, 6>;

/// The Ethernet MAC (UG0331, "Ethernet MAC"), which fetches and stores frames by itself.
///
/// Received frames lie in buffers that a ring of descriptors refers to, more of them than
/// descriptors. Who takes a frame is lent its buffer, until it is given back, in any order, and a
/// spare one takes its place in the ring: the MAC uses descriptors strictly in turn, so one without
/// a buffer would hold up all others. Where it meets one that it may not use it drops the frame and
/// stops. It goes on as soon as the next one in turn is free.
///
/// The interrupt only says that there is something to do, and wakes a sleeping processor.
///
/// Full duplex only: what the PHY agreed on with its peer is not read. It has address 1, as on
/// Emcraft's board. Nothing waits without a limit.
class Emac {
 public:
  static constexpr std::size_t kDescriptors = 3;
  static constexpr std::size_t kBuffers = 4;
  /// So many can be lent while each descriptor has one.
  static constexpr std::size_t kSpareBuffers = kBuffers - kDescriptors;
  /// The longest frame, without its check sequence.
  static constexpr std::size_t kFrameBytes = 14 + 1500;
  /// Also the check sequence, and what the MAC, which writes words, rounds up to.
  static constexpr std::size_t kBufferBytes = 1520;
  /// Where a frame to be sent has to begin: the MAC fetches words. QEMU's takes any address.
  static constexpr std::size_t kAlignment = 4;

  /// A buffer with a frame in it.
  struct Frame {
    std::size_t buffer = kBuffers;  ///< Its number, for `Give`; kBuffers: none.
    Bytes octets;                   ///< As many as the MAC says: 0..kBufferBytes, whatever came.
  };

  /// Resets the MAC and begins to receive.
  void Start(const MacAddress& address);

  /// Whether the cable is plugged in, as the PHY says. One that does not answer has none.
  bool HasLink() const;

  /// The next frame that came, in the order of arrival. Lent until `Give`.
  Frame Take();

  /// How many buffers are lent. With more than kSpareBuffers the ring has gaps; with all of them
  /// nothing is received.
  std::size_t lent() const { return lent_; }

  /// Gives a buffer back to the MAC.
  ///
  /// @param buffer  Of a frame that was taken, once.
  void Give(std::size_t buffer);

  /// Sends a frame and waits until it is on the line.
  ///
  /// @param frame  14..kFrameBytes octets at a multiple of kAlignment; the MAC pads what is shorter
  ///               than 60. Borrowed during the call.
  /// @return false  The MAC did not send it in the time that ten frames take at 10 Mbit/s.
  bool Send(ConstBytes frame);

  /// Whether the interrupt came: there may be frames.
  static bool HasInterrupt();
  /// Heeds the interrupt: lets it come again, which it does at once if a frame waits.
  static void HeedInterrupt();

 private:
  // What the MAC reads and writes: see UG0331, "DMA descriptors".
  struct Descriptor {
    std::uint32_t buffer;
    std::uint32_t size;
    std::uint32_t next;
  };

  // What a descriptor refers to that has no buffer.
  static constexpr std::size_t kNone = kBuffers;

  void Provide(std::size_t descriptor, std::size_t buffer);
  void Receive();
  void ResumeIfFree();

  std::array<Descriptor, kDescriptors> received_{};
  std::array<Descriptor, 2> sent_{};
  alignas(4) std::array<std::array<std::uint8_t, kBufferBytes>, kBuffers> buffers_{};
  std::array<std::size_t, kDescriptors> buffer_of_{};
  std::array<std::size_t, kBuffers> spare_{};  // The first spares_ of them count.
  std::size_t spares_ = 0;
  std::size_t lent_ = 0;
  std::size_t next_ = 0;  // The descriptor whose frame is taken next.
};

void HandleEmac();

}  // namespace connect_auth::smartfusion2
