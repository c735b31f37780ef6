// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/device_network.h"

#include <arpa/inet.h>
#include <netinet/ether.h>

#include <string>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

Problem Refuse(Setting setting, std::string_view wanted) {
  const SettingInfo& info = InfoOf(setting);
  return {ExitCode::kUsage, Join({info.key, " in [", info.section, "] is not ", wanted})};
}

/// Neither this network (0/8), nor loopback (127/8), nor a group (224 and above).
bool IsOfOneHost(std::int64_t address) {
  const std::int64_t front = address >> 24;
  return front != 0 && front != 127 && front < 224;
}

bool ParseIpv4(const std::string& text, std::int64_t& into) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return false;
  }
  into = ntohl(address.s_addr);
  return IsOfOneHost(into);
}

Problem ReadHost(const GivenSettings& given, Setting setting, std::int64_t& into) {
  return !given.has(setting) || ParseIpv4(std::string(given.text(setting)), into)
             ? Problem()
             : Refuse(setting, "an IPv4 address; write it as 192.0.2.1");
}

}  // namespace

Problem DeviceNetwork::Read(const GivenSettings& given) {
  for (Problem problem :
       {ReadAddress(given), ReadHost(given, Setting::kDeviceGateway, network_.gateway),
        ReadHost(given, Setting::kDeviceDns, network_.dns), ReadMac(given)}) {
    if (problem.exists()) {
      return problem;
    }
  }
  if (network_.address == 0 && (network_.gateway != 0 || network_.dns != 0)) {
    return {ExitCode::kUsage,
            "gateway and dns in [device] go with an address; set one, or leave all to DHCP"};
  }
  return network_.gateway == 0 || IsNeighbour(network_.gateway)
             ? Problem()
             : Refuse(Setting::kDeviceGateway,
                      "another host of the address's network; correct one");
}

bool DeviceNetwork::IsNeighbour(std::int64_t address) const {
  return address != network_.address &&
         (address & network_.netmask) == (network_.address & network_.netmask);
}

Problem DeviceNetwork::ReadAddress(const GivenSettings& given) {
  if (!given.has(Setting::kDeviceAddress)) {
    return {};
  }
  constexpr std::int64_t kLongestPrefix = 32;
  const std::string_view text = given.text(Setting::kDeviceAddress);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos ||
      !ParseIpv4(std::string(text.substr(0, slash)), network_.address)) {
    return Refuse(Setting::kDeviceAddress, "an IPv4 address with a prefix; write 192.0.2.1/24");
  }
  const Result<std::int64_t> prefix = ParseNumber(text.substr(slash + 1), 1, kLongestPrefix);
  if (!prefix.ok()) {
    return Refuse(Setting::kDeviceAddress, "an address with a prefix of 1 to 32");
  }
  const std::int64_t hosts = (std::int64_t{1} << (kLongestPrefix - prefix.value())) - 1;
  network_.netmask = 0xFFFFFFFF - hosts;
  const std::int64_t host = network_.address & hosts;
  // The first address of a network is its name, the last one for all (RFC 1122 section 3.2.1.3).
  return hosts > 1 && (host == 0 || host == hosts)
             ? Refuse(Setting::kDeviceAddress,
                      "that of a host, but of its whole network; correct it")
             : Problem();
}

Problem DeviceNetwork::ReadMac(const GivenSettings& given) {
  if (!given.has(Setting::kDeviceMac)) {
    return {};
  }
  ether_addr address{};
  const bool parsed =
      ::ether_aton_r(std::string(given.text(Setting::kDeviceMac)).c_str(), &address) != nullptr;
  constexpr std::uint8_t kGroup = 1;
  if (!parsed || (address.ether_addr_octet[0] & kGroup) != 0) {
    return Refuse(Setting::kDeviceMac,
                  "the Ethernet address of one device; write it as "
                  "02:00:5e:00:53:01");
  }
  CopyBytes(address.ether_addr_octet, mac_);
  network_.mac = mac_;
  return {};
}

}  // namespace connect_auth::program
