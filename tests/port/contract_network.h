// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/clock.h"
#include "port/network.h"
#include "tests/port/contract.h"

namespace connect_auth::contract {

/// What the other end does.
enum class Peer : std::uint8_t {
  kEcho,            ///< Sends back what arrives.
  kEchoPairs,       ///< The same, but stays silent until an even number of bytes has arrived.
  kSendsAndCloses,  ///< Sends kPeerBytes bytes of PeerByteAt(), then ends the stream in order.
  kResets,          ///< Resets the connection when the first byte arrives.
  kSilent,          ///< Accepts; neither reads nor writes.
  kSendsOnly,       ///< Sends kPeerBytes when the first byte arrives, but reads nothing.
  kRefuses,         ///< Nobody listens there.
  kNeverAnswers,    ///< The attempt to connect gets no answer at all.
  kUnknownName,     ///< The name does not exist.
  kNoResolver,      ///< The name cannot be looked up for now.
};

inline constexpr std::size_t kPeerBytes = 5000;

constexpr std::uint8_t PeerByteAt(std::size_t index) {
  return static_cast<std::uint8_t>(index * 7 + index / 256);
}

/// Where a peer is. `host` stays valid until the fixture's `stop`.
struct Endpoint {
  std::string_view host;
  std::uint16_t port = 0;
};

/// What the suite needs besides the connection.
struct NetworkFixture {
  Connection* connection = nullptr;
  /// Tells whether a call blocked; may be null.
  const Clock* clock = nullptr;
  void* context = nullptr;
  /// Begins to be `peer`; may exchange `connection`.
  ///
  /// @return false when the fixture cannot be that: the test is skipped.
  bool (*start)(NetworkFixture& fixture, Peer peer, Endpoint& at) = nullptr;
  /// Ends what `start` began; also called when nothing was begun.
  void (*stop)(NetworkFixture& fixture) = nullptr;
  /// Waits until `interest` is met, but 10 ms at most.
  void (*wait)(NetworkFixture& fixture, Interest interest) = nullptr;
};

Suite<25> NetworkSuite(NetworkFixture& fixture);

}  // namespace connect_auth::contract
