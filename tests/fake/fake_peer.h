// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tests/fake/fake_connection.h"
#include "tests/port/contract_network.h"

namespace connect_auth::fake {

/// The peers of the network's contract: one fake at a time, remade for each that it is to be.
struct PeerBoard {
  explicit PeerBoard(std::size_t most) : chunk(most) {
    for (std::size_t i = 0; i < reply.size(); ++i) {
      reply[i] = contract::PeerByteAt(i);
    }
  }

  FakeConnection& Become(contract::Peer peer) {
    return *new (&connection) FakeConnection(Make(peer));
  }

  std::size_t chunk;
  std::array<std::uint8_t, contract::kPeerBytes> reply{};
  std::array<std::uint8_t, 96 * 1024> sent{};
  FakeConnection connection{{}, 1, End::kOpen, {}};

 private:
  FakeConnection Make(contract::Peer peer) {
    FakeConnection quiet({}, chunk, End::kOpen, sent);
    switch (peer) {
      case contract::Peer::kEcho:
      case contract::Peer::kEchoPairs:
        return FakeConnection::Echo(chunk, sent);
      case contract::Peer::kSendsAndCloses:
        return FakeConnection(reply, chunk, End::kClosed, sent);
      case contract::Peer::kResets:
        quiet.FailCall(5, Status::kUnavailable);  // After two to connect and two to write.
        break;
      case contract::Peer::kSilent:
        break;
      case contract::Peer::kSendsOnly:
        return FakeConnection(reply, chunk, End::kOpen, sent);
      case contract::Peer::kRefuses:
      case contract::Peer::kNoResolver:
        quiet.SetConnectOutcome(Status::kUnavailable);
        break;
      case contract::Peer::kNeverAnswers:
        quiet.SetConnectOutcome(Status::kPending);
        break;
      case contract::Peer::kUnknownName:
        quiet.SetConnectOutcome(Status::kNotFound);
        break;
    }
    return quiet;
  }
};

}  // namespace connect_auth::fake
