// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>

#include "port/clock.h"
#include "port/network.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {

/// A server, and the way to it, that do as they are told, and keep an eye on who asks: where to,
/// with which tokens and codes, how often. What it gives out is named `tok...`; what it says in
/// answers that grant nothing is named `bad...`, and must not be taken for a token.
class ScriptedServer final : public Connection {
 public:
  static constexpr std::string_view kHost = "server.domain.tld";
  static constexpr std::string_view kGood = "tok";
  static constexpr std::string_view kBad = "bad";
  /// Within an hour, besides those that have a reason: see `Allow()`.
  static constexpr std::size_t kMostConnections = 24;

  /// @param clock  Borrowed for the life of this object.
  explicit ScriptedServer(const Clock& clock) : clock_(clock) {}

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// Takes what happens from now on off the input: how a connection ends, and what is answered.
  void PlanNetwork(Input& input);
  void PlanAnswer(Input& input);

  /// Something happened that is worth some connections more within the hour.
  void Allow();
  /// The device stores nothing: a code may come again after it was switched off.
  void SetForgetful(bool forgetful) { forgetful_ = forgetful; }
  /// That somebody gave the device.
  void Issue(std::string_view token) { issued_.emplace(token); }
  std::uint32_t connections() const { return begun_; }
  /// When a token was given out last, by the monotonic clock.
  Instant issued_at() const { return issued_at_; }

 private:
  enum class Phase : std::uint8_t { kClosed, kConnecting, kOpen, kBroken };
  enum class End : std::uint8_t { kOpen, kClosed, kBroken };

  void Begin();
  /// Every second time. Of each call for itself: some are made in turns.
  static bool Stalls(bool& stalled) { return stalled = !stalled; }
  Status Enter(bool& stalled);
  bool HasRequest() const;
  void Answer();
  void LookAtTokenRequest();
  void LookAtApiRequest();
  std::string TokenAnswer();
  std::string ApiAnswer() const;
  std::string BadAnswer(std::string_view members) const;

  const Clock& clock_;
  Phase phase_ = Phase::kClosed;
  bool connect_stalled_ = false;
  bool write_stalled_ = false;
  bool read_stalled_ = false;
  std::string request_;
  std::string reply_;
  std::size_t delivered_ = 0;
  bool answered_ = false;
  bool forgetful_ = false;

  // What was planned.
  Status connect_outcome_ = Status::kOk;
  std::uint32_t breaks_in_ = 0;  // calls of Read and Write; 0: never
  std::size_t chunk_ = 1460;
  End end_ = End::kOpen;
  std::size_t kind_ = 0;
  std::uint32_t number_ = 3600;
  std::string raw_;

  // What was seen.
  std::set<std::string, std::less<>> issued_;
  std::set<std::string, std::less<>> codes_;
  std::deque<std::int64_t> begun_at_;
  std::deque<std::int64_t> allowed_at_;
  std::uint32_t begun_ = 0;
  std::uint32_t serial_ = 0;
  Instant issued_at_{-1'000'000};
};

}  // namespace connect_auth::fuzz
