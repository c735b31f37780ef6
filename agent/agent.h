// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/failure.h"
#include "agent/http/exchange.h"
#include "agent/http/origin.h"
#include "agent/oauth/token.h"
#include "agent/session/api_request.h"
#include "agent/settings.h"
#include "agent/store/sealed_record.h"
#include "agent/tls/engine.h"
#include "agent/tls/tls_connection.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "port/network.h"
#include "port/storage.h"

namespace connect_auth {

/// What a sleeping caller waits for before it calls `Poll()` again: whichever comes first.
struct Wants {
  Interest interest = Interest::kNothing;
  Instant until = Instant::Never();  ///< In the past: poll at once.
};

/// Supplies a device with an access token, and makes requests with it.
///
///                       Start()            RequestToken(), RenewToken()
///     kStopped ───────────────► kIdle ◄──────────────────────────────► kRequestingToken
///         ◄─────────────────────  ▲
///                Stop()           └────── RequestApi() ──────────────► kCallingApi
///
/// One operation runs at a time. Nothing here waits: an operation is begun, then `Poll()` advances
/// it, and `wants()` says what for and how long to sleep in between.
///
/// Not thread-safe. Allocates nothing: mbedTLS lives in the arena, everything else in the object
/// and in the other spans of `Memory`. One agent is started at a time in an image (see `Engine`).
class Agent {
 public:
  /// All borrowed for the life of the agent.
  struct Ports {
    const Clock& clock;
    Connection& connection;
    Storage& storage;
    Entropy& entropy;
  };

  /// All borrowed for the life of the agent; none may overlap another.
  struct Memory {
    Bytes tls_arena;  ///< See agent/tls/README.md for what suffices.
    /// Holds a request, then its response; and what is stored, on its way. The longest token to
    /// be expected, twice, and 1500 octets.
    Bytes io;
    Bytes token;  ///< As long as the longest token to be expected. SOTI's sample has 891.
  };

  Agent(const Ports& ports, const Memory& memory);
  ~Agent() { Stop(); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Adopts settings and picks up the token stored under them, if there is one.
  ///
  /// @param settings  Borrowed, with all it points at, until `Stop()`.
  /// @return kOk                  Ready.
  /// @return kInvalidArgument     A setting is wrong; `last_failure()` says which.
  /// @return kFailedPrecondition  Started already, or another agent is.
  /// @return kOutOfMemory         The arena is too small.
  /// @return kUnavailable         No entropy.
  Status Start(const Settings& settings);

  /// Ends whatever is going on, wipes token and buffers, and forgets the settings. What is stored
  /// stays.
  void Stop();

  /// Sees to a token that is good for `min_valid` more: the present one, or a new one.
  ///
  /// A new token may live shorter than that, and then the next call asks again: `min_valid` is to
  /// be well below the server's lifetimes.
  ///
  /// @return kOk                  The present token is good for that long.
  /// @return kPending             A new one is being asked for: `Poll()`.
  /// @return kNeedsCode           The configured code has been used already.
  /// @return kBufferTooSmall      `Memory::io` cannot hold the request.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status RequestToken(Millis min_valid);

  /// As `RequestToken`, but asks the server in any case. The present token stays until the new
  /// one is there, and if none comes.
  Status RenewToken();

  /// Begins an API request with the present token. When it is answered, the response's content is
  /// to be taken piece by piece: `TakeBody()` after each `Poll()`.
  ///
  /// @return kPending             `Poll()`.
  /// @return kInvalidArgument     The request is malformed; `last_failure()` says how.
  /// @return kBufferTooSmall      `Memory::io` cannot hold the request's head.
  /// @return kFailedPrecondition  Not started, no token, or an operation is going on.
  Status RequestApi(const ApiRequest& request);

  /// Advances the operation that is going on.
  ///
  /// @return kOk                  It is done; also when none is going on.
  /// @return kPending             Sleep until `wants()`, then call again.
  /// @return kFailedPrecondition  Not started.
  /// @return other                It failed, see `last_failure()`; the agent is idle again.
  ///                              Possible for a token: all of `ReadTokenResponse`, `Exchange` and
  ///                              `TlsConnection`; and kUnavailable with Reason::kStorageFailed
  ///                              where it could not be stored that the code is being used, so that
  ///                              it was not. Of a token that came: see `store_failed()`.
  Status Poll();

  Wants wants() const;

  /// Wipes the token here and in storage.
  ///
  /// @return kOk                  It is gone.
  /// @return kUnavailable         Storage still has it.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status Forget();

  /// The present token, empty when there is none. Its life may be over.
  const Token& token() const { return token_; }
  /// How much longer it lives; kNotFound: there is none; kUnavailable: its age is not known.
  Result<Millis> remaining_life() const;
  /// Whether the last token could not be stored. It is good all the same, but a restart loses it.
  bool store_failed() const { return store_failed_; }

  /// Whether storage could not be read at the start, so that a stored token may have been missed.
  bool store_unreadable() const { return store_unreadable_; }

  /// The response to the API request: status (0: none yet), kept head, and content.
  std::uint16_t api_status() const;
  ConstBytes api_head() const { return exchange_.head(); }
  ConstBytes TakeBody() { return exchange_.TakeBody(); }

  /// Why the last operation failed. Holds no secret.
  const Failure& last_failure() const { return failure_; }

 private:
  enum class Phase : std::uint8_t { kStopped, kIdle, kRequestingToken, kCallingApi };

  Status FailNow(Status status, Reason reason);
  Status BeginExchange(Exchange::Request request);
  Status FinishToken();
  void KeepExchangeFailure(Status status);
  void LoadToken();
  Status StoreToken();
  Status MarkCodeSpent();
  bool IsCodeSpent();

  Ports ports_;
  Memory memory_;
  Settings settings_;
  Origin origin_;
  Fingerprint fingerprint_{};
  Engine engine_;
  TlsConnection tls_;
  Exchange exchange_;
  Token token_;
  Anchor anchor_;  // of the request under way
  Failure failure_;
  std::uint32_t sequence_ = 0;  // of the last sealed record
  Phase phase_ = Phase::kStopped;
  bool store_failed_ = false;
  bool store_unreadable_ = false;
};

}  // namespace connect_auth
