// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <algorithm>
#include <array>

#include "agent/encoding/byte_order.h"
#include "agent/session/latch_timer.h"
#include "agent/session/lifetime.h"
#include "agent/session/remedy.h"
#include "agent/tls/digest.h"
#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::uint16_t kUnauthorized = 401;

void Set(Failure& failure, Status status = Status::kOk, Reason reason = Reason::kNone) {
  failure = Failure();
  failure.status = status;
  failure.reason = reason;
}

/// A code is remembered by its digest: what lies in storage must not be worth stealing.
CodeDigest DigestOfCode(SecretView code) {
  const std::string_view fields[] = {code.Reveal()};
  return DigestOf(fields);
}

}  // namespace

Agent::Agent(const Ports& ports, const Memory& memory)
    : ports_(ports),
      memory_(memory),
      clock_(ports.clock),
      tls_(ports.connection, engine_, TlsSessionRecord::PayloadOf(memory.tls_session)),
      tls_session_(memory.tls_session, ports.storage, engine_, tls_.sessions()),
      exchange_(tls_, clock_, memory.io),
      store_(ports.storage, engine_),
      state_(memory.token, memory.refresh_token) {}

// Settings.

Status Agent::Start(const Settings& settings) {
  if (IsStarted()) {
    return Status::kFailedPrecondition;
  }
  Set(failure_);
  const Reason wrong = CheckSettings(settings);
  if (wrong != Reason::kNone) {
    return FailNow(Status::kInvalidArgument, wrong);
  }
  clock_.SetLeast(settings.least_time);
  const Status engine = engine_.Start(memory_.tls_arena, clock_, ports_.entropy);
  if (engine != Status::kOk) {
    return FailNow(engine,
                   engine == Status::kUnavailable ? Reason::kNoEntropy : Reason::kArenaExhausted);
  }
  counters_ = Counters();
  last_attempt_ = Instant{0} + (Millis{0} - kLeastPause);
  const Status random = DrawStandIn();
  if (random != Status::kOk) {
    engine_.Stop();
    return FailNow(random, Reason::kNoEntropy);
  }
  Adopt(settings, Changed::kAll);
  phase_ = Phase::kIdle;
  return Status::kOk;
}

/// For a boot and a device that have no id. The age of a token that comes from now on is known
/// then, also where the platform knows neither its boots apart nor the time: else each would be
/// taken for an old one, and be replaced at once.
///
/// @return kOk, kUnavailable (no random octets)
Status Agent::DrawStandIn() {
  const Status status = engine_.Random(stand_in_);
  clock_.SetStandIn(GetBigEndian(stand_in_));
  return status;
}

Status Agent::ChangeSettings(const Settings& settings) {
  if (!IsStarted()) {
    return Status::kFailedPrecondition;
  }
  const Reason wrong = CheckSettings(settings);
  if (wrong != Reason::kNone) {
    return FailNow(Status::kInvalidArgument, wrong);
  }
  exchange_.Abort();
  phase_ = Phase::kIdle;
  clock_.SetLeast(settings.least_time);
  const bool same_token = store_.IsFor(settings.record_key, FingerprintOf(settings));
  Adopt(settings, same_token ? Changed::kTerms : Changed::kAll);
  return Status::kOk;
}

void Agent::Adopt(const Settings& settings, Changed changed) {
  settings_ = settings;
  static_cast<void>(ParseOrigin(settings_.url, origin_));  // CheckSettings has seen it succeed.
  tls_.SetTrust(settings_.trust);
#if CONNECT_AUTH_CLIENT_CERTIFICATE
  tls_.SetIdentity(settings_.identity);
#endif
  if (changed == Changed::kAll) {
    PickUp();
  }
  DropLatchOfOthers();
  Schedule(settings_.device_id.empty() ? ConstBytes(stand_in_) : settings_.device_id);
}

/// Begins with what is stored.
void Agent::PickUp() {
  const Fingerprint fingerprint = FingerprintOf(settings_);
  tls_session_.Start(settings_.record_key, fingerprint);
  state_.Wipe();
  store_.Begin(settings_.record_key, fingerprint);
  ReadStored();
  store_failed_ = false;
  rejected_ = false;
  came_since_start_ = false;
  reject_pause_ = kLeastPause;
}

void Agent::ReadStored() {
  store_.Load(state_, memory_.io);
  stored_until_ = EndOfToken();
  latch_found_ = clock_.Now();
}

/// Other credentials than those that were refused are worth a try.
void Agent::DropLatchOfOthers() {
  if (state_.latch.is_set() && state_.latch.credentials != MarkOfCredentials()) {
    state_.latch = Latch();
  }
}

void Agent::Schedule(ConstBytes device_id) {
  const Instant now = clock_.Now();
  renewal_slot_ = Slot(device_id, Slot::Purpose::kRenewal);
  latch_slot_ = Slot(device_id, Slot::Purpose::kLatch);
  backoff_ = Backoff(settings_.backoff, Slot(device_id, Slot::Purpose::kRetry), now);
  earliest_ = settings_.renews_ahead ? backoff_.First() : now;
  Set(token_failure_);
  wanted_ = false;
  replays_ = false;
  shows_response_ = false;
  ScheduleRenewal(Herd::kInStep);
}

void Agent::Stop() {
  if (!IsStarted()) {
    return;
  }
  exchange_.Abort();
  tls_session_.Stop();
  engine_.Stop();
  state_.Wipe();
  settings_ = Settings();
  phase_ = Phase::kStopped;
}

CredentialsMark Agent::MarkOfCredentials() const {
  const auto encoding = static_cast<std::uint8_t>(settings_.auth_encoding);
  const std::string_view fields[] = {
    AsText({&encoding, 1}),
    settings_.client_secret.Reveal(),
    settings_.password.Reveal(),
    settings_.code.Reveal(),
#if CONNECT_AUTH_CLIENT_CERTIFICATE
    AsText(settings_.identity.certificates),
#endif
  };
  const Digest digest = DigestOf(fields);
  CredentialsMark mark{};
  CopyBytes(ConstBytes(digest).first(mark.size()), mark);
  return mark;
}

// What a token is worth.

Result<Millis> Agent::remaining_life() const {
  return state_.token.empty() ? Result<Millis>(Status::kNotFound)
                              : RemainingLife(state_.token, clock_);
}

bool Agent::JustCame() const {
  const Result<Millis> age = AgeOf(state_.token.anchor(), clock_);
  return !state_.token.empty() && !rejected_ && age.ok() && age.value() >= Millis{0} &&
         age.value() < kLeastPause;
}

/// Whether nobody need ask for another token.
bool Agent::IsGood(Millis min_valid) const {
  if (state_.token.empty() || rejected_) {
    return false;
  }
  const Result<Millis> left = remaining_life();
  if (!left.ok()) {
    return settings_.renews_ahead && min_valid <= Millis{0};
  }
  return left.value() > RequiredLife(state_.token, settings_.renewal_margin, min_valid) ||
         JustCame();
}

/// Whether the token will do although it is to be replaced.
bool Agent::StillServes(Millis min_valid) const {
  if (state_.token.empty() || rejected_) {
    return false;
  }
  const Result<Millis> left = remaining_life();
  return left.ok() ? left.value() > std::max(min_valid, Millis{0}) : min_valid <= Millis{0};
}

/// On the monotonic clock; 0: there is no token, or its age is not known.
Instant Agent::EndOfToken() const {
  const Result<Millis> left = remaining_life();
  return left.ok() ? clock_.Now() + left.value() : Instant{0};
}

void Agent::ScheduleRenewal(Herd herd) {
  renewal_at_ =
      state_.token.empty() ? earliest_ : RenewalAt(state_.token, clock_, renewal_slot_, herd);
}

// Asking for a token.

Status Agent::RequestToken(Millis min_valid) {
  if (!IsStarted()) {
    return Status::kFailedPrecondition;
  }
  if (IsGood(min_valid)) {
    return Status::kOk;
  }
  const Status status = Want(earliest_);
  const bool will_do = status != Status::kPending || settings_.renews_ahead;
  return will_do && StillServes(min_valid) ? Status::kOk : status;
}

Status Agent::AwaitToken(Millis min_valid, Instant until) {
  const Status status = RequestToken(min_valid);
  const bool is_shut =
      status != Status::kPending && (next_attempt() == Instant::Never() || IsLatched());
  if (status == Status::kOk || is_shut) {
    return status;
  }
  if (clock_.Now() >= until) {
    return Status::kTimeout;
  }
  wanted_ = true;
  return Status::kPending;
}

Status Agent::RequestRenewal() {
  if (!IsStarted()) {
    return Status::kFailedPrecondition;
  }
  if (came_since_start_ && JustCame()) {
    return Status::kOk;
  }
  const bool was_told_when = token_failure_.retry_after_s != 0;
  return Want(was_told_when ? earliest_ : std::min(earliest_, last_attempt_ + kLeastPause));
}

/// Asks for a token now, or as soon as that is possible.
///
/// @param earliest  When the server may be asked.
Status Agent::Want(Instant earliest) {
  if (phase_ == Phase::kRequestingToken) {
    return Status::kPending;
  }
  const Status status = MayAsk(earliest);
  if (status == Status::kOk && phase_ == Phase::kIdle) {
    return BeginTokenRequest();
  }
  if (status != Status::kOk && status != Status::kPending) {
    return status;
  }
  wanted_ = true;
  return Status::kPending;
}

/// Whether the server may be asked now; if not, `token_failure_` says why.
///
/// @return kOk        It may.
/// @return kPending   Not yet: devices that start together take turns.
/// @return kRejected, kNeedsCode, other  As of `RequestToken`.
Status Agent::MayAsk(Instant earliest) {
  const Instant now = clock_.Now();
  if (IsLatched()) {
    if (token_failure_.reason != Reason::kRefused && token_failure_.reason != Reason::kRedirected) {
      Set(token_failure_, Status::kRejected, Reason::kLatched);
    }
    token_failure_.status = Status::kRejected;
    token_failure_.oauth_error = state_.latch.error;
    token_failure_.http_status = state_.latch.http_status;
    failure_ = token_failure_;
    return Status::kRejected;
  }
  if (NextGrant().works_once && needs_code()) {
    if (token_failure_.status != Status::kNeedsCode) {
      Set(token_failure_, Status::kNeedsCode,
          settings_.code.empty() ? Reason::kCodeEmpty : Reason::kCodeSpent);
    }
    failure_ = token_failure_;
    return Status::kNeedsCode;
  }
  if (now >= earliest) {
    return Status::kOk;
  }
  return token_failure_.status == Status::kOk ? Status::kPending : token_failure_.status;
}

bool Agent::IsLatched() const {
  if (!state_.latch.is_set()) {
    return false;
  }
  const Instant opens = LatchOpens();  // Before the clock is read: no sooner than that moment.
  return clock_.Now() < opens;
}

Instant Agent::LatchOpens() const {
  return LatchOpensAt(state_.latch, clock_, latch_slot_, settings_.latch_wait, latch_found_);
}

Instant Agent::next_attempt() const {
  if (!IsStarted() || (NextGrant().works_once && needs_code())) {
    return Instant::Never();
  }
  const bool waits_for_nobody = settings_.renews_ahead && !wanted_;
  const Instant due = waits_for_nobody ? std::max(renewal_at_, earliest_) : earliest_;
  return state_.latch.is_set() ? std::max(due, LatchOpens()) : due;
}

/// A refresh token spares the credentials. A code that was not sent yet is newer than it, though:
/// somebody gave it so that it is used.
const GrantStrategy& Agent::NextGrant() const {
  const GrantStrategy& configured = StrategyOf(settings_.grant);
  const bool has_new_code = configured.works_once && !needs_code();
  return has_refresh_token() && !has_new_code ? kRefreshTokenGrant : configured;
}

Status Agent::BeginTokenRequest() {
  wanted_ = false;
  shows_response_ = false;
  Set(failure_);
  last_attempt_ = clock_.Now();
  exchange_.Clear();
  const Status status = ReadAgain();
  if (status != Status::kOk) {
    return status;
  }
  grant_ = &NextGrant();
  ByteWriter request(memory_.io);
  WriteTokenRequest(*grant_, settings_, state_.refresh_token.view(), origin_, request);
  if (request.overflowed()) {
    Wipe(memory_.io);
    earliest_ = Instant::Never();
    renewal_at_ = earliest_;
    const Status too_small = FailNow(Status::kBufferTooSmall, Reason::kRequestTooLarge);
    token_failure_ = failure_;
    return too_small;
  }
  phase_ = Phase::kRequestingToken;
  request_size_ = request.size();
  Exchange::Request exchange;
  exchange.head_size = request.size();
  const Instant deadline = last_attempt_ + settings_.timeout;
  exchange.deadline = replays_ ? std::min(deadline, api_deadline_) : deadline;
  return BeginExchange(exchange);
}

bool Agent::MissesMarks() const {
  return store_.stored() == Stored::kUnreadable && !came_since_start_;
}

/// What could not be read at the start can be by now: that the server refused the credentials, that
/// the code is spent. If it still cannot, only a code has to wait for it.
///
/// @return kOk, or as of `MayAsk`
Status Agent::ReadAgain() {
  if (!MissesMarks()) {
    return Status::kOk;
  }
  ReadMarksIfMissed();
  return MayAsk(clock_.Now());
}

void Agent::ReadMarksIfMissed() {
  if (MissesMarks()) {
    ReadStored();
    DropLatchOfOthers();
  }
}

Status Agent::BeginExchange(Exchange::Request& request) {
  tls_session_.LoadOnce();
  anchor_ = Anchor::Now(clock_);
  request.host = origin_.host;
  request.port = origin_.port;
  request.keep_for = settings_.keep_alive;
  request.connect_deadline = std::min(anchor_.sent + settings_.connect_timeout, request.deadline);
  return exchange_.Start(request);
}

// What goes on.

Status Agent::Poll() {
  switch (phase_) {
    case Phase::kStopped:
      return Status::kFailedPrecondition;
    case Phase::kIdle:
      exchange_.CloseUnused();
      return IsDue() ? BeginTokenRequest() : Status::kOk;
    case Phase::kRequestingToken:
      return PollToken();
    case Phase::kCallingApi:
      break;
  }
  return PollApi();
}

bool Agent::IsDue() {
  const bool is_time = settings_.renews_ahead && clock_.Now() >= renewal_at_;
  return (wanted_ || is_time) && MayAsk(earliest_) == Status::kOk;
}

Wants Agent::wants() const {
  if (phase_ == Phase::kRequestingToken || phase_ == Phase::kCallingApi) {
    const Interest interest = exchange_.waits_for(tls_.waits_for());
    return {interest, interest == Interest::kNothing ? Instant{0} : exchange_.deadline()};
  }
  const Instant next = wanted_ || settings_.renews_ahead ? next_attempt() : Instant::Never();
  return {Interest::kNothing, std::min(next, exchange_.kept_until())};
}

Status Agent::PollToken() {
  Status status = Status::kOk;
  if (grant_->works_once && exchange_.about_to_send()) {
    status = MarkCodeSpent();
  }
  if (status == Status::kOk) {
    status = exchange_.Poll();
    if (status == Status::kPending) {
      if (!exchange_.sent_anything()) {
        anchor_ = Anchor::Now(clock_);  // A token's life counts from when it is asked for.
      }
      return status;
    }
    KeepExchangeFailure(status, token_failure_);
  }
  phase_ = Phase::kIdle;
  counters_.token_requests += exchange_.sent_anything() ? 1U : 0U;
  LearnFromResponse();
  status = status == Status::kOk ? FinishToken() : FailToken();
  return replays_ && status != Status::kPending ? EndReplay(status) : status;
}

/// @param status  What the exchange's end was.
void Agent::KeepExchangeFailure(Status status, Failure& failure) {
  Set(failure, status, exchange_.reason());
  if (status == Status::kOk) {
    return;
  }
  if (failure.reason == Reason::kConnectionLost && tls_.reason() != Reason::kNone) {
    failure.reason = tls_.reason();
    failure.tls_error = tls_.error_code();
  }
  if (exchange_.response().head_complete()) {
    failure.http_status = exchange_.response().status();
  }
}

/// The server was verified before it said anything.
void Agent::LearnFromResponse() {
  if (!exchange_.response().head_complete()) {
    return;
  }
  const bool knew_age = remaining_life().ok();
  clock_.Learn(exchange_.response().date());
  if (!knew_age && remaining_life().ok()) {
    ScheduleRenewal(Herd::kInStep);  // It was to be replaced at once.
  }
  counters_.resumed += tls_.resumed() && !exchange_.reused() ? 1U : 0U;
  if (clock_.WallTime().ok()) {
    tls_.KeepSessionNow();
  }
  tls_session_.StoreIfWorthIt(tls_.resumed());
  const Result<UnixSeconds> wall = clock_.WallTime();
  if (anchor_.wall.count == 0 && wall.ok()) {
    anchor_.wall = UnixSeconds{wall.value().count - (clock_.Now() - anchor_.sent).count / 1000};
  }
}

/// Takes what the server grants; else `token_failure_` says why there is nothing.
///
/// @param changes_more  Set to true if more than the token changes.
void Agent::ReadToken(bool& changes_more) {
  JsonObject json(exchange_.free_buffer());
  Granted granted;
  token_failure_ =
      ReadTokenResponse(exchange_.response(), exchange_.body(), settings_, json, granted);
  if (token_failure_.status == Status::kOk && !Take(granted, changes_more)) {
    token_failure_.status = Status::kBufferTooSmall;
    token_failure_.reason = Reason::kTokenTooLong;
  }
}

Status Agent::FinishToken() {
  bool changes_more = state_.latch.is_set() || rejected_ || store_failed_;
  ReadToken(changes_more);
  exchange_.Clear();  // Nothing of the response outlives its reader.
  if (token_failure_.status != Status::kOk) {
    return FailToken();
  }
  ++counters_.tokens;
  ++generation_;
  state_.latch = Latch();
  rejected_ = false;
  wanted_ = false;
  const bool in_step = backoff_.failures() != 0 || !came_since_start_;
  came_since_start_ = true;
  backoff_.Succeed();
  earliest_ = last_attempt_ + kLeastPause;
  ScheduleRenewal(in_step ? Herd::kInStep : Herd::kScattered);
  store_failed_ = (changes_more || GainsEnough()) && Save(memory_.io) != Status::kOk;
  return Status::kOk;
}

/// A server that renews a token need not send another refresh token (RFC 6749 section 6): then the
/// one it sent before is kept.
///
/// @param changes_more  Set to true if more than the token changed.
/// @return false  The token is too long.
bool Agent::Take(const Granted& granted, bool& changes_more) {
  if (state_.token.Assign(granted.access_token, granted.lifetime_s, anchor_) != Status::kOk) {
    return false;
  }
  if (!granted.refresh_token.empty()) {
    changes_more = true;
    if (!state_.refresh_token.Assign(granted.refresh_token)) {
      CONNECT_AUTH_LOG(kInfo, "store: no room for the refresh token, octets",
                       granted.refresh_token.size());
    }
  }
  return true;
}

/// What comes of a failed attempt: `token_failure_` says how it failed.
Status Agent::FailToken() {
  exchange_.Clear();
  failure_ = token_failure_;
  const Remedy remedy = RemedyOf(token_failure_.reason);
  if (grant_ == &kRefreshTokenGrant && FallBackFromRefreshToken()) {
    return MayAsk(clock_.Now()) == Status::kOk ? BeginTokenRequest() : token_failure_.status;
  }
  switch (remedy) {
    case Remedy::kLatch:
      Refuse();
      break;
    case Remedy::kNewConfiguration:
      earliest_ = Instant::Never();
      break;
    case Remedy::kNewCode:
      break;  // It is marked as spent.
    case Remedy::kNone:
    case Remedy::kRetry:
    case Remedy::kRetrySlowly:
      earliest_ =
          backoff_.AfterFailure({remedy, token_failure_.retry_after_s, EndOfToken()}, clock_.Now());
      break;
  }
  renewal_at_ = earliest_;
  return token_failure_.status;
}

/// Each refusal is stored: see `LatchOpensAt`.
void Agent::Refuse() {
  ++counters_.refusals;
  state_.latch = {token_failure_.http_status, token_failure_.oauth_error, anchor_,
                  MarkOfCredentials()};
  latch_found_ = clock_.Now();
  if (Save(memory_.io) != Status::kOk) {
    CONNECT_AUTH_LOG(kWarning, "store: the refusal is not stored, HTTP status",
                     token_failure_.http_status);
  }
}

/// A refresh token that the server does not take any more is forgotten. That the client is not who
/// it says is no fault of the refresh token. A refusal that names no error may be one of anything:
/// then the credentials are worth a try, but with a code there is nothing else, so that the token
/// stays.
///
/// @return  Whether the credentials, or a code, are worth a try.
bool Agent::FallBackFromRefreshToken() {
  const OAuthError error = token_failure_.oauth_error;
  const bool names_error = error != OAuthError::kNone && error != OAuthError::kOther;
  const bool is_refused =
      token_failure_.reason == Reason::kCodeRefused ||
      (token_failure_.reason == Reason::kRefused && error != OAuthError::kInvalidClient &&
       (names_error || !StrategyOf(settings_.grant).works_once));
  if (!is_refused) {
    return false;
  }
  CONNECT_AUTH_LOG(kInfo, "agent: the refresh token is refused, HTTP status",
                   token_failure_.http_status);
  state_.refresh_token.Wipe();
  static_cast<void>(Save(memory_.io));  // If it fails, the server refuses it once more.
  return true;
}

/// Whether the token lives so much longer than the stored one that it is worth a write.
bool Agent::GainsEnough() const {
  return settings_.store_gain == Millis{0} || stored_until_ <= clock_.Now() ||
         EndOfToken() >= stored_until_ + settings_.store_gain;
}

/// @param room  Free memory for the record on its way.
Status Agent::Save(Bytes room) {
  const Status saved = store_.Save(state_, room);
  if (saved == Status::kOk) {
    stored_until_ = EndOfToken();
  }
  return saved;
}

/// RFC 6749 section 4.1.2: a code must not be used more than once. So it is marked when the server
/// is verified and before anything leaves; if the answer is lost the mark stays.
Status Agent::MarkCodeSpent() {
  if (needs_code()) {
    return Status::kOk;
  }
  const CodeDigest before = state_.spent_code;
  state_.spent_code = DigestOfCode(settings_.code);
  if (!MissesMarks() && Save(memory_.io.subspan(request_size_)) == Status::kOk) {
    return Status::kOk;
  }
  state_.spent_code = before;
  static_cast<void>(FailNow(Status::kUnavailable, Reason::kStorageFailed));
  token_failure_ = failure_;
  return Status::kUnavailable;
}

bool Agent::needs_code() const {
  return settings_.code.empty() || state_.spent_code == DigestOfCode(settings_.code);
}

// The API.

Status Agent::TakeToken(SecretView text, std::int32_t lifetime_s) {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  if (text.empty() || !IsTokenText(text.Reveal()) || lifetime_s < 0 ||
      lifetime_s > config::kMaxLifetimeSeconds) {
    return Status::kInvalidArgument;
  }
  const Status status = state_.token.Assign(text, lifetime_s, Anchor::Now(clock_));
  if (status == Status::kOk) {
    ++generation_;
    rejected_ = false;
  }
  return status;
}

void Agent::RejectToken(std::uint32_t generation) {
  if (!IsStarted() || generation != generation_ || state_.token.empty() || rejected_) {
    return;
  }
  ++counters_.rejections;
  const Millis age = AgeOf(state_.token.anchor(), clock_).value_or(kMostRejectPause);
  if (age < reject_pause_) {
    return;
  }
  const bool was_taken_for_long = age.count / 4 > reject_pause_.count;
  reject_pause_ = was_taken_for_long ? kLeastPause
                                     : std::min(Millis{reject_pause_.count * 2}, kMostRejectPause);
  rejected_ = true;
  wanted_ = true;
}

Status Agent::RequestApi(const ApiRequest& request) {
  if (phase_ != Phase::kIdle || state_.token.empty()) {
    return Status::kFailedPrecondition;
  }
  Set(failure_);
  const Reason wrong = CheckApiRequest(request);
  if (wrong != Reason::kNone) {
    exchange_.Abort();
    return FailNow(Status::kInvalidArgument, wrong);
  }
  api_request_ = request;
  api_deadline_ = clock_.Now() + settings_.timeout;
  may_replay_ = true;
  return BeginApiExchange();
}

Status Agent::BeginApiExchange() {
  exchange_.Clear();
  ByteWriter head(memory_.io);
  WriteApiRequestHead(api_request_, origin_, state_.token.text(), settings_.keep_alive > Millis{0},
                      head);
  if (head.overflowed()) {
    Wipe(memory_.io);
    return FailNow(Status::kBufferTooSmall, Reason::kRequestTooLarge);
  }
  phase_ = Phase::kCallingApi;
  shows_response_ = true;
  Exchange::Request exchange;
  exchange.head_size = head.size();
  exchange.body = api_request_.body;
  exchange.body_source = api_request_.body_source;
  exchange.response_has_body = api_request_.method != "HEAD";
  exchange.delivery = Exchange::Delivery::kStreamed;
  exchange.head_copy = api_request_.head_copy;
  exchange.deadline = api_deadline_;
  return BeginExchange(exchange);
}

Status Agent::PollApi() {
  const Status status = exchange_.Poll();
  const bool answered = exchange_.response().head_complete();
  if (answered && may_replay_) {
    may_replay_ = false;  // It is decided once, when the answer begins.
    if (exchange_.response().status() == kUnauthorized && IsWorthReplaying()) {
      ++counters_.api_requests;
      LearnFromResponse();
      replays_ = true;
      const Status asked = BeginTokenRequest();
      return asked == Status::kPending ? asked : EndReplay(asked);
    }
  }
  if (status == Status::kPending) {
    return status;
  }
  phase_ = Phase::kIdle;
  counters_.api_requests += exchange_.sent_anything() ? 1U : 0U;
  LearnFromResponse();
  if (status == Status::kOk && exchange_.response().status() != kUnauthorized) {
    reject_pause_ = kLeastPause;
  }
  if (status != Status::kOk) {
    KeepExchangeFailure(status, failure_);
  }
  return status;
}

/// Whether the 401 that came is for want of another token, one may be asked for, and the request
/// can be made once more.
bool Agent::IsWorthReplaying() {
  RejectToken(generation_);
  return rejected_ && MayAsk(earliest_) == Status::kOk && exchange_.RewindBody();
}

/// Makes the API request once more with the new token.
///
/// @param status  How asking for it ended.
Status Agent::EndReplay(Status status) {
  replays_ = false;
  phase_ = Phase::kIdle;
  return status == Status::kOk ? BeginApiExchange() : status;
}

std::uint16_t Agent::api_status() const {
  return shows_response_ && exchange_.response().head_complete() ? exchange_.response().status()
                                                                 : std::uint16_t{0};
}

// The rest.

Status Agent::Idle() {
  return phase_ == Phase::kIdle ? ports_.storage.Idle() : Status::kFailedPrecondition;
}

Status Agent::Forget() {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  exchange_.Abort();
  ReadMarksIfMissed();
  if (MissesMarks() && StrategyOf(settings_.grant).works_once) {
    return FailNow(Status::kUnavailable, Reason::kStorageFailed);  // Which code is spent?
  }
  state_.WipeTokens();
  stored_until_ = Instant{0};
  wanted_ = false;
  renewal_at_ = Instant::Never();  // Until somebody wants a token.
  const Status session = tls_session_.Erase();
  const Status state = store_.Forget(state_, memory_.io);
  return state == Status::kOk && session == Status::kOk
             ? Status::kOk
             : FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

Status Agent::ForgetRefusal() {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  if (!state_.latch.is_set()) {
    return Status::kOk;
  }
  exchange_.Abort();
  state_.latch = Latch();
  Set(token_failure_);
  earliest_ = std::min(earliest_, clock_.Now());
  return Save(memory_.io) == Status::kOk ? Status::kOk
                                         : FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

Status Agent::FailNow(Status status, Reason reason) {
  Set(failure_, status, reason);
  return status;
}

}  // namespace connect_auth
