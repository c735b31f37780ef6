// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/session.h"

#include <algorithm>

#include "agent/session/lifetime.h"
#include "agent/store/sealed_record.h"
#include "agent/store/state_record.h"
#include "agent/store/state_store.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
#include "platform/linux/swap.h"
#include "platform/linux/text.h"
#include "platform/posix/blocking.h"

namespace connect_auth::program {
namespace {

static_assert(static_cast<std::size_t>(InfoOf(Setting::kLimitsMaxToken).most) +
                      SealedRecord::kOverheadBytes + StateRecord::kFixedBytes <=
                  Storage::kMaxRecordBytes,
              "the longest token can be stored");

std::unique_ptr<std::uint8_t[]> Allocate(std::size_t size) {
  return std::unique_ptr<std::uint8_t[]>(new std::uint8_t[size]);  // Untouched pages cost nothing.
}

/// What a service can be given later on, in octets of certificates.
constexpr std::size_t kMoreCertificates = 65536;

/// Of refresh tokens, which share a record with the token.
std::size_t RefreshTokenSize(std::size_t max_token) {
  constexpr std::size_t kMost = 4096;
  constexpr std::size_t kRecord =
      Storage::kMaxRecordBytes - SealedRecord::kOverheadBytes - StateRecord::kFixedBytes;
  return std::min(kMost, kRecord - max_token);
}

/// A request with its secrets escaped, or a response with the parsed JSON beside it.
std::size_t IoSize(std::size_t max_token) {
  constexpr std::size_t kLeast = 16384;
  constexpr std::size_t kBesideTokens = 2048;
  return std::max(2 * max_token + RefreshTokenSize(max_token) + kBesideTokens, kLeast);
}

/// Whether two requests are one.
bool IsSame(const Anchor& one, const Anchor& other) {
  return one.sent == other.sent && one.boot_id == other.boot_id;
}

bool IsSame(const Proxy& one, const Proxy& other) {
  return one.host == other.host && one.port == other.port && one.user == other.user &&
         one.password.Reveal() == other.password.Reveal();
}

}  // namespace

std::size_t ArenaSize(std::size_t certificates_size) {
  // A handshake with its 20 KB of record buffers takes less than 48 KB with RSA-2048, and longer
  // keys and chains have to fit as well. A CA certificate takes about as much parsed as in PEM.
  constexpr std::size_t kHandshake = 81920;
  constexpr std::size_t kPerOctet = 3;
  return kHandshake + kPerOctet * certificates_size;
}

Problem PrepareStore(const Configuration& configuration, TokenStore& store, StoreKey& key) {
  Problem problem = store.Open();
  if (!problem.exists()) {
    problem = ActAsOwner(store.path());
  }
  const std::string key_file = configuration.key_file();
  if (!problem.exists()) {
    // A ring's key lies elsewhere, if nobody said where: see to that place instead.
    problem = MakeStoreDirectory(store.is_ring() ? DirectoryOf(key_file) : store.path());
  }
  return problem.exists() ? problem : key.LoadOrMake(key_file);
}

Session::Session(const Configuration& configuration)
    : configuration_(&configuration),
      store_(configuration.store_path()),
      route_(configuration),
      arena_size_(ArenaSize(configuration.certificates_size() +
                            (configuration.is_for_service() ? kMoreCertificates : 0))),
      io_size_(IoSize(configuration.max_token())),
      refresh_token_size_(RefreshTokenSize(configuration.max_token())),
      arena_(Allocate(arena_size_)),
      io_(Allocate(io_size_)),
      token_(Allocate(configuration.max_token())),
      refresh_token_(Allocate(refresh_token_size_)),
      agent_({clock_, route_.connection(), store_, entropy_},
             {Bytes(arena_.get(), arena_size_), Bytes(io_.get(), io_size_),
              Bytes(token_.get(), configuration.max_token()),
              Bytes(refresh_token_.get(), refresh_token_size_), tls_session_}) {}

Problem Session::Open() {
  Problem problem = PrepareStore(*configuration_, store_, key_);
  if (!problem.exists()) {
    has_store_ = true;
    problem = StartAgent(key_.octets());
    if (problem.exists()) {
      return problem;
    }
    problem = StoreProblem();
  }
  if (!problem.exists()) {
    WarnOfWhatDoesNotOpen();
    return {};
  }
  if (configuration_->grant().works_once) {
    return problem;
  }
  Warn(Join({"the token will not be stored: ", problem.sentence}));
  return OpenWithoutStore();
}

Problem Session::OpenOffline() {
  Problem problem = store_.Open();
  if (!problem.exists()) {
    problem = key_.LoadIfAny(configuration_->key_file());
  }
  if (!problem.exists()) {
    has_store_ = true;
    problem = StartAgent(key_.octets());
  }
  return problem.exists() ? problem : StoreProblem();
}

Problem Session::OpenWithoutStore() {
  has_store_ = false;
  agent_.Stop();
  return StartAgent({});
}

Problem Session::Reconfigure(const Configuration& configuration) {
  const bool fits = configuration.store_path() == configuration_->store_path() &&
                    configuration.key_file() == configuration_->key_file() &&
                    configuration.max_token() == configuration_->max_token() &&
                    IsSame(configuration.proxy(), configuration_->proxy()) &&
                    ArenaSize(configuration.certificates_size()) <= arena_size_;
  if (!fits) {
    return {ExitCode::kUsage,
            "another store, key_file, max_token or proxy, or many more certificates, count only "
            "after a "
            "restart; restart the service"};
  }
  if (agent_.ChangeSettings(configuration.ForAgent(record_key())) != Status::kOk) {
    return Explain();
  }
  configuration_ = &configuration;
  return {};
}

bool Session::LockMemory() {
  return KeepOutOfSwap(arena_.get(), arena_size_) && KeepOutOfSwap(io_.get(), io_size_) &&
         KeepOutOfSwap(token_.get(), configuration_->max_token()) &&
         KeepOutOfSwap(refresh_token_.get(), refresh_token_size_) &&
         KeepOutOfSwap(this, sizeof(*this));
}

Problem Session::LockStore() {
  if (store_.Open().exists()) {
    return {};  // Whoever opens the session will be told.
  }
  has_store_ = true;
  Problem problem = ActAsOwner(store_.path());
  return problem.exists() ? problem : Lock();
}

Problem Session::StartAgent(ConstBytes record_key) {
  return agent_.Start(configuration_->ForAgent(record_key)) == Status::kOk ? Problem() : Explain();
}

Problem Session::StoreProblem() const {
  if (agent_.stored() != Agent::Stored::kUnreadable) {
    return {};
  }
  return {ExitCode::kStorage,
          Join({"what is stored in ", store_.path(), " cannot be read: ", store_.LastError(),
                "; see to its permissions and its medium"})};
}

/// That the configuration was changed is no surprise to whoever changed it.
void Session::WarnOfWhatDoesNotOpen() const {
  const Agent::Stored stored = agent_.stored();
  if (stored == Agent::Stored::kOtherKey) {
    Warn(Join({"what is stored in ", store_.path(), " was sealed with another key than that in ",
               configuration_->key_file(), "; it is of no use without"}));
  } else if (stored == Agent::Stored::kDamaged) {
    Warn(Join({"what is stored in ", store_.path(), " is damaged; it is of no use any more"}));
  }
}

Problem Session::Lock() {
  if (lock_.held() || !has_store_) {
    return {};
  }
  Problem problem = lock_.Take(store_, configuration_->seconds(Setting::kLimitsTimeout));
  if (problem.code == ExitCode::kStorage) {
    Note(problem.sentence);  // What cannot be locked cannot be written either: that will be told.
    return {};
  }
  return problem;
}

void Session::Tidy() {
  while (has_store_ && took_turn_ && agent_.Idle() == Status::kPending) {
  }
}

Problem Session::Wipe() {
  Status status = agent_.Forget();
  while (status == Status::kOk && (status = agent_.Idle()) == Status::kPending) {
    status = Status::kOk;
  }
  return status == Status::kOk ? Problem() : Explain();
}

Problem Session::ObtainToken(const Wish& wish) {
  const Seen seen{agent_.token().anchor(), agent_.latch().since};
  Status status = Ask(wish);
  if (status == Status::kPending || (wish.retry_refused && agent_.latch().is_set())) {
    Problem problem = TakeTurn();
    if (problem.exists()) {
      return problem;
    }
    status = AskInTurn(wish, seen);
    lock_.Release();
  }
  if (status != Status::kOk && !StillLives(wish)) {
    return Explain();
  }
  if (agent_.last_token_failure().status != Status::kOk) {
    Warn(Join({"the token could not be renewed, the old one goes on: ", Explain().sentence}));
  } else if (agent_.store_failed()) {
    Warn(Join({"the token could not be stored in ", store_.path(), ": ", store_.LastError(),
               "; the next call will ask for another one"}));
  }
  return {};
}

/// Takes the lock, and goes on with what other processes stored meanwhile.
Problem Session::TakeTurn() {
  Note("waiting for the store");
  Problem problem = Lock();
  if (problem.exists() || !has_store_ || !HasStoreChanged()) {
    return problem;
  }
  agent_.Stop();
  return StartAgent(key_.octets());
}

/// @return kOk       The present token will do.
/// @return kPending  One would be asked for: nothing was sent so far.
/// @return other     None is to be had.
Status Session::Ask(const Wish& wish) {
  return wish.renew ? agent_.RequestRenewal() : agent_.RequestToken(wish.min_valid);
}

/// @pre it is this process's turn
Status Session::AskInTurn(const Wish& wish, const Seen& seen) {
  took_turn_ = true;
  if (wish.renew && !agent_.token().empty() && !IsSame(agent_.token().anchor(), seen.token)) {
    return Status::kOk;
  }
  if (wish.retry_refused && IsSame(agent_.latch().since, seen.refusal)) {
    // If that is not stored, the next process finds the refusal again.
    static_cast<void>(agent_.ForgetRefusal());
  }
  Status status = Ask(wish);
  if (status != Status::kPending) {
    return status;
  }
  Note(Join({"asking ", configuration_->given().text(Setting::kServerUrl), " for a token"}));
  status = posix::RunToEnd(agent_, route_, clock_);
  if (status == Status::kOk) {
    Note(Join({"got a token that lives for ", Decimal(agent_.token().lifetime_s()), " s"}));
  }
  return status;
}

/// Whether the present token will do although it could not be renewed. One of unknown age (there
/// was a reboot, and the clock is not set) is worth a try unless a certain life is wanted of it.
bool Session::StillLives(const Wish& wish) const {
  const Result<Millis> left = agent_.remaining_life();
  if (wish.renew || left.status() == Status::kNotFound) {
    return false;
  }
  return left.ok() ? left.value() > RequiredLife(agent_.token(), Millis{0}, wish.min_valid)
                   : wish.min_valid == Millis{0};
}

Problem Session::Borrow(SecretView token, std::int32_t lifetime_s) {
  if (agent_.TakeToken(token, lifetime_s) == Status::kOk) {
    return {};
  }
  Failure failure;
  failure.reason = Reason::kTokenTooLong;
  return Tell(failure);
}

Problem Session::BeginRequest(const ApiRequest& request) {
  return agent_.RequestApi(request) == Status::kPending ? Problem() : Explain();
}

Problem Session::PollRequest(const ApiRequest& request, bool& over) {
  const std::uint32_t rejections = agent_.counters().rejections;
  const std::uint32_t generation = agent_.token_generation();
  const Status status = agent_.Poll();
  over = status == Status::kOk;
  if (status != Status::kPending) {
    lock_.Release();
    return over ? Problem() : Explain();
  }
  if (agent_.counters().rejections != rejections && agent_.api_status() == 0) {
    return RenewForRequest(request);
  }
  if (agent_.token_generation() != generation) {
    lock_.Release();
  }
  return {};
}

void Session::Sleep() {
  posix::Sleep(agent_, route_, clock_);
}

/// The agent is about to ask for a new token, and to make the request once more; nothing was sent
/// of that so far. If another process was quicker, its token is taken instead.
Problem Session::RenewForRequest(const ApiRequest& request) {
  took_turn_ = true;
  Note("the server does not take the token");
  Problem problem = Lock();
  if (problem.exists() || !has_store_ || !HasStoreChanged()) {
    return problem;
  }
  problem = ObtainToken({});
  return problem.exists() ? problem : BeginRequest(request);
}

bool Session::HasStoreChanged() {
  const auto record = Allocate(Storage::kMaxRecordBytes);
  const IoResult loaded =
      store_.Load(StateStore::kName, Bytes(record.get(), Storage::kMaxRecordBytes));
  if (loaded.status() == Status::kNotFound) {
    return agent_.stored() != Agent::Stored::kNothing;
  }
  return !loaded.ok() || SequenceOf(ConstBytes(record.get(), loaded.bytes())) != agent_.writes();
}

Problem Session::Explain() const {
  return Tell(agent_.last_failure());
}

Problem Session::ExplainToken() const {
  return Tell(agent_.last_token_failure());
}

Problem Session::Tell(const Failure& failure) const {
  return program::Explain(route_.Complete(failure), *configuration_,
                          {route_.socket().last_error(), route_.socket().last_error_text(),
                           store_.LastError(), refusal_times()});
}

RefusalTimes Session::refusal_times() const {
  const Result<UnixSeconds> wall = agent_.clock().WallTime();
  RefusalTimes times;
  if (!agent_.latch().is_set()) {
    return times;
  }
  times.refused_at = agent_.latch().since.wall;
  const Instant next = agent_.next_attempt();
  if (next != Instant::Never()) {
    times.next_attempt_in = std::max(next - clock_.Now(), Millis{0});
  }
  if (times.next_attempt_in && wall.ok()) {
    times.next_attempt_at =
        UnixSeconds{wall.value().count + (times.next_attempt_in->count + 999) / 1000};
  }
  return times;
}

}  // namespace connect_auth::program
