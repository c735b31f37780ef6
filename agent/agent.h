// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/failure.h"
#include "agent/http/exchange.h"
#include "agent/http/origin.h"
#include "agent/oauth/token.h"
#include "agent/oauth/token_response.h"
#include "agent/session/api_request.h"
#include "agent/settings.h"
#include "agent/store/sealed_record.h"
#include "agent/store/state_record.h"
#include "agent/store/state_store.h"
#include "agent/store/tls_session_record.h"
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
    /// be expected, twice, the refresh token, and 1600 octets.
    Bytes io;
    Bytes token;  ///< As long as the longest token to be expected. SOTI's sample has 891.
    /// As long as the longest refresh token to be kept; a longer one is not. Empty: none is.
    Bytes refresh_token = {};
    /// For the TLS session that the next connection resumes, also after a restart: 640 octets hold
    /// tickets of 400, see agent/tls/README.md. Empty: every connection is a full handshake.
    Bytes tls_session = {};
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

  /// Does a bounded piece of storage's house-keeping. To be called until it is done, when there is
  /// nothing better to do: after a token was stored, after `Forget()`, and after `Start()`.
  ///
  /// @return kOk                  Nothing is left to do.
  /// @return kPending             More remains.
  /// @return kUnavailable         Storage failed.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status Idle();

  /// Wipes token, refresh token and TLS session here and in storage. That a code was spent, and
  /// that the server refused the credentials, is remembered all the same. On raw flash the octets
  /// are gone when `Idle()` has nothing left to do.
  ///
  /// @return kOk                  Storage has none.
  /// @return kUnavailable         Storage still has some of it.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status Forget();

  /// The present token, empty when there is none. Its life may be over.
  const Token& token() const { return state_.token; }
  bool has_refresh_token() const { return !state_.refresh_token.view().empty(); }
  /// Whether the server refused the credentials when it was asked last.
  const Latch& latch() const { return state_.latch; }
  /// How much longer it lives; kNotFound: there is none; kUnavailable: its age is not known.
  Result<Millis> remaining_life() const;
  /// Whether the last token could not be stored. It is good all the same, but a restart loses it.
  bool store_failed() const { return store_failed_; }

  using Stored = StateStore::Stored;
  /// What storage held at the start.
  Stored stored() const { return store_.stored(); }
  /// How often the record with the token was stored in the life of the device, as far as is known.
  std::uint32_t writes() const { return store_.writes(); }

  /// Whether the last connection resumed a TLS session, which spares most of its cost.
  bool tls_resumed() const { return tls_.resumed(); }

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
  Status Save(Bytes room);
  bool Adopt(const Granted& granted, bool& changes_more);
  Instant EndOfToken() const;
  bool GainsEnough() const;
  void LatchIfRefused();
  Status MarkCodeSpent();
  bool IsCodeSpent() const;

  Ports ports_;
  Memory memory_;
  Settings settings_;
  Origin origin_;
  Engine engine_;
  TlsConnection tls_;
  TlsSessionRecord tls_session_;
  Exchange exchange_;
  StateStore store_;
  State state_;
  Anchor anchor_;  // of the request under way
  Failure failure_;
  Instant stored_until_;          // when the stored token's life is over; 0: unknown
  std::size_t request_size_ = 0;  // of the request under way, in the I/O buffer
  Phase phase_ = Phase::kStopped;
  bool store_failed_ = false;
};

}  // namespace connect_auth
