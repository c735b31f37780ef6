// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/session.h"

#include <algorithm>

#include "agent/session/lifetime.h"
#include "agent/store/sealed_record.h"
#include "agent/store/state_record.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
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

/// A request with its secrets escaped, or a response with the parsed JSON beside it.
std::size_t IoSize(std::size_t max_token) {
  constexpr std::size_t kLeast = 16384;
  constexpr std::size_t kBesideTokens = 2048;
  return std::max(2 * max_token + kBesideTokens, kLeast);
}

}  // namespace

std::size_t ArenaSize(std::size_t authorities_size) {
  // A handshake with its 20 KB of record buffers takes less than 48 KB with RSA-2048, and longer
  // keys and chains have to fit as well. A CA certificate takes about as much parsed as in PEM.
  constexpr std::size_t kHandshake = 81920;
  constexpr std::size_t kPerOctet = 3;
  return kHandshake + kPerOctet * authorities_size;
}

Problem PrepareStore(const Configuration& configuration, TokenStore& store, StoreKey& key) {
  Problem problem = store.Open();
  const std::string key_file = configuration.key_file();
  if (!problem.exists()) {
    // A ring's key lies elsewhere, if nobody said where: see to that place instead.
    problem = MakeStoreDirectory(store.is_ring() ? DirectoryOf(key_file) : store.path());
  }
  return problem.exists() ? problem : key.LoadOrMake(key_file);
}

Session::Session(const Configuration& configuration)
    : configuration_(configuration),
      store_(configuration.store_path()),
      arena_size_(ArenaSize(configuration.authorities_size())),
      io_size_(IoSize(configuration.max_token())),
      arena_(Allocate(arena_size_)),
      io_(Allocate(io_size_)),
      token_(Allocate(configuration.max_token())),
      agent_({clock_, connection_, store_, entropy_},
             {Bytes(arena_.get(), arena_size_),
              Bytes(io_.get(), io_size_),
              Bytes(token_.get(), configuration.max_token()),
              {},
              tls_session_}) {}

Problem Session::Open() {
  Problem problem = PrepareStore(configuration_, store_, key_);
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
  if (configuration_.given().text(Setting::kGrantType) != "password") {
    return problem;
  }
  Warn(Join({"the token will not be stored: ", problem.sentence}));
  has_store_ = false;
  agent_.Stop();
  return StartAgent({});
}

Problem Session::OpenOffline() {
  Problem problem = store_.Open();
  if (!problem.exists()) {
    problem = key_.LoadIfAny(configuration_.key_file());
  }
  if (!problem.exists()) {
    has_store_ = true;
    problem = StartAgent(key_.octets());
  }
  return problem.exists() ? problem : StoreProblem();
}

Problem Session::OpenWithoutStore() {
  return StartAgent({});
}

Problem Session::StartAgent(ConstBytes record_key) {
  return agent_.Start(configuration_.ForAgent(record_key)) == Status::kOk ? Problem() : Explain();
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
               configuration_.key_file(), "; it is of no use without"}));
  } else if (stored == Agent::Stored::kDamaged) {
    Warn(Join({"what is stored in ", store_.path(), " is damaged; it is of no use any more"}));
  }
}

Problem Session::Lock() {
  if (lock_.held() || !has_store_) {
    return {};
  }
  Problem problem = lock_.Take(store_, configuration_.seconds(Setting::kLimitsTimeout));
  if (problem.code == ExitCode::kStorage) {
    Note(problem.sentence);  // What cannot be locked cannot be written either: that will be told.
    return {};
  }
  return problem;
}

void Session::Tidy() {
  while (has_store_ && asked_server_ && agent_.Idle() == Status::kPending) {
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
  if (IsGoodFor(wish)) {
    Note("the stored token is good");
    return {};
  }
  Note("waiting for the store");
  Problem problem = Lock();
  if (!problem.exists() && has_store_) {
    agent_.Stop();  // Another process may have stored a token meanwhile.
    problem = StartAgent(key_.octets());
  }
  if (!problem.exists() && !IsGoodFor(wish)) {
    problem = AskServer(wish);
  }
  lock_.Release();
  return problem;
}

Problem Session::AskServer(const Wish& wish) {
  asked_server_ = true;
  Problem problem = Renew(wish);
  if (problem.exists() && StillLives(wish)) {
    Warn(Join({"the token could not be renewed, the old one goes on: ", problem.sentence}));
    return {};
  }
  if (!problem.exists() && agent_.store_failed()) {
    Warn(Join({"the token could not be stored in ", store_.path(), ": ", store_.LastError(),
               "; the next call will ask for another one"}));
  }
  return problem;
}

Problem Session::Renew(const Wish& wish) {
  Note(Join({"asking ", configuration_.given().text(Setting::kServerUrl), " for a token"}));
  Status status = wish.renew() ? agent_.RenewToken() : agent_.RequestToken(wish.min_valid);
  if (status == Status::kPending) {
    status = posix::RunToEnd(agent_, connection_, clock_);
  }
  if (status != Status::kOk) {
    return Explain();
  }
  Note(Join({"got a token that lives for ", Decimal(agent_.token().lifetime_s()), " s"}));
  return {};
}

/// Whether the present token is what is wanted, and no request need be made.
bool Session::IsGoodFor(const Wish& wish) const {
  const Result<Millis> left = agent_.remaining_life();
  const Millis margin = configuration_.seconds(Setting::kLimitsRenewalMargin);
  if (!left.ok() || left.value() <= RequiredLife(agent_.token(), margin, wish.min_valid)) {
    return false;
  }
  const Anchor& anchor = agent_.token().anchor();
  return !wish.renew() || (anchor.boot_id == clock_.boot_id() && anchor.sent > wish.newer_than);
}

/// Whether the present token will do although it could not be renewed. One of unknown age (there
/// was a reboot, and the clock is not set) is worth a try unless a certain life is wanted of it.
bool Session::StillLives(const Wish& wish) const {
  const Result<Millis> left = agent_.remaining_life();
  if (wish.renew() || left.status() == Status::kNotFound) {
    return false;
  }
  return left.ok() ? left.value() > RequiredLife(agent_.token(), Millis{0}, wish.min_valid)
                   : wish.min_valid == Millis{0};
}

Problem Session::BeginRequest(const ApiRequest& request) {
  return agent_.RequestApi(request) == Status::kPending ? Problem() : Explain();
}

void Session::Sleep() {
  posix::Sleep(agent_, connection_, clock_);
}

Problem Session::Explain() const {
  return program::Explain(
      agent_.last_failure(), configuration_,
      {connection_.last_error(), connection_.last_error_text(), store_.LastError()});
}

}  // namespace connect_auth::program
