// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <array>

#include "agent/oauth/token_request.h"
#include "agent/oauth/token_response.h"
#include "agent/session/lifetime.h"
#include "agent/store/token_record.h"
#include "mbedtls/sha256.h"
#include "port/log.h"

namespace connect_auth {
namespace {

constexpr std::string_view kTokenRecordName = "token";
constexpr std::string_view kSpentCodeName = "spent_code";
constexpr std::size_t kDigestBytes = 32;
using CodeRecord = std::array<std::uint8_t, SealedRecord::kOverheadBytes + kDigestBytes>;
using Digest = std::array<std::uint8_t, kDigestBytes>;

/// A code is remembered by its digest: what lies in storage must not be worth stealing.
Digest DigestOf(SecretView code) {
  const ConstBytes octets = AsBytes(code.Reveal());
  Digest digest{};
  static_cast<void>(mbedtls_sha256(octets.data(), octets.size(), digest.data(), 0));
  return digest;
}

}  // namespace

Agent::Agent(const Ports& ports, const Memory& memory)
    : ports_(ports),
      memory_(memory),
      tls_(ports.connection, engine_),
      exchange_(tls_, ports.clock, memory.io),
      token_(memory.token) {}

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
  fingerprint_ = FingerprintOf(settings_);
  sequence_ = 0;
  store_failed_ = false;
  store_unreadable_ = false;
  phase_ = Phase::kIdle;
  LoadToken();
  return Status::kOk;
}

void Agent::Stop() {
  if (phase_ == Phase::kStopped) {
    return;
  }
  exchange_.Abort();
  engine_.Stop();
  token_.Wipe();
  settings_ = Settings();
  phase_ = Phase::kStopped;
}

Status Agent::RequestToken(Millis min_valid) {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  const Result<Millis> left = remaining_life();
  if (left.ok() && left.value() > RequiredLife(token_, settings_.renewal_margin, min_valid)) {
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
  Exchange::Request exchange;
  exchange.head_size = request.size();
  return BeginExchange(exchange);
}

Status Agent::RequestApi(const ApiRequest& request) {
  if (phase_ != Phase::kIdle || token_.empty()) {
    return Status::kFailedPrecondition;
  }
  failure_ = Failure();
  exchange_.Abort();
  const Reason wrong = CheckApiRequest(request);
  if (wrong != Reason::kNone) {
    return FailNow(Status::kInvalidArgument, wrong);
  }
  ByteWriter head(memory_.io);
  WriteApiRequestHead(request, origin_, token_.text(), head);
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
  if (status == Status::kOk) {
    return for_token ? FinishToken() : Status::kOk;
  }
  KeepExchangeFailure(status);
  return status;
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
  if (failure_.status == Status::kOk &&
      token_.Assign(granted.access_token, granted.lifetime_s, anchor_) != Status::kOk) {
    failure_.status = Status::kBufferTooSmall;
    failure_.reason = Reason::kTokenTooLong;
  }
  exchange_.Abort();  // Nothing of the response outlives its reader.
  if (failure_.status != Status::kOk) {
    return failure_.status;
  }
  store_failed_ = StoreToken() != Status::kOk;
  return Status::kOk;
}

Status Agent::StoreToken() {
  if (settings_.record_key.empty()) {
    return Status::kOk;
  }
  const std::size_t size = SealedRecord::kOverheadBytes + TokenRecord::Size(token_);
  if (size > memory_.io.size()) {
    return Status::kBufferTooSmall;
  }
  const Bytes record = memory_.io.first(size);
  const ScopedWipe wipe(record);
  EncodeToken(token_, record.subspan(SealedRecord::kHeaderBytes, TokenRecord::Size(token_)));
  const Status sealed = SealRecord(RecordType::kToken, ++sequence_, settings_.record_key,
                                   fingerprint_, engine_, record);
  return sealed == Status::kOk ? ports_.storage.Store(kTokenRecordName, record) : sealed;
}

/// Whatever is wrong with what is stored, the remedy is the same: a new token is asked for.
void Agent::LoadToken() {
  if (settings_.record_key.empty()) {
    return;
  }
  const IoResult loaded = ports_.storage.Load(kTokenRecordName, memory_.io);
  store_unreadable_ = loaded.status() == Status::kUnavailable;
  if (!loaded.ok()) {
    return;
  }
  const Bytes record = memory_.io.first(loaded.bytes());
  const ScopedWipe wipe(record);
  const Result<std::uint32_t> sequence =
      OpenRecord(RecordType::kToken, settings_.record_key, fingerprint_, record);
  if (!sequence.ok()) {
    CONNECT_AUTH_LOG(kWarning, "store: the stored token does not open, status", sequence.status());
    return;
  }
  sequence_ = sequence.value();
  const Bytes payload =
      record.subspan(SealedRecord::kHeaderBytes, record.size() - SealedRecord::kOverheadBytes);
  if (DecodeToken(payload, token_) != Status::kOk) {
    CONNECT_AUTH_LOG(kWarning, "store: the stored token is of no use, octets", payload.size());
  }
}

/// RFC 6749 section 4.1.2: a code must not be used more than once. So it is marked when the server
/// is verified and before anything leaves; if the answer is lost the mark stays.
Status Agent::MarkCodeSpent() {
  if (settings_.grant != Grant::kAuthorizationCode || settings_.record_key.empty()) {
    return Status::kOk;
  }
  CodeRecord record{};
  CopyBytes(DigestOf(settings_.code),
            Bytes(record).subspan(SealedRecord::kHeaderBytes, kDigestBytes));
  Status status = SealRecord(RecordType::kSpentCode, ++sequence_, settings_.record_key,
                             fingerprint_, engine_, record);
  if (status == Status::kOk) {
    status = ports_.storage.Store(kSpentCodeName, record);
  }
  return status == Status::kOk ? status : FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

bool Agent::IsCodeSpent() {
  if (settings_.record_key.empty()) {
    return false;
  }
  CodeRecord record{};
  const IoResult loaded = ports_.storage.Load(kSpentCodeName, record);
  if (!loaded.ok() || loaded.bytes() != record.size()) {
    return false;
  }
  if (!OpenRecord(RecordType::kSpentCode, settings_.record_key, fingerprint_, record).ok()) {
    return false;
  }
  const Digest digest = DigestOf(settings_.code);
  return AsText(Bytes(record).subspan(SealedRecord::kHeaderBytes, kDigestBytes)) == AsText(digest);
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
  token_.Wipe();
  const Status erased = ports_.storage.Erase(kTokenRecordName);
  return erased == Status::kOk ? erased : FailNow(Status::kUnavailable, Reason::kStorageFailed);
}

Result<Millis> Agent::remaining_life() const {
  if (token_.empty()) {
    return Status::kNotFound;
  }
  return RemainingLife(token_, ports_.clock);
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
