// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "platform/linux/configuration.h"
#include "platform/linux/messages.h"
#include "platform/linux/problem.h"
#include "platform/linux/route.h"
#include "platform/linux/store_directory.h"
#include "platform/linux/token_store.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/system_entropy.h"
#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth::program {

/// What a command wants of the token.
struct Wish {
  Millis min_valid;
  bool renew = false;          ///< A new one, whatever is stored.
  bool retry_refused = false;  ///< Also with credentials that the server refused before.
};

/// The agent, and everything of Linux that it stands on.
class Session {
 public:
  /// @param configuration  Loaded. Borrowed for the life of this object.
  explicit Session(const Configuration& configuration);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Prepares the store, with its key, and starts the agent. A store that cannot be used is told on
  /// standard error, and the token is not kept; but an authorisation code is not spent without.
  Problem Open();

  /// Starts the agent on what is there already: changes nothing, and finds nothing stored where
  /// there is no key. For commands that do not ask the server.
  ///
  /// @return  A problem (kStorage) as well if the store cannot be read.
  Problem OpenOffline();

  /// Starts the agent without a store.
  Problem OpenWithoutStore();

  /// Goes on with another configuration, for the same store and with room in what was allocated for
  /// the first one. The token stays if it is for the same server, client and user.
  ///
  /// @param configuration  Loaded. Borrowed for the life of this object.
  /// @return  A problem (kUsage): it does not fit, or a setting is wrong; the one before goes on.
  Problem Reconfigure(const Configuration& configuration);

  /// Keeps the memory that holds secrets out of swap, as far as the system lets it
  /// (RLIMIT_MEMLOCK).
  ///
  /// @return  Whether it does.
  bool LockMemory();

  /// Sees to a token: the stored one, or a new one, for which this process takes its turn with
  /// others. What another process does meanwhile is not done again.
  /// What is odd but does not stop it goes to standard error.
  Problem ObtainToken(const Wish& wish);

  /// Goes on with a token of the service's.
  ///
  /// @pre opened without a store, with a configuration that was loaded with Needs::kTrust
  Problem Borrow(SecretView token, std::int32_t lifetime_s);

  /// Begins an API request; the caller goes on with `PollRequest()` and `Sleep()`.
  ///
  /// @param request  Borrowed, with all it points at, until the request ends.
  Problem BeginRequest(const ApiRequest& request);

  /// Advances the API request by one step. When the server does not take the token, this process
  /// takes its turn with others to see to another one.
  ///
  /// @param request  The one that was begun.
  /// @param over     Set to true: the answer is complete.
  Problem PollRequest(const ApiRequest& request, bool& over);

  /// Sleeps until the next step is worth it.
  void Sleep();

  /// Waits for the store's lock, which this object keeps until it is gone.
  ///
  /// @return  A problem (kUnreachable): another process keeps it.
  Problem Lock();

  /// As `Lock`, before anything was opened: what is found then is what is there under the lock.
  Problem LockStore();

  /// Does what the store has put off, if it was written: on raw flash, erasing ahead of need.
  void Tidy();

  /// Wipes the tokens, also what raw flash still holds of them.
  Problem Wipe();

  /// The agent's last failure in words.
  Problem Explain() const;

  /// Why there is no (new) token, in words.
  Problem ExplainToken() const;

  /// The agent's latch in words.
  RefusalTimes refusal_times() const;

  Agent& agent() { return agent_; }
  const Agent& agent() const { return agent_; }
  const TokenStore& store() const { return store_; }
  const Configuration& configuration() const { return *configuration_; }
  const Clock& clock() const { return clock_; }
  ConstBytes record_key() const { return has_store_ ? key_.octets() : ConstBytes(); }
  const Route& route() const { return route_; }

 private:
  /// What was known when it was decided to ask the server.
  struct Seen {
    Anchor token;
    Anchor refusal;
  };

  Problem StartAgent(ConstBytes record_key);
  Problem StoreProblem() const;
  Problem Tell(const Failure& failure) const;
  void WarnOfWhatDoesNotOpen() const;
  Problem TakeTurn();
  Status Ask(const Wish& wish);
  Status AskInTurn(const Wish& wish, const Seen& seen);
  Problem RenewForRequest(const ApiRequest& request);
  bool HasStoreChanged();
  bool StillLives(const Wish& wish) const;

  const Configuration* configuration_;
  TokenStore store_;
  StoreKey key_;
  StoreLock lock_;
  posix::BootClock clock_;
  Route route_;
  posix::SystemEntropy entropy_;
  std::size_t arena_size_;
  std::size_t io_size_;
  std::size_t refresh_token_size_;
  std::unique_ptr<std::uint8_t[]> arena_;
  std::unique_ptr<std::uint8_t[]> io_;
  std::unique_ptr<std::uint8_t[]> token_;
  std::unique_ptr<std::uint8_t[]> refresh_token_;
  bool has_store_ = false;
  bool took_turn_ = false;
  std::array<std::uint8_t, 2048> tls_session_{};  // Some servers put certificates into tickets.
  Agent agent_;
};

/// Opens the store, and sees to its key; makes what is not there.
///
/// @param store  For the configuration's path.
/// @return  A problem (kStorage).
Problem PrepareStore(const Configuration& configuration, TokenStore& store, StoreKey& key);

/// Memory that mbedTLS needs where it reads so many octets of certificates and key.
std::size_t ArenaSize(std::size_t certificates_size);

}  // namespace connect_auth::program
