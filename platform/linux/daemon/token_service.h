// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "platform/linux/command_line.h"
#include "platform/linux/configuration.h"
#include "platform/linux/daemon/query.h"
#include "platform/linux/forward/forward_counters.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/session.h"
#include "port/clock.h"

namespace connect_auth::program {

/// What the service counts besides what the agent does.
struct ServiceCounters {
  std::uint64_t queries = 0;                 ///< Lines that were answered.
  std::uint64_t errors = 0;                  ///< Of these, with an error.
  std::uint64_t clients = 0;                 ///< That were let in.
  std::uint64_t denied = 0;                  ///< That were not.
  std::uint64_t cut_off = 0;                 ///< That stalled, or had to make room.
  std::uint32_t failures = 0;                ///< Attempts to get a token.
  Millis asking{0};                          ///< Time that token requests took.
  const ForwardCounters* forward = nullptr;  ///< nullptr: there is no forward proxy.
};

/// The token, and the answers to all queries. Knows nothing of sockets but the agent's own.
class TokenService {
 public:
  /// Answers end with this.
  enum class Answered : std::uint8_t {
    kYes,
    kLater,  ///< `Settle()` will know.
  };

  /// Loads the configuration, and opens the store for this process alone.
  Problem Start(const CommandLine& line);

  /// Goes on with the configuration as it is now. If that is of no use, the one before stays.
  Problem Reload(const CommandLine& line);

  /// Ends cleanly: stores nothing half.
  void Stop();

  /// Answers a query, or finds that the server has to be asked first.
  ///
  /// @param into  The answer is appended, with its line end.
  Answered Answer(const Query& query, SecretBuffer& into);

  /// The same for a query that was to be answered later.
  ///
  /// @param waited_long_enough  The answer is to come now.
  Answered Settle(const Query& query, bool waited_long_enough, SecretBuffer& into);

  /// Does what is due, and tells the log what came of it.
  ///
  /// @return  Whether waiting queries may have an answer by now.
  bool Advance();

  /// When to call `Advance()` again, besides when the connection is ready.
  Instant next() const;
  /// Descriptors to wait for; none while nothing is asked.
  posix::SocketConnection::WaitSet wait_set() const;

  /// How long a query waits at most.
  Millis patience(const Query& query) const;

  /// For subscribers: `changed ...` or `gone`.
  void AppendEvent(SecretBuffer& into) const;
  std::uint32_t generation() const { return session_->agent().token_generation(); }
  bool has_token() const { return !session_->agent().token().empty(); }

  /// One line for people.
  std::string Summary() const;

  ServiceCounters& counters() { return counters_; }
  const Configuration& configuration() const { return *configuration_; }
  Instant Now() const { return session_->clock().Now(); }

 private:
  Status Ask(const Query& query);
  Problem TakeCode(const Query& query);
  Answered Finish(const Query& query, Status status, SecretBuffer& into);
  void AppendToken(const Query& query, SecretBuffer& into);
  void AppendProblem(const Problem& problem, SecretBuffer& into);
  void Logout(SecretBuffer& into);
  void Tidy();
  void TellWhatCame(const Agent::Counters& before, Status status);
  void ForgetRefusalIfAsked(const Query& query);

  std::unique_ptr<Configuration> configuration_;
  std::unique_ptr<Session> session_;
  ServiceCounters counters_;
  std::unique_ptr<AuthorizationCode> code_;  // The last that was given; the agent borrows it.
  Instant asked_since_{0};
  bool asks_ = false;    // A token request is under way.
  bool untidy_ = false;  // The store has put something off.
};

}  // namespace connect_auth::program
