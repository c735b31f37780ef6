// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <array>

#include "agent/oauth/token_request.h"
#include "agent/session/lifetime.h"
#include "mbedtls/sha256.h"
#include "port/log.h"

namespace connect_auth {
namespace {

/// A code is remembered by its digest: what lies in storage must not be worth stealing.
CodeDigest DigestOf(SecretView code) {
  const ConstBytes octets = AsBytes(code.Reveal());
  CodeDigest digest{};
  static_cast<void>(mbedtls_sha256(octets.data(), octets.size(), digest.data(), 0));
  return digest;
}

}  // namespace

Agent::Agent(const Ports& ports, const Memory& memory)
    : ports_(ports),
      memory_(memory),
      tls_(ports.connection, engine_, TlsSessionRecord::PayloadOf(memory.tls_session)),
      tls_session_(memory.tls_session, ports.storage, engine_, tls_.sessions()),
      exchange_(tls_, ports.clock, memory.io),
      store_(ports.storage, engine_),
      state_(memory.token, memory.refresh_token) {}

Status Agent::Start(const Settings& settings) {
  if (phase_ != Phase::kStopped) {
    return Status::kFailedPrecondition;
  }
  failure_ = Failure();
  const Reason wrong = CheckSettings(settings);
  if (wrong != Reason::kNone) {
    return FailNow(Status::kInvalidArgument, wrong);
  }
  const Status engine = engine_.Start(memory_.tls_arena, ports_.clock, ports_.entropy);
  if (engine != Status::kOk) {
    return FailNow(engine,
                   engine == Status::kUnavailable ? Reason::kNoEntropy : Reason::kArenaExhausted);
  }
  settings_ = settings;
  static_cast<void>(ParseOrigin(settings_.url, origin_));  // CheckSettings has seen it succeed.
  tls_.SetTrust(settings_.trust);
  const Fingerprint fingerprint = FingerprintOf(settings_);
  tls_session_.Start(settings_.record_key, fingerprint);
  store_failed_ = false;
  store_.Begin(settings_.record_key, fingerprint);
  store_.Load(state_, memory_.io);
  stored_until_ = EndOfToken();
  phase_ = Phase::kIdle;
  return Status::kOk;
}

void Agent::Stop() {
  if (phase_ == Phase::kStopped) {
    return;
  }
  exchange_.Abort();
  tls_session_.Stop();
  engine_.Stop();
  state_.Wipe();
  settings_ = Settings();
  phase_ = Phase::kStopped;
}

Status Agent::RequestToken(Millis min_valid) {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  const Result<Millis> left = remaining_life();
  if (left.ok() && left.value() > RequiredLife(state_.token, settings_.renewal_margin, min_valid)) {
    return Status::kOk;
  }
  return RenewToken();
}

Status Agent::RenewToken() {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  failure_ = Failure();
  exchange_.Abort();
  if (settings_.grant == Grant::kAuthorizationCode && IsCodeSpent()) {
    return FailNow(Status::kNeedsCode, Reason::kCodeSpent);
  }
  ByteWriter request(memory_.io);
  WriteTokenRequest(settings_, origin_, request);
  if (request.overflowed()) {
    Wipe(memory_.io);
    return FailNow(Status::kBufferTooSmall, Reason::kRequestTooLarge);
  }
  phase_ = Phase::kRequestingToken;
  request_size_ = request.size();
  Exchange::Request exchange;
  exchange.head_size = request.size();
  return BeginExchange(exchange);
}

Status Agent::RequestApi(const ApiRequest& request) {
  if (phase_ != Phase::kIdle || state_.token.empty()) {
    return Status::kFailedPrecondition;
  }
  failure_ = Failure();
  exchange_.Abort();
  const Reason wrong = CheckApiRequest(request);
  if (wrong != Reason::kNone) {
    return FailNow(Status::kInvalidArgument, wrong);
  }
  ByteWriter head(memory_.io);
  WriteApiRequestHead(request, origin_, state_.token.text(), head);
  if (head.overflowed()) {
    Wipe(memory_.io);
    return FailNow(Status::kBufferTooSmall, Reason::kRequestTooLarge);
  }
  phase_ = Phase::kCallingApi;
  Exchange::Request exchange;
  exchange.head_size = head.size();
  exchange.body = request.body;
  exchange.response_has_body = request.method != "HEAD";
  exchange.delivery = Exchange::Delivery::kStreamed;
  exchange.head_copy = request.head_copy;
  return BeginExchange(exchange);
}

Status Agent::BeginExchange(Exchange::Request request) {
  tls_session_.LoadOnce();
  const Instant now = ports_.clock.Now();
  anchor_ = Anchor::Now(ports_.clock);
  request.host = origin_.host;
  request.port = origin_.port;
  request.connect_deadline = now + settings_.connect_timeout;
  request.deadline = now + settings_.timeout;
  return exchange_.Start(request);
}

Status Agent::Poll() {
  if (phase_ == Phase::kStopped) {
    return Status::kFailedPrecondition;
  }
  if (phase_ == Phase::kIdle) {
    return Status::kOk;
  }
  const bool for_token = phase_ == Phase::kRequestingToken;
  if (for_token && exchange_.about_to_send() && MarkCodeSpent() != Status::kOk) {
    exchange_.Abort();
    phase_ = Phase::kIdle;
    return failure_.status;
  }
  const Status status = exchange_.Poll();
  if (status == Status::kPending) {
    if (!exchange_.sent_anything()) {
      anchor_ = Anchor::Now(ports_.clock);  // A token's life counts from when it is asked for.
    }
    return status;
  }
  phase_ = Phase::kIdle;
  if (status != Status::kOk) {
    KeepExchangeFailure(status);
    return status;
  }
  const Status result = for_token ? FinishToken() : Status::kOk;
  tls_session_.StoreIfWorthIt(tls_.resumed());
  return result;
}

void Agent::KeepExchangeFailure(Status status) {
  failure_.status = status;
  failure_.reason = exchange_.reason();
  if (failure_.reason == Reason::kConnectionLost && tls_.reason() != Reason::kNone) {
    failure_.reason = tls_.reason();
    failure_.tls_error = tls_.error_code();
  }
  if (exchange_.response().head_complete()) {
    failure_.http_status = exchange_.response().status();
  }
}

Status Agent::FinishToken() {
  JsonObject json(exchange_.free_buffer());
  Granted granted;
  failure_ = ReadTokenResponse(exchange_.response(), exchange_.body(), settings_, json, granted);
  bool changes_more = state_.latch.is_set();
  if (failure_.status == Status::kOk && !Adopt(granted, changes_more)) {
    failure_.status = Status::kBufferTooSmall;
    failure_.reason = Reason::kTokenTooLong;
  }
  exchange_.Abort();  // Nothing of the response outlives its reader.
  if (failure_.status != Status::kOk) {
    LatchIfRefused();
    return failure_.status;
  }
  state_.latch = Latch();
  store_failed_ = (changes_more || GainsEnough()) && Save(memory_.io) != Status::kOk;
  return Status::kOk;
}

/// A server that renews a token need not send another refresh token (RFC 6749 section 6): then the
/// one it sent before is kept.
///
/// @param changes_more  Set to true if more than the token changed.
/// @return false  The token is too long.
bool Agent::Adopt(const Granted& granted, bool& changes_more) {
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

/// The latch is stored once, and not again for each refusal of the same kind.
void Agent::LatchIfRefused() {
  if (failure_.reason != Reason::kRefused) {
    return;
  }
  const Latch before = state_.latch;
  state_.latch = {failure_.http_status, failure_.oauth_error, anchor_};
  if ((before.http_status != state_.latch.http_status || before.error != state_.latch.error) &&
      Save(memory_.io) != Status::kOk) {
    CONNECT_AUTH_LOG(kWarning, "store: the refusal is not stored, HTTP status",
                     failure_.http_status);
  }
}

/// On the monotonic clock; 0: there is no token, or its age is not known.
Instant Agent::EndOfToken() const {
  const Result<Millis> left = remaining_life();
  return left.ok() ? ports_.clock.Now() + left.value() : Instant{0};
}

/// Whether the token lives so much longer than the stored one that it is worth a write.
bool Agent::GainsEnough() const {
  return stored_until_ <= ports_.clock.Now() ||
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
  if (settings_.grant != Grant::kAuthorizationCode || !store_.keeps() || IsCodeSpent()) {
    return Status::kOk;
  }
  const CodeDigest before = state_.spent_code;
  state_.spent_code = DigestOf(settings_.code);
  if (Save(memory_.io.subspan(request_size_)) == Status::kOk) {
    return Status::kOk;
  }
  state_.spent_code = before;
  return FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

bool Agent::IsCodeSpent() const {
  return store_.keeps() && state_.spent_code == DigestOf(settings_.code);
}

Status Agent::Idle() {
  return phase_ == Phase::kIdle ? ports_.storage.Idle() : Status::kFailedPrecondition;
}

Wants Agent::wants() const {
  if (phase_ != Phase::kRequestingToken && phase_ != Phase::kCallingApi) {
    return {};
  }
  const Interest interest = tls_.waits_for();
  return {interest, interest == Interest::kNothing ? Instant{0} : exchange_.deadline()};
}

Status Agent::Forget() {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  state_.WipeTokens();
  const Status session = tls_session_.Erase();
  const Status state = store_.Forget(state_, memory_.io);
  return state == Status::kOk && session == Status::kOk
             ? Status::kOk
             : FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

Result<Millis> Agent::remaining_life() const {
  if (state_.token.empty()) {
    return Status::kNotFound;
  }
  return RemainingLife(state_.token, ports_.clock);
}

std::uint16_t Agent::api_status() const {
  return exchange_.response().head_complete() ? exchange_.response().status() : std::uint16_t{0};
}

Status Agent::FailNow(Status status, Reason reason) {
  failure_ = Failure();
  failure_.status = status;
  failure_.reason = reason;
  return status;
}

}  // namespace connect_auth
