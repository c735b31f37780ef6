// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/linux/daemon/query.h"
#include "platform/linux/secret_buffer.h"
#include "port/clock.h"

namespace connect_auth::program {

/// One connection to the service: lines that came, answers that go. Never waits for its peer.
class Client {
 public:
  /// Longest line, its end counted. A code is the longest thing there is to say.
  static constexpr std::size_t kLineBytes = 2048;
  /// No line is taken while so much waits to be sent.
  static constexpr std::size_t kMostUnsentBytes = 4096;
  /// For the rest of a line, and for taking what was answered.
  static constexpr Millis kPatience = Millis::Seconds(5);
  /// Queries that cost more than a look into memory, in a second.
  static constexpr int kMostCostly = 20;

  enum class State : std::uint8_t { kOpen, kClosed };

  /// @param socket  Non-blocking. Closed with this object.
  Client(int socket, unsigned user, Instant now);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Takes what came, at most a buffer full.
  ///
  /// @return kClosed  The peer is gone, or its line has no end.
  State Receive(Instant now);

  /// Takes the next whole line, without its end; a carriage return before that is dropped. Borrowed
  /// until `Compact()`.
  ///
  /// @return  false: there is none, or the answers are in its way.
  bool TakeLine(std::string_view& line);

  /// Makes room behind what was not taken.
  void Compact();

  /// Where answers are appended. Holds memory only until they are sent.
  SecretBuffer& answers();

  /// Sends what the peer takes.
  State Send(Instant now);
  bool has_unsent() const { return answers_.size() > sent_; }
  bool is_full() const { return answers_.size() - sent_ >= kMostUnsentBytes; }

  /// Counts a query that costs something.
  ///
  /// @return  false: there were too many of late.
  bool MayCost(Instant now);

  /// What epoll(7) is to wait for: while an answer is outstanding or unsent, what the peer sends
  /// stays with the kernel.
  std::uint32_t interest() const;

  /// When the patience with the peer ends; never: the peer owes nothing.
  Instant deadline() const;

  int socket() const { return socket_; }
  unsigned user() const { return user_; }
  Instant last_active() const { return last_active_; }

  /// Its query has to wait for the agent, and the lines behind that as well.
  void WaitFor(const Query& query, Instant until);
  bool is_waiting() const { return waiting_.verb != Query::Verb::kUnknown; }
  /// @pre is_waiting()
  const Query& waiting() const { return waiting_; }
  /// Never: it does not wait.
  Instant waits_until() const { return waits_until_; }
  void EndWait() { WaitFor({}, Instant::Never()); }

  void Subscribe() { is_subscribed_ = true; }
  bool is_subscribed() const { return is_subscribed_; }

  /// The connection is closed as soon as everything was sent.
  void Leave() { is_leaving_ = true; }

  /// What epoll(7) was told last.
  std::uint32_t registered() const { return registered_; }
  void SetRegistered(std::uint32_t events) { registered_ = events; }

 private:
  int socket_;
  unsigned user_;
  std::array<char, kLineBytes> input_;
  std::size_t begin_ = 0;  // of what was not taken
  std::size_t end_ = 0;
  SecretBuffer answers_;
  std::size_t sent_ = 0;  // of the answers
  Instant last_active_;
  Instant stalled_since_;  // valid while something is unsent, or a line is incomplete
  Query waiting_;          // kUnknown: it does not
  Instant waits_until_ = Instant::Never();
  bool is_subscribed_ = false;
  bool is_leaving_ = false;
  std::uint32_t registered_ = 0;
  Instant costly_second_{0};
  int costly_ = 0;
};

}  // namespace connect_auth::program
