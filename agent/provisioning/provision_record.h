// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/settings.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/status.h"

namespace connect_auth {

/// All that tells a firmware who it is, which server to ask, and how to reach it.
///
/// What is read borrows the record that it was read from.
struct Provision {
  /// The name of the record.
  static constexpr std::string_view kName = "provision";
  /// It lies in a ring at the very front of the device's NOR flash: so many blocks of so many
  /// octets.
  static constexpr std::uint32_t kBlocks = 2;
  static constexpr std::uint32_t kBlockBytes = 65536;
  /// Longest sealed record that firmware has room for.
  static constexpr std::size_t kMostRecordBytes = 2048;

  /// IPv4 addresses and netmask as numbers: 192.0.2.1 is 0xC0000201. 0: none.
  struct Network {
    std::int64_t address = 0;  ///< 0: DHCP assigns all of it.
    std::int64_t netmask = 0;
    std::int64_t gateway = 0;
    std::int64_t dns = 0;
    ConstBytes mac;  ///< 6 octets, or empty: the device makes one up of its id.
  };

  /// An API request that the device makes again and again.
  struct Sample {
    std::string_view target;              ///< Path and query. Empty: none is made.
    Millis period = Millis::Seconds(60);  ///< At most a day.
  };

  /// Without a record key: that is the device's own. Certificates are in DER.
  Settings settings;
  Network network;
  Sample sample;
};

/// The payload of a sealed record of type kProvision: fields, each once, in ascending order of
/// their tags.
///
///     offset  size
///          0     1  tag
///          1     2  size n of the value, big-endian
///          3     n  value
///
/// Texts and octets are as they are. Numbers are big-endian, 8 octets; times are milliseconds,
/// moments seconds since 1970, addresses IPv4, choices as `Settings` counts them. A field that is
/// left out has its default; an empty one is empty. Tags are in provision_fields.h. One that is not
/// known there is an error, and so is one that comes twice or out of turn: it would be a setting
/// that nobody heeds.
///
/// @param provision  What stands there stays where the record has no such field.
/// @param payload    Borrowed for as long as `provision` is used.
/// @return kOk               All of it is read. Whether the settings make sense says
///                           `CheckSettings`.
/// @return kMalformed        Not such a payload, or made for a later version.
/// @return kInvalidArgument  A value is out of its range, or of a wrong size.
Status DecodeProvision(ConstBytes payload, Provision& provision);

/// How many octets the payload takes. For hosts, like what follows: firmware only reads.
std::size_t ProvisionBytes(const Provision& provision);

/// @param into  All of it is written; holds secrets afterwards. Borrowed during the call.
/// @pre into.size() == ProvisionBytes(provision), at most 65535; no number is negative
void EncodeProvision(const Provision& provision, Bytes into);

}  // namespace connect_auth
