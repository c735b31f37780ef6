// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/fake/fake_clock.h"
#include "tests/port/contract_network.h"

namespace connect_auth::test {

/// A network for lwIP in memory, with one host besides the own one. What is sent to that host comes
/// back with the two addresses exchanged, so the other host is this stack as well: the checksums of
/// TCP, UDP and IP stay right. Frames can be lost.
///
/// lwIP has one state for the whole process, so there is one of these.
class Mirror final {
 public:
  static constexpr const char* kPeer = "10.0.0.2";
  static constexpr const char* kBlackHole = "10.0.0.9";
  static constexpr std::uint16_t kNobodyListens = 9;
  /// Frames that can be in lwIP's hands; another one that comes is lost, as on the board.
  static constexpr std::size_t kBuffers = 4;

  /// Starts lwIP on the first call.
  static Mirror& Get();

  /// Delivers what was sent and lets `span` pass.
  void Run(Millis span);

  /// Loses every n-th frame; 0: none.
  void SetLoss(std::uint32_t n) { loss_ = n; }

  /// Begins to listen as `peer`.
  ///
  /// @return The port, or 0: a peer is not of that kind.
  std::uint16_t Listen(contract::Peer peer);
  void StopListening();

  /// What the peer that was accepted does beyond its role.
  void Send(ConstBytes octets);
  void End();
  void Reset();

  /// What the name server says: nothing at all, that it has no such name, that it failed, the
  /// peer's address, or that address not before SendLateAnswer().
  enum class Names : std::uint8_t { kSilent, kUnknown, kFails, kKnown, kLate };
  void SendLateAnswer();
  void Answer(Names names) { names_ = names; }
  /// Whether the stack knows a name server.
  void SetNameServer(bool known);

  /// Frames in lwIP's hands.
  std::size_t lent() const;
  /// Whether the peer has a connection.
  bool has_peer() const;
  /// The sequence number with which the last connection began.
  std::uint32_t first_sequence() const;
  const Clock& clock() const { return clock_; }

 private:
  friend struct MirrorCallbacks;

  Mirror();

  fake::FakeClock clock_;
  std::uint32_t loss_ = 0;
  std::uint32_t frames_ = 0;
  Names names_ = Names::kKnown;
};

}  // namespace connect_auth::test
