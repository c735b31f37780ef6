// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/world.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <ctime>

#include "agent/config.h"
#include "agent/session/renewal.h"

namespace connect_auth::simulator {
namespace {

// One agent lives at a time.
std::array<std::uint8_t, 98304> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token_room;
std::array<std::uint8_t, 128> refresh_room;
std::array<std::uint8_t, 1024> session_room;

constexpr std::int64_t kBootSpread = 300 * kSecond;
constexpr std::int64_t kPeriod = 300 * kSecond;
constexpr std::int64_t kSlowPeriod = 900 * kSecond;
/// A request that fails at its end, a quick one, and the one that succeeds, 30 s each.
constexpr std::int64_t kGrace = 100 * kSecond;
/// Dates of two responses may have been under way for 30 s, and are whole seconds.
constexpr std::int64_t kWallTolerance = 62 * kSecond;
/// Retry-After as a date counts from the Date of the response, and is in whole seconds.
constexpr std::int64_t kDateTolerance = 2 * kSecond;
/// A request to the API, for a token with a refresh token and with the credentials, and to the API
/// again: 30 s each, and as much for a port that fails.
constexpr std::int64_t kLongest = 150 * kSecond;
constexpr std::uint32_t kMostSteps = 100'000;
/// See README.md: an erase each so many changes of the flash, and a few for each interruption.
constexpr std::uint64_t kPagesAnErase = 8;

/// Valid from 2000 to 2150, whenever the test runs.
tests::PeerOptions OptionsOf(const Setup& setup) {
  constexpr std::int64_t k2000 = 946684800;
  constexpr std::int64_t k2150 = 5680281600;
  const std::int64_t now = std::time(nullptr);
  tests::PeerOptions options;
  options.certificate.not_before_s = static_cast<long>(k2000 - now);
  options.certificate.not_after_s = static_cast<long>(k2150 - now);
  options.tls_version = setup.tls_1_3 ? 13 : 12;
  return options;
}

std::string Name(std::uint32_t serial) {
  return "token " + std::to_string(serial);
}

}  // namespace

void Outcome::Add(const Outcome& other) {
  tokens += other.tokens;
  token_requests += other.token_requests;
  api_requests += other.api_requests;
  refusals += other.refusals;
  reboots += other.reboots;
  cuts += other.cuts;
  connections += other.connections;
  resumed += other.resumed;
  stores += other.stores;
  erases += other.erases;
  erases_of_worst_block = std::max(erases_of_worst_block, other.erases_of_worst_block);
  asked += other.asked;
  answered += other.answered;
  wake_ups += other.wake_ups;
  faults += other.faults;
}

World::World(const Setup& setup)
    : setup_(setup),
      judge_(moment_),
      server_(setup_, moment_, judge_),
      peer_(OptionsOf(setup), ""),
      link_(peer_, server_, moment_, judge_, setup_),
      entropy_(setup.device * 2654435761ULL + 1),
      medium_(kGeometry.size()),
      undecided_(kGeometry.size()),
      flash_(medium_, kGeometry, undecided_),
      failing_flash_(flash_) {
  peer_.SetResponder(server_);
  peer_.SetSessionLifetime(7 * 86400L);
  flash_.Blank();
  record_keys_.push_back({1});
  static_cast<void>(
      std::snprintf(device_id_.data(), device_id_.size(), "%010" PRIu32, setup.device));
  EnterSecret();
  api_request_.target = "/Connect/api/devices";
  calls_at_ = kHour / 2;
}

void World::FailCall(Port port, std::uint32_t n) {
  failed_call_ = true;
  failing_port_ = port;
  failing_call_ = n;
  link_.FailCall(port == Port::kNetwork ? n : 0);
  failing_flash_.FailCall(port == Port::kFlash ? n : 0);
  entropy_.FailCall(port == Port::kEntropy ? n : 0);
}

std::uint32_t World::calls(Port port) const {
  switch (port) {
    case Port::kNetwork:
      return link_.calls();
    case Port::kFlash:
      return failing_flash_.calls();
    case Port::kEntropy:
      break;
  }
  return entropy_.calls();
}

// Time.

Outcome World::Run(const std::vector<Event>& events, std::int64_t until) {
  Boot();
  auto next = events.begin();
  while (moment_.now < until && !judge_.is_broken()) {
    if (next != events.end() && next->at <= moment_.now) {
      Apply(*next++);
      continue;
    }
    const std::int64_t event = next == events.end() ? until : next->at;
    Step(std::min(event, until));
  }
  outcome_.broken = judge_.broken();
  outcome_.broken_at = judge_.broken_at();
  outcome_.detail = judge_.detail();
  outcome_.ends_with_token = agent_.has_value() && HasToken();
  outcome_.tokens = server_.tokens();
  outcome_.token_requests = server_.token_requests();
  outcome_.api_requests = server_.api_requests();
  outcome_.refusals = server_.refusals();
  outcome_.faults = server_.faults();
  outcome_.connections = link_.connections();
  outcome_.resumed = peer_.resumptions();
  outcome_.erases = flash_.erases();
  for (std::uint32_t block = 0; block < kGeometry.block_count; ++block) {
    outcome_.erases_of_worst_block =
        std::max<std::uint64_t>(outcome_.erases_of_worst_block, flash_.erases(block));
  }
  return outcome_;
}

void World::AdvanceTo(std::int64_t time) {
  if (time > moment_.now) {
    clock_.Advance(Millis{time - moment_.now});
    moment_.now = time;
    steps_in_a_row_ = 0;
  }
}

/// When one of the callers comes, or a span of trouble is over.
std::int64_t World::NextChange() const {
  std::int64_t next = std::min(asks_at_, calls_at_);
  for (const std::int64_t end :
       {read_only_until_, broken_flash_until_, no_entropy_until_, server_.trouble_until(),
        server_.fault_until(), server_said_until_}) {
    next = end > moment_.now ? std::min(next, end) : next;
  }
  return next;
}

void World::ApplyFaults() {
  flash_.SetReadOnly(IsOn(read_only_until_));
  flash_.SetBroken(IsOn(broken_flash_until_) || !link_.is_powered());
  entropy_.SetFailing(IsOn(no_entropy_until_));
}

/// Lets the agent go on by one step, and then time pass until there is something to do again.
void World::Step(std::int64_t limit) {
  ApplyFaults();
  if (!agent_.has_value()) {
    AdvanceTo(std::min(limit, moment_.now + 10 * kSecond));
    return Boot();
  }
  if (moment_.now < suspended_until_) {
    return AdvanceTo(std::min(limit, suspended_until_));
  }
  judge_.SetBlind(boots_blind_ && IsOn(broken_flash_until_));
  if (moment_.now >= asks_at_) {
    asks_at_ = moment_.now + setup_.asks_every;
    Ask(Millis{0});
  }
  if (moment_.now >= calls_at_) {
    calls_at_ = moment_.now + setup_.calls_every;
    CallApi();
  }
  ++outcome_.wake_ups;
  const Status polled = agent_->Poll();
  static_cast<void>(agent_->TakeBody());
  Trace(polled);
  if (!link_.is_powered() || !flash_.is_powered()) {
    return LosePower();
  }
  LookAt(polled);
  if (!agent_.has_value()) {
    return;  // It lost its power, and does not start.
  }
  if (++steps_in_a_row_ > kMostSteps) {
    judge_.Break(Rule::kSleeps, "the agent is polled again and again, and time does not pass");
  }
  const Wants wants = agent_->wants();
  std::int64_t wake = limit;
  if (wants.until != Instant::Never()) {
    wake = std::min(wake, moment_.now + (wants.until - clock_.Now()).count);
  }
  if (polled == Status::kPending && wants.interest != Interest::kNothing) {
    wake = std::min(wake, link_.ReadyAt(wants.interest));
  }
  AdvanceTo(std::min(wake, NextChange()));
}

/// Tells a person how an operation ended, and what is planned.
void World::Trace(Status polled) const {
  if (!traces_ || polled == Status::kPending) {
    return;
  }
  const Instant next = agent_->next_attempt();
  const std::int64_t wait = next == Instant::Never() ? -1 : (next - clock_.Now()).count / kSecond;
  std::printf("%" PRId64 " s: status %d, %s, reason %d, %u failures%s, next attempt in %" PRId64
              " s; the server saw %" PRIu32 " token requests\n",
              moment_.now / kSecond, static_cast<int>(polled), Name(serial()).c_str(),
              static_cast<int>(agent_->last_token_failure().reason), agent_->failures(),
              agent_->latch().is_set() ? ", latched" : "", wait, server_.token_requests());
}

// The device.

Settings World::MakeSettings() const {
  Settings settings;
  settings.url = "https://server.domain.tld";
  settings.trust.authorities = peer_.ca_pem();
  settings.client_id = "Application1";
  settings.client_secret = SecretView("Application1Password");
  settings.grant =
      setup_.uses_code ? connect_auth::Grant::kAuthorizationCode : connect_auth::Grant::kPassword;
  if (setup_.uses_code) {
    settings.code = SecretView(codes_.back());
  } else {
    settings.username = "Administrator";
    settings.password = SecretView(passwords_.back());
  }
  settings.record_key = record_keys_.back();
  settings.store_gain = Millis{setup_.store_gain};
  settings.renews_ahead = setup_.renews_ahead;
  settings.device_id = AsBytes(std::string_view(device_id_.data()));
  settings.backoff.boot_spread = Millis{setup_.renews_ahead ? kBootSpread : 0};
  settings.least_time = UnixSeconds{Moment::kBeginS};
  settings.trust.least_time = settings.least_time;
  return settings;
}

void World::Boot() {
  ++moment_.boot;
  boot_at_ = moment_.now;
  clock_.Reboot(setup_.knows_boots ? moment_.boot : 0);
  moment_.wall_error = 0;
  if (setup_.has_rtc) {
    SetWall(0);
  }
  link_.PowerOn();
  flash_.PowerOn();
  ApplyFaults();
  ring_.emplace(failing_flash_);
  Agent::Memory memory{arena, io, token_room, refresh_room, session_room};
  agent_.emplace(Agent::Ports{clock_, link_, *ring_, entropy_}, memory);
  const Status started = agent_->Start(MakeSettings());
  if (started != Status::kOk) {
    if (started != Status::kUnavailable) {
      judge_.Break(Rule::kStatus, "Start() said " + std::to_string(static_cast<int>(started)));
    }
    agent_.reset();
    return;
  }
  suspended_until_ = 0;
  forgotten_ = false;
  judge_.Allow(1);
  judge_.Told(0);
  boots_blind_ = IsOn(broken_flash_until_);
  if (!latch_is_durable_) {
    judge_.Released();
  }
  LookAtWhatWasKept();
}

/// Nothing that the agent does once the power is gone reaches anybody.
void World::LosePower() {
  ++outcome_.reboots;
  outcome_.cuts += flash_.is_powered() ? 0U : 1U;
  link_.SetPower(false);
  link_.Excuse();
  flash_.SetBroken(true);
  agent_.reset();
  ring_.reset();
  calls_api_ = false;
  was_pending_ = false;
  Boot();
}

void World::SetWall(std::int64_t error_ms) {
  const std::int64_t true_s = Moment::kBeginS + moment_.now / kSecond;
  const std::int64_t wall_s = std::max<std::int64_t>(true_s + error_ms / kSecond, 0);
  clock_.SetWallTime(UnixSeconds{wall_s});
  const bool counts = wall_s >= Moment::kBeginS;  // Settings::least_time
  moment_.wall_error = counts ? (wall_s - true_s) * kSecond : 0;
  judge_.WallMoved();
}

void World::LoseWall() {
  clock_.ForgetWallTime();
  moment_.wall_error = 0;
  judge_.WallMoved();
}

void World::ChangeSettings() {
  link_.Excuse();
  judge_.Allow(1);
  judge_.Told(0);
  const Status status = agent_->ChangeSettings(MakeSettings());
  if (status != Status::kOk) {
    judge_.Break(Rule::kStatus,
                 "ChangeSettings() said " + std::to_string(static_cast<int>(status)));
  }
  calls_api_ = false;
  was_pending_ = false;  // What was under way is given up, and has no end to look at.
  well_since_ = moment_.now;
}

/// Somebody looks up the password, or logs in and brings a code.
void World::EnterSecret() {
  if (setup_.uses_code) {
    codes_.push_back(server_.NewCode());
  } else {
    passwords_.push_back(server_.password());
  }
}

/// What is stored does not open any more. Which code was spent is not known then, so that a new one
/// is entered.
void World::ChangeRecordKey() {
  const auto next = static_cast<std::uint8_t>(record_keys_.back()[0] + 1);
  record_keys_.push_back({next});
  EnterSecret();
  held_ = 0;
  durable_ = 0;
  durable_refresh_ = false;
  had_refresh_ = false;
  judge_.Released();
  ChangeSettings();
}

void World::KeepHouse() {
  constexpr int kMostPieces = 100;
  Status status = Status::kPending;
  for (int piece = 0; piece < kMostPieces && status == Status::kPending; ++piece) {
    status = agent_->Idle();
  }
  if (status == Status::kPending) {
    judge_.Break(Rule::kSleeps, "house-keeping does not end");
  }
}

// What callers do.

void World::Ask(Millis min_valid) {
  const Status status = agent_->RequestToken(min_valid);
  ++outcome_.asked;
  outcome_.answered += status == Status::kOk ? 1U : 0U;
  if (min_valid.count * 2 > server_.lifetime_s() * kSecond) {
    judge_.Allow(1);
  }
  well_since_ = forgotten_ ? moment_.now : well_since_;
  forgotten_ = false;
  if (status == Status::kOk) {
    LookAtToken(min_valid);
    return server_.refuses_api() ? Reject(0) : void();
  }
  if (status != Status::kPending && agent_->last_token_failure().reason == Reason::kNone) {
    judge_.Break(Rule::kExplains, "RequestToken() fails and there is no reason");
  }
}

void World::Renew() {
  judge_.Allow(1);
  static_cast<void>(agent_->RequestRenewal());
}

void World::CallApi() {
  const std::uint32_t before = server_.api_requests();
  if (agent_->RequestApi(api_request_) == Status::kPending) {
    calls_api_ = true;
    api_before_ = before;
    judge_.Allow(3);
  }
}

void World::Reject(std::uint32_t generations_ago) {
  const std::uint32_t serial = this->serial();
  const Result<Millis> left = agent_->remaining_life();
  const std::uint32_t before = agent_->counters().rejections;
  agent_->RejectToken(agent_->token_generation() - generations_ago);
  if (generations_ago != 0 || serial == 0) {
    if (agent_->counters().rejections != before) {
      judge_.Break(Rule::kRejectedIsGone,
                   "the end of an older token is the end of the present one");
    }
    return;
  }
  const bool grown_up = left.ok() && moment_.now - server_.grant(serial).asked > kLeastPause.count;
  const bool is_first = rejections_ == 0 || moment_.now - rejected_at_ > 12 * kHour;
  ++rejections_;
  rejected_at_ = moment_.now;
  rejected_ = grown_up && is_first ? serial : rejected_;
}

void World::ForgetRefusal() {
  judge_.Allow(1);
  const Status status = agent_->ForgetRefusal();
  if (status != Status::kFailedPrecondition) {
    judge_.Released();
    judge_.Told(0);
    well_since_ = moment_.now;
    forgiven_ = agent_->failures();
  }
}

void World::Forget() {
  if (agent_->Forget() != Status::kFailedPrecondition) {
    held_ = 0;
    durable_ = 0;
    durable_refresh_ = false;
    had_refresh_ = false;
    forgotten_ = true;
    well_since_ = moment_.now;
  }
}

void World::Apply(const Event& event) {
  if (HappensOutside(event) || HappensToDevice(event)) {
    return;
  }
  if (agent_.has_value() && moment_.now >= suspended_until_) {
    SomebodyActs(event);
  }
}

/// @return  Whether it is an event of the server.
bool World::HappensOutside(const Event& event) {
  const std::int64_t until = moment_.now + event.a;
  if (event.kind == Kind::kTrouble) {
    server_.SetTrouble(static_cast<Trouble>(event.a), moment_.now + event.b);
  } else if (event.kind == Kind::kFault) {
    server_.SetFault((*faults_)[static_cast<std::size_t>(event.a)], moment_.now + event.b);
  } else if (event.kind == Kind::kRevoke) {
    server_.RevokeAll();
  } else if (event.kind == Kind::kRejectStorm) {
    server_.RefuseApi(until);
  } else if (event.kind == Kind::kServerPassword) {
    server_.ChangePassword();
  } else if (event.kind == Kind::kLifetime) {
    server_.SetLifetime(event.a);
    well_since_ = moment_.now;
  } else if (event.kind == Kind::kLoseSessions) {
    peer_.ForgetSessions();
  } else if (event.kind == Kind::kLoseRefresh) {
    server_.ForgetRefreshTokens();
  } else if (event.kind == Kind::kNoDate) {
    server_.OmitDate(until);
  } else {
    return false;
  }
  return true;
}

/// @return  Whether it is an event of the device's hardware.
bool World::HappensToDevice(const Event& event) {
  const std::int64_t until = moment_.now + event.a;
  if (event.kind == Kind::kReboot) {
    LosePower();
  } else if (event.kind == Kind::kCrash) {
    link_.CutPowerAt(event.a);
  } else if (event.kind == Kind::kPowerCut) {
    flash_.CutAt(flash_.changes() + static_cast<std::uint32_t>(event.a),
                 fake::kTears[static_cast<std::size_t>(event.b)]);
  } else if (event.kind == Kind::kSetWall) {
    SetWall(event.a * kSecond);
  } else if (event.kind == Kind::kLoseWall) {
    LoseWall();
  } else if (event.kind == Kind::kFlashReadOnly) {
    read_only_until_ = until;
  } else if (event.kind == Kind::kFlashBroken) {
    broken_flash_until_ = until;
  } else if (event.kind == Kind::kNoEntropy) {
    no_entropy_until_ = until;
  } else if (event.kind == Kind::kSuspend) {
    suspended_until_ = until;
    link_.Break();
  } else {
    return false;
  }
  return true;
}

void World::SomebodyActs(const Event& event) {
  if (event.kind == Kind::kAsk) {
    Ask(Millis{event.a});
  } else if (event.kind == Kind::kRenew) {
    Renew();
  } else if (event.kind == Kind::kCallApi) {
    CallApi();
  } else if (event.kind == Kind::kReject) {
    Reject(static_cast<std::uint32_t>(event.a));
  } else if (event.kind == Kind::kRecordKey) {
    ChangeRecordKey();
  } else if (event.kind == Kind::kDevicePassword) {
    EnterSecret();
    ChangeSettings();
  } else if (event.kind == Kind::kSameSettings) {
    ChangeSettings();
  } else if (event.kind == Kind::kForgetRefusal) {
    ForgetRefusal();
  } else if (event.kind == Kind::kForget) {
    Forget();
  }
}

// What must hold.

void World::LookAt(Status polled) {
  if (polled != Status::kPending && was_pending_) {
    LookAtEnd(polled);
  }
  if (polled != Status::kPending || !was_pending_) {
    begun_at_ = moment_.now;
  }
  if (moment_.now - std::max(begun_at_, suspended_until_) > kLongest) {
    judge_.Break(Rule::kEnds,
                 "an operation is not over after " + std::to_string(kLongest / kSecond) + " s");
  }
  was_pending_ = polled == Status::kPending;
  if (!was_pending_) {
    KeepHouse();
  }
  if (!flash_.is_powered()) {
    return LosePower();
  }
  LookAtWhatIsKept();
  LookAtLife();
  LookAtRecovery();
  LookAtExplanation();
  LookAtFlash();
}

/// An operation ended.
void World::LookAtEnd(Status status) {
  const Server::Exchange& exchange = server_.present();
  link_.Excuse();
  if (exchange.refused && !setup_.uses_code && status == Status::kRejected) {
    judge_.Refused(exchange.credentials);
    boots_blind_ = false;
    latch_is_durable_ = FlashWorks();
  }
  if (exchange.fault != nullptr && exchange.refused && status != Status::kRejected &&
      status != Status::kNeedsCode && status != Status::kTimeout) {
    judge_.Break(Rule::kLatch, "a refusal counts as something else: " + exchange.fault->name);
  }
  if (exchange.asked_for_token && exchange.retry_after > 0) {
    server_said_until_ = std::max(server_said_until_, moment_.now + exchange.retry_after);
    judge_.Told(moment_.now + exchange.retry_after - kDateTolerance);
  }
  if (calls_api_ && server_.api_requests() - api_before_ > 2) {
    judge_.Break(Rule::kReplaysOnce, "the API request was made a third time");
  }
  calls_api_ = false;
}

/// The token was given out for `min_valid`.
void World::LookAtToken(Millis min_valid) {
  const std::uint32_t serial = this->serial();
  if (serial == 0 || serial > server_.tokens()) {
    return judge_.Break(Rule::kNoDeadToken, "a token is given out that the server never gave");
  }
  if (serial == rejected_) {
    return judge_.Break(Rule::kRejectedIsGone, Name(serial) + " is given out again");
  }
  const Grant& grant = server_.grant(serial);
  const bool just_came = moment_.now - grant.asked < kLeastPause.count + kSecond;
  const bool age_unknown = !agent_->remaining_life().ok() && min_valid <= Millis{0};
  const std::int64_t left = grant.ends - moment_.now;
  const bool other_boot = grant.boot != moment_.boot;
  const std::int64_t misled =
      other_boot ? std::max<std::int64_t>(grant.wall_error - moment_.wall_error, 0) + kWallTolerance
                 : 0;
  if (left + misled < min_valid.count && !just_came && !age_unknown) {
    judge_.Break(Rule::kNoDeadToken,
                 Name(serial) + " is given out with " + std::to_string(left / kSecond) + " s left");
  }
}

/// Life counts from when the request was sent, which is not long before it came.
void World::LookAtLife() {
  constexpr std::int64_t kRequestTimeout = 30 * kSecond;
  const std::uint32_t serial = this->serial();
  const Result<Millis> left = agent_->remaining_life();
  if (serial == 0 || !left.ok() || server_.grant(serial).boot != moment_.boot) {
    return;
  }
  const Grant& grant = server_.grant(serial);
  const std::int64_t ends =
      std::min(grant.ends, grant.asked + config::kMaxLifetimeSeconds * kSecond);
  const std::int64_t too_long = left.value().count - (ends - moment_.now);
  if (too_long > 0 || too_long < -kRequestTimeout) {
    judge_.Break(Rule::kNoDeadToken, Name(serial) + " is believed to live " +
                                         std::to_string(too_long) + " ms too long");
  }
}

/// Within a boot.
void World::LookAtWhatIsKept() {
  const std::uint32_t serial = this->serial();
  if (serial < held_) {
    judge_.Break(Rule::kKeepsToken, Name(held_) + " gave way to " + Name(serial));
  }
  const bool is_new = serial > held_;
  held_ = serial;
  if (is_new) {
    judge_.Released();
    judge_.Told(0);
    outcome_.stores = agent_->writes();
    if (!agent_->store_failed() && setup_.store_gain == 0) {
      durable_ = serial;
    } else if (agent_->store_failed() && FlashWorks() && !failed_call_) {
      judge_.Break(Rule::kFlash, "a token was not stored, and nothing was wrong with the flash");
    }
  }
  const bool has = agent_->has_refresh_token();
  const bool is_refused = refused_refresh_ != server_.refused_refresh();
  if (had_refresh_ && !has && !is_refused) {
    judge_.Break(Rule::kKeepsRefresh, "the refresh token vanished");
  }
  had_refresh_ = has;
  if (is_new) {
    refused_refresh_ = server_.refused_refresh();
    durable_refresh_ = has && !agent_->store_failed();
  } else if (is_refused) {
    durable_refresh_ = false;
  }
}

/// After a boot: what was stored is there.
void World::LookAtWhatWasKept() {
  const bool flash_fails = failed_call_ || IsOn(broken_flash_until_);
  held_ = this->serial();
  had_refresh_ = agent_->has_refresh_token();
  rejected_ = 0;
  if (flash_fails) {
    return;
  }
  if (held_ < durable_) {
    judge_.Break(Rule::kKeepsToken,
                 Name(durable_) + " was stored, and " + Name(held_) + " is found after a reboot");
  }
  durable_refresh_ = durable_refresh_ && refused_refresh_ == server_.refused_refresh();
  if (durable_refresh_ && !agent_->has_refresh_token()) {
    judge_.Break(Rule::kKeepsRefresh,
                 "a refresh token was stored, and none is found after a reboot");
  }
}

/// Whether a record can be stored.
bool World::FlashWorks() const {
  return !IsOn(broken_flash_until_) && !IsOn(read_only_until_) && !IsOn(no_entropy_until_);
}

/// Whether nothing keeps the device from getting a token.
bool World::IsAllWell() const {
  const bool right = setup_.uses_code
                         ? agent_->has_refresh_token() || server_.IsGoodCode(codes_.back())
                         : passwords_.back() == server_.password();
  return server_.trouble() == Trouble::kNone && server_.fault() == nullptr && right &&
         !agent_->latch().is_set() && !IsOn(broken_flash_until_) && !IsOn(read_only_until_) &&
         !IsOn(no_entropy_until_) && moment_.now >= server_said_until_;
}

bool World::HasToken() const {
  const std::uint32_t serial = this->serial();
  return serial != 0 && moment_.now < server_.grant(serial).ends;
}

/// Whether a clock that is wrong makes a token of an earlier boot look alive.
bool World::IsMisled() const {
  const std::uint32_t serial = this->serial();
  const Result<Millis> left = agent_->remaining_life();
  return serial != 0 && server_.grant(serial).boot != moment_.boot && left.ok() &&
         left.value() > Millis{0} &&
         server_.grant(serial).wall_error - moment_.wall_error > kWallTolerance;
}

void World::LookAtRecovery() {
  const bool fails_now = failing_call_ != 0 && calls(failing_port_) >= failing_call_;
  if (!IsAllWell() || IsMisled() || fails_now) {
    well_since_ = moment_.now;
    failing_call_ = fails_now ? 0 : failing_call_;
  }
  if (server_.trouble() >= Trouble::kEmptyAnswer) {
    slow_until_ = server_.trouble_until() + kSlowPeriod + kGrace;
  }
  if (server_.fault() != nullptr) {
    slow_until_ = server_.fault_until() + kSlowPeriod + kGrace;
  }
  if (HasToken() || !setup_.renews_ahead || server_.lifetime_s() < 300) {
    return;
  }
  // That a code was to be sent may be stored although it was not.
  const bool needs_code = setup_.uses_code && agent_->next_attempt() == Instant::Never();
  const std::int64_t since =
      std::max({well_since_, boot_at_, suspended_until_, server_said_until_});
  if (moment_.now > std::max(since + kPeriod + kGrace, slow_until_) && !forgotten_ && !needs_code) {
    judge_.Break(Rule::kRecovers, "all has been well for " +
                                      std::to_string((moment_.now - since) / kSecond) +
                                      " s, and there is no token");
  }
}

void World::LookAtExplanation() {
  forgiven_ = std::min(forgiven_, agent_->failures());
  if (agent_->failures() > forgiven_ && agent_->last_token_failure().reason == Reason::kNone) {
    judge_.Break(Rule::kExplains, "an attempt failed, and there is no reason");
  }
}

void World::LookAtFlash() {
  if (flash_.violations() != 0) {
    judge_.Break(Rule::kFlash, "a unit was programmed against the rules");
  }
  const std::uint64_t most = flash_.pages() / kPagesAnErase + 4 * (outcome_.reboots + 1);
  if (flash_.erases() > most && !failed_call_) {
    judge_.Break(Rule::kWear, std::to_string(flash_.erases()) + " erases for " +
                                  std::to_string(flash_.pages()) + " pages");
  }
}

Outcome Run(const Script& script, bool traces) {
  World world(script.setup);
  world.SetTrace(traces);
  if (script.faults != nullptr) {
    world.SetFaults(*script.faults);
  }
  return world.Run(script.events, script.length);
}

}  // namespace connect_auth::simulator
