// SPDX-License-Identifier: Apache-2.0
//
// The way between the device and the server: time passes on it, and it breaks.
#pragma once

#include <cstdint>
#include <vector>

#include "port/network.h"
#include "tests/simulator/dice.h"
#include "tests/simulator/judge.h"
#include "tests/simulator/server.h"
#include "tests/support/tls_peer.h"

namespace connect_auth::simulator {

class Link final : public Connection {
 public:
  static constexpr std::int64_t kNever = INT64_MAX;

  /// All are borrowed for the life of this object.
  Link(tests::TlsPeer& peer, Server& server, const Moment& moment, Judge& judge, const Setup& setup)
      : peer_(peer), server_(server), moment_(moment), judge_(judge), setup_(setup) {}

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// When a call will make progress, as far as is known.
  std::int64_t ReadyAt(Interest interest) const;

  /// The device loses its power at the n-th call from now; until `PowerOn()` nothing works.
  void CutPowerAt(std::int64_t n) { calls_left_ = n; }
  void SetPower(bool powered) { powered_ = powered; }
  bool is_powered() const { return powered_; }
  void PowerOn() {
    powered_ = true;
    calls_left_ = 0;
  }
  /// Whatever is under way breaks.
  void Break() { broken_ = true; }
  /// What is under way is given up for a reason.
  void Excuse() { in_flight_ = false; }

  /// Makes the n-th call fail, counted from 1.
  void FailCall(std::uint32_t n) { failing_call_ = n; }
  std::uint32_t calls() const { return calls_; }
  /// Connections begun.
  std::uint32_t connections() const { return connections_; }

 private:
  bool Fails();
  void Pump();
  std::size_t DrawPiece(std::size_t whole, std::size_t most_pieces);
  void PrepareFault();
  void Arrange(std::size_t before);

  tests::TlsPeer& peer_;
  Server& server_;
  const Moment& moment_;
  Judge& judge_;
  const Setup& setup_;
  std::vector<std::uint8_t> incoming_;
  std::size_t delivered_ = 0;
  Dice dice_{1};                   // of how a faulty answer is cut
  std::size_t piece_ = 0;          // most octets of it that come together; 0: it is not cut
  std::int64_t connected_at_ = 0;  // kNever: it will not be
  std::int64_t readable_at_ = kNever;
  std::int64_t deadline_ = 0;  // of the token request in flight
  std::int64_t calls_left_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t failing_call_ = 0;
  std::uint32_t connections_ = 0;
  bool open_ = false;
  bool broken_ = false;
  bool breaks_after_ = false;  // what is there to read
  bool ended_ = false;
  bool in_flight_ = false;  // A token was asked for, and nothing of the answer was read.
  bool powered_ = true;
};

}  // namespace connect_auth::simulator
