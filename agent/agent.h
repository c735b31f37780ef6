// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/failure.h"
#include "agent/http/exchange.h"
#include "agent/http/origin.h"
#include "agent/oauth/grant.h"
#include "agent/oauth/token.h"
#include "agent/oauth/token_request.h"
#include "agent/oauth/token_response.h"
#include "agent/session/api_request.h"
#include "agent/session/backoff.h"
#include "agent/session/renewal.h"
#include "agent/session/slot.h"
#include "agent/session/wall_clock.h"
#include "agent/settings.h"
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

/// Keeps a valid access token at hand, and makes requests with it.
///
///                       Start()              a token is wanted, or due
///     kStopped ───────────────► kIdle ◄──────────────────────────────► kRequestingToken
///         ◄─────────────────────  ▲                                          ▲ │
///                Stop()           │                       401, once for each │ ▼
///                                 └────── RequestApi() ──────────────► kCallingApi
///
/// One request is under way at a time, however many callers want a token: they join it. Nothing
/// here waits: `Poll()` advances what goes on by one step, and `wants()` says what for and how long
/// to sleep in between.
///
/// The rules it keeps, whoever calls how often:
/// - A token's life counts from when it was asked for. It is replaced early (`RenewalAt`), and goes
///   on while it lives if that fails.
/// - After a failure the server is left alone until the device's turn (`Backoff`).
/// - Refused credentials are not tried again before they change, a person says so, or hours have
///   passed (`LatchOpensAt`). That is stored: a restart changes nothing.
/// - A code is sent once, and marked as spent in storage before that.
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

  /// Adopts settings and picks up what is stored under them.
  ///
  /// @param settings  Copied; all it points at is borrowed until `Stop()` or other settings.
  /// @return kOk                  Ready.
  /// @return kInvalidArgument     A setting is wrong; `last_failure()` says which.
  /// @return kFailedPrecondition  Started already, or another agent is.
  /// @return kOutOfMemory         The arena is too small.
  /// @return kUnavailable         No entropy.
  Status Start(const Settings& settings);

  /// Ends whatever is going on, wipes token and buffers, and forgets the settings. What is stored
  /// stays.
  void Stop();

  /// Goes on with other settings: a new code, password, server, CA. Ends what is going on; the
  /// token stays if it is for the same server, path, client, grant and user. Other credentials are
  /// worth a new attempt, and so is a code.
  ///
  /// @param settings  As of `Start()`.
  /// @return kOk                  They count.
  /// @return kInvalidArgument     One is wrong, see `last_failure()`; those before count.
  /// @return kFailedPrecondition  Not started.
  Status ChangeSettings(const Settings& settings);

  /// Sees to a token that is good for `min_valid` more: the present one, or a new one. Any number
  /// of callers may ask; they join the request that is under way.
  ///
  /// A token that came less than `kLeastPause` ago is as good as any that could be had, however
  /// short the server lets it live. One of which nobody knows the age (after a restart, without a
  /// clock) will do where nothing is wanted of it: the server says when it is over.
  ///
  /// @return kOk                  `token()` is good for that long.
  /// @return kPending             One is being asked for, or will be: `Poll()`, and ask again.
  /// @return kRejected            The server refused the credentials, and they are not tried again
  ///                              yet; or it refused them now.
  /// @return kNeedsCode           There is no code, or it was used, or refused:
  ///                              `ChangeSettings()` with another.
  /// @return kBufferTooSmall      `Memory::io` cannot hold the request.
  /// @return kFailedPrecondition  Not started.
  /// @return other                The last attempt failed so, and the next one is not due yet: see
  ///                              `last_token_failure()` and `next_attempt()`. Possible are all of
  ///                              `Poll()`.
  Status RequestToken(Millis min_valid);

  /// As `RequestToken`, for one who waits patiently, but no longer than `until`.
  ///
  /// @return kPending   Also while the server is left alone after a failure.
  /// @return kTimeout   It is `until`, and there is no token.
  /// @return kRejected, kNeedsCode  Waiting will not help: somebody has to act.
  Status AwaitToken(Millis min_valid, Instant until);

  /// Asks for a new token although the present one may be good. The present one stays until the
  /// new one is there, and if none comes. For a person or program that has a reason: it need not
  /// wait for the device's turn, only for `kLeastPause` since the last attempt.
  ///
  /// @return  As of `RequestToken`, but kOk only for a token that came less than `kLeastPause` ago.
  Status RequestRenewal();

  /// Says that the API refused a token (401). Of the present token it is the end, and the next one
  /// is asked for. An older one has been replaced already, so nothing happens. Where the API goes
  /// on refusing tokens that just came, it is believed less and less often: see `kMostRejectPause`.
  ///
  /// @param generation  `token_generation()` of the token that was refused.
  void RejectToken(std::uint32_t generation);

  /// Forgets that the server refused the credentials: somebody says that they are right by now.
  ///
  /// @return kOk                  They are worth a new attempt.
  /// @return kUnavailable         It could not be stored: only until the next restart.
  /// @return kFailedPrecondition  Not started.
  Status ForgetRefusal();

  /// Takes over a token that was got elsewhere, for requests to the API. It is not stored. Without
  /// a grant that could bring another one, a code grant without a code, it is all there ever is.
  ///
  /// @param text        1 or more visible ASCII characters. Copied.
  /// @param lifetime_s  Seconds from now on, 0..config::kMaxLifetimeSeconds.
  /// @return kOk                  It is the present one.
  /// @return kInvalidArgument     It, or its lifetime, is not as above; the one before stands.
  /// @return kBufferTooSmall      `Memory::token` cannot hold it; the one before stands.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status TakeToken(SecretView text, std::int32_t lifetime_s);

  /// Begins an API request with the present token. When it is answered, the response's content is
  /// to be taken piece by piece: `TakeBody()` after each `Poll()`.
  ///
  /// An answer of 401 is not shown: a new token is asked for, and the request made once more. It is
  /// shown where that is of no use: the token just came, no other is to be had now, or the content
  /// comes from a source that cannot be rewound.
  ///
  /// A source that has no octets for now leaves `wants()` at what the connection waits for: who
  /// knows when the source has some polls then as well.
  ///
  /// @param request  Copied; all it points at is borrowed until the operation ends.
  /// @return kPending             `Poll()`.
  /// @return kInvalidArgument     The request is malformed; `last_failure()` says how.
  /// @return kBufferTooSmall      `Memory::io` cannot hold the request's head.
  /// @return kFailedPrecondition  Not started, no token, or an operation is going on.
  Status RequestApi(const ApiRequest& request);

  /// Advances what is going on by one step, and begins what is due.
  ///
  /// @return kOk                  Nothing is going on (any more): come again at `wants()`.
  /// @return kPending             Sleep until `wants()`, then call again.
  /// @return kFailedPrecondition  Not started.
  /// @return other                It failed, see `last_failure()`; the agent is idle again.
  ///                              Possible for a token: all of `ReadTokenResponse`, `Exchange` and
  ///                              `TlsConnection`; and kUnavailable with Reason::kStorageFailed
  ///                              where it could not be stored that the code is being used, or
  ///                              read whether it was, so that it was not. Of a token that came:
  ///                              see `store_failed()`.
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
  /// @return kUnavailable         Storage still has some of it; or could never be read, so that
  /// with
  ///                              a code grant it is not known which code was spent.
  /// @return kFailedPrecondition  Not started, or an operation is going on.
  Status Forget();

  /// The present token, empty when there is none. Its life may be over.
  const Token& token() const { return state_.token; }
  /// Grows by one with each token.
  std::uint32_t token_generation() const { return generation_; }
  bool is_requesting_token() const { return phase_ == Phase::kRequestingToken; }
  bool has_refresh_token() const { return !state_.refresh_token.view().empty(); }
  /// Whether the settings have no code that could be sent: none at all, or one that was sent.
  bool needs_code() const;
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

  /// Of the connection that is open; empty: none is. Static text.
  std::string_view tls_version() const { return tls_.version(); }
  /// How much of `Memory::tls_arena` was in use at most since the start, in octets from its front.
  std::size_t arena_used() const { return engine_.arena_used(); }

  /// The response to the API request: status (0: none yet), kept head, and content.
  std::uint16_t api_status() const;
  ConstBytes api_head() const { return exchange_.head(); }
  ConstBytes TakeBody() { return shows_response_ ? exchange_.TakeBody() : ConstBytes(); }

  /// Why the last operation failed. Holds no secret.
  const Failure& last_failure() const { return failure_; }
  /// Why there is no (new) token; kOk if the last attempt brought one. Holds no secret.
  const Failure& last_token_failure() const { return token_failure_; }

  /// Whether, and when, the server refused the credentials.
  const Latch& latch() const { return state_.latch; }
  /// When a token is asked for next: at the earliest if somebody wants one, and without being asked
  /// with `Settings::renews_ahead`. Never: somebody has to act first.
  Instant next_attempt() const;
  /// How many attempts failed since the start or the last token.
  std::uint8_t failures() const { return backoff_.failures(); }
  /// The clock that everything here goes by.
  const WallClock& clock() const { return clock_; }

  /// What was done since the start.
  struct Counters {
    std::uint32_t token_requests = 0;  ///< Sent, wholly or in part.
    std::uint32_t tokens = 0;          ///< That came.
    std::uint32_t refusals = 0;        ///< Of the credentials.
    std::uint32_t api_requests = 0;    ///< Sent, the second of a replay counted.
    std::uint32_t rejections = 0;      ///< Tokens that the API refused.
    std::uint32_t resumed = 0;         ///< Connections that resumed a TLS session.
  };
  const Counters& counters() const { return counters_; }

  /// A token that the API refuses is replaced only if it is older than a pause, which doubles with
  /// each that is refused, from kLeastPause to this, until one is taken. So an API that refuses
  /// every token costs the token endpoint a request an hour.
  static constexpr Millis kMostRejectPause = Millis::Seconds(3600);

 private:
  enum class Phase : std::uint8_t { kStopped, kIdle, kRequestingToken, kCallingApi };
  enum class Changed : std::uint8_t {
    kAll,    ///< What is stored has to be looked at anew.
    kTerms,  ///< The token is for the same as before.
  };

  // Settings.
  bool IsStarted() const { return phase_ != Phase::kStopped; }
  Status DrawStandIn();
  void Adopt(const Settings& settings, Changed changed);
  void PickUp();
  void ReadStored();
  void DropLatchOfOthers();
  void Schedule(ConstBytes device_id);
  CredentialsMark MarkOfCredentials() const;

  // What a token is worth.
  bool JustCame() const;
  bool IsGood(Millis min_valid) const;
  bool StillServes(Millis min_valid) const;
  Instant EndOfToken() const;
  void ScheduleRenewal(Herd herd);

  // Asking for a token.
  Status Want(Instant earliest);
  Status MayAsk(Instant earliest);
  bool IsLatched() const;
  Instant LatchOpens() const;
  const GrantStrategy& NextGrant() const;
  bool IsDue();
  Status BeginTokenRequest();
  bool MissesMarks() const;
  Status ReadAgain();
  void ReadMarksIfMissed();
  Status PollToken();
  Status FinishToken();
  void ReadToken(bool& changes_more);
  bool Take(const Granted& granted, bool& changes_more);
  Status FailToken();
  void Refuse();
  bool FallBackFromRefreshToken();
  bool GainsEnough() const;
  Status Save(Bytes room);
  Status MarkCodeSpent();

  // The API.
  Status BeginApiExchange();
  Status PollApi();
  bool IsWorthReplaying();
  Status EndReplay(Status status);

  // Either.
  Status BeginExchange(Exchange::Request& request);
  void KeepExchangeFailure(Status status, Failure& failure);
  void LearnFromResponse();
  Status FailNow(Status status, Reason reason);

  Ports ports_;
  Memory memory_;
  Settings settings_;
  Origin origin_;
  WallClock clock_;
  Engine engine_;
  TlsConnection tls_;
  TlsSessionRecord tls_session_;
  Exchange exchange_;
  StateStore store_;
  State state_;
  Backoff backoff_;
  Slot renewal_slot_;
  Slot latch_slot_;
  ApiRequest api_request_;
  Anchor anchor_;  // of the request under way
  Failure failure_;
  Failure token_failure_;
  Counters counters_;
  Instant stored_until_;                    // when the stored token's life is over; 0: unknown
  Instant earliest_;                        // no attempt before this; Never: somebody has to act
  Instant renewal_at_;                      // when the token is to be replaced ahead of need
  Instant latch_found_;                     // when the latch was set, or read from storage
  Instant last_attempt_;                    // when it began
  Instant api_deadline_;                    // of the API request, a renewal in its middle included
  Millis reject_pause_;                     // see kMostRejectPause
  std::size_t request_size_ = 0;            // of the request under way, in the I/O buffer
  std::uint32_t generation_ = 0;            // of the token
  std::array<std::uint8_t, 8> stand_in_{};  // see DrawStandIn()
  const GrantStrategy* grant_ = nullptr;    // of the last token request
  Phase phase_ = Phase::kStopped;
  bool wanted_ = false;            // A token is, as soon as one may be asked for.
  bool rejected_ = false;          // The token was, by the API.
  bool came_since_start_ = false;  // A token did.
  bool replays_ = false;           // The API request waits for a token.
  bool may_replay_ = false;        // The API request was not repeated yet.
  bool shows_response_ = false;    // What the exchange received is the API's answer.
  bool store_failed_ = false;
};

}  // namespace connect_auth
