// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/ethernet.h"

#include <algorithm>
#include <cstring>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "netif/ethernet.h"
#include "port/assert.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr u16_t kMtu = 1500;

ip4_addr_t Ip4(std::uint32_t address) {
  return ip4_addr_t{address};
}

}  // namespace

void Ethernet::Start(const MacAddress& mac, const StaticAddress* fixed) {
  std::copy(mac.begin(), mac.end(), netif_.hwaddr);
  emac_.Start(mac);
  const StaticAddress own = fixed != nullptr ? *fixed : StaticAddress{};
  const ip4_addr_t address = Ip4(own.address);
  const ip4_addr_t netmask = Ip4(own.netmask);
  const ip4_addr_t gateway = Ip4(own.gateway);
  netif_add(&netif_, &address, &netmask, &gateway, this, SetUp, ethernet_input);
  netif_set_default(&netif_);
  netif_set_up(&netif_);
  if (fixed == nullptr) {
    dhcp_start(&netif_);
  } else if (own.dns != 0) {
    const ip_addr_t dns = IPADDR4_INIT(own.dns);
    dns_setserver(0, &dns);
  }
}

err_t Ethernet::SetUp(netif* interface) {
  interface->name[0] = 'e';
  interface->name[1] = 'n';
  interface->hwaddr_len = ETH_HWADDR_LEN;
  interface->mtu = kMtu;
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  interface->output = etharp_output;
  interface->linkoutput = Send;
  return ERR_OK;
}

void Ethernet::Poll(Instant now) {
  if (now >= look_at_link_) {
    look_at_link_ = now + kLinkPeriod;
    // lwIP asks for an address anew when the cable comes back.
    emac_.HasLink() ? netif_set_link_up(&netif_) : netif_set_link_down(&netif_);
  }
  if (Emac::HasInterrupt()) {
    for (std::size_t i = 0; i < Emac::kDescriptors && Input(); ++i) {
    }
    // If more came meanwhile it interrupts at once, and the caller has its turn before that.
    Emac::HeedInterrupt();
  }
}

bool Ethernet::Input() {
  const Emac::Frame frame = emac_.Take();
  if (frame.buffer == Emac::kBuffers) {
    return false;
  }
  pbuf* const packet = emac_.lent() <= Emac::kSpareBuffers ? Lend(frame) : Copy(frame);
  if (packet == nullptr) {
    ++dropped_;
  } else if (netif_.input(packet, &netif_) != ERR_OK) {
    pbuf_free(packet);
  }
  return true;
}

pbuf* Ethernet::Lend(const Emac::Frame& frame) {
  Lent& lent = lent_[frame.buffer];
  lent.owner = this;
  lent.pbuf.custom_free_function = GiveBack;
  return pbuf_alloced_custom(PBUF_RAW, static_cast<u16_t>(frame.octets.size()), PBUF_REF,
                             &lent.pbuf, frame.octets.data(),
                             static_cast<u16_t>(frame.octets.size()));
}

pbuf* Ethernet::Copy(const Emac::Frame& frame) {
  const auto size = static_cast<u16_t>(frame.octets.size());
  pbuf* const copy = pbuf_alloc(PBUF_RAW, size, PBUF_RAM);
  if (copy != nullptr) {
    pbuf_take(copy, frame.octets.data(), size);
  }
  emac_.Give(frame.buffer);
  return copy;
}

void Ethernet::GiveBack(pbuf* frame) {
  Lent& lent = *reinterpret_cast<Lent*>(frame);
  Ethernet& owner = *lent.owner;
  owner.emac_.Give(static_cast<std::size_t>(&lent - owner.lent_.data()));
}

err_t Ethernet::Send(netif* interface, pbuf* frame) {
  Ethernet& self = *static_cast<Ethernet*>(interface->state);
  // One piece, as LWIP_NETIF_TX_SINGLE_PBUF says, and never a buffer that is lent: lwIP copies what
  // it sends back (ICMP), as such a buffer has no room for headers.
  CONNECT_AUTH_ASSERT(frame->next == nullptr);
  const bool sent = self.SendAligned(Bytes(static_cast<std::uint8_t*>(frame->payload), frame->len));
  self.unsent_ += sent ? 0 : 1;
  return sent ? ERR_OK : ERR_IF;
}

// lwIP aligns what follows the headers, so that a frame begins two octets behind a word, with room
// in front. It is moved back afterwards: lwIP may send it again.
bool Ethernet::SendAligned(Bytes frame) {
  std::uint8_t* const aligned =
      frame.data() - reinterpret_cast<std::uintptr_t>(frame.data()) % Emac::kAlignment;
  std::memmove(aligned, frame.data(), frame.size());
  const bool sent = emac_.Send(ConstBytes(aligned, frame.size()));
  std::memmove(frame.data(), aligned, frame.size());
  return sent;
}

}  // namespace connect_auth::smartfusion2
