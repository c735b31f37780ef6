// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "platform/smartfusion2/emac.h"
#include "port/clock.h"

namespace connect_auth::smartfusion2 {

/// IPv4 addresses, in the order of octets of the network.
struct StaticAddress {
  std::uint32_t address = 0;
  std::uint32_t netmask = 0;
  std::uint32_t gateway = 0;  ///< 0: none.
  std::uint32_t dns = 0;      ///< 0: none.
};

/// lwIP's network interface on the board's Ethernet.
///
/// Frames go up in the buffers that the MAC filled, and those return to it when lwIP, or who reads
/// from a connection, is done with them. What the MAC needs is never lent: while no buffer can be
/// spared, frames are copied into lwIP's memory, and dropped where that is full. So data that
/// nobody reads, such as the end of an idle connection, does not keep anything else from arriving.
class Ethernet {
 public:
  /// How often the PHY is asked whether the cable is plugged in.
  static constexpr Millis kLinkPeriod{500};

  /// Brings the interface up. Once; it lasts.
  ///
  /// @param fixed  Null: DHCP assigns the address.
  void Start(const MacAddress& mac, const StaticAddress* fixed);

  /// Hands lwIP the frames that came, as many as the MAC holds at most, and looks after the
  /// cable. To be called whenever the processor was woken.
  void Poll(Instant now);

  /// When `Poll()` has to come although nothing woke the processor.
  Instant next_poll() const { return look_at_link_; }

  bool has_link() const { return netif_is_link_up(&netif_) != 0; }
  /// The address, in the order of octets of the network. 0: none yet.
  std::uint32_t address() const { return netif_ip4_addr(&netif_)->addr; }
  /// Frames that the MAC did not send in time.
  std::uint32_t unsent() const { return unsent_; }
  /// Frames for which there was no memory. Those that the MAC itself dropped are not known.
  std::uint32_t dropped() const { return dropped_; }

 private:
  // A buffer of the MAC that lwIP holds. lwIP gives back the address of the first member.
  struct Lent {
    pbuf_custom pbuf;
    Ethernet* owner;
  };

  static err_t SetUp(netif* interface);
  static err_t Send(netif* interface, pbuf* frame);
  static void GiveBack(pbuf* frame);

  bool SendAligned(Bytes frame);
  bool Input();
  pbuf* Lend(const Emac::Frame& frame);
  pbuf* Copy(const Emac::Frame& frame);

  Emac emac_;
  netif netif_{};
  std::array<Lent, Emac::kBuffers> lent_{};
  Instant look_at_link_{};
  std::uint32_t unsent_ = 0;
  std::uint32_t dropped_ = 0;
};

}  // namespace connect_auth::smartfusion2
