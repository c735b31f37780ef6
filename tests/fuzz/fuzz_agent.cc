// SPDX-License-Identifier: Apache-2.0
//
// The whole agent, but for TLS, through a life that the input tells step by step: what a server
// answers and how the way there fails, clocks that jump, storage and entropy that are missing,
// reboots, and people and programs that want something of it. The rules are those of `Watch` and of
// `ScriptedServer`. Steps are taken off the end of the input; what a server says off its front.
#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>

#include "agent/agent.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/scripted_server.h"
#include "tests/support/settings.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {7, 7, 7};
constexpr std::array<std::uint8_t, 4> kDeviceId = {1, 2, 3, 4};
constexpr std::int64_t kWall = 1795867200;  // 2026-11-28, as the server's Date says

/// A device, the people around it, and what must hold.
class Life {
 public:
  explicit Life(Input& input) : input_(input), server_(clock_) {
    const std::size_t traits = input.Octet();
    const bool stores = traits / 8 % 4 != 0;
    settings_ = tests::PageSettings();
    settings_.grant = static_cast<Grant>(traits % 3);
    settings_.renews_ahead = traits / 4 % 2 != 0;
    settings_.record_key = stores ? ConstBytes(kKey) : ConstBytes();
    server_.SetForgetful(!stores);
    settings_.device_id = kDeviceId;
    settings_.backoff.boot_spread = Millis{0};
    settings_.keep_alive = traits / 32 % 2 != 0 ? Millis{0} : Millis::Seconds(4);
    TakeSecret(true);
    Boot(1);
  }
  ~Life() { server_.Close(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void Step() {
    constexpr std::array<void (Life::*)(), 20> kSteps = {
        &Life::Run,       &Life::Run,     &Life::Ask,     &Life::Await,  &Life::Renew,
        &Life::CallApi,   &Life::Reject,  &Life::Network, &Life::Answer, &Life::Answer,
        &Life::Wait,      &Life::Wait,    &Life::SetWall, &Life::Reboot, &Life::FailPort,
        &Life::NewSecret, &Life::Forgive, &Life::Forget,  &Life::Idle,   &Life::TakeToken};
    (this->*kSteps[input_.Below(kSteps.size())])();
    if (!busy_ && agent_->is_requesting_token()) {
      Begin();
    }
    LookAtToken();
  }

  void End() {
    agent_.reset();
    Check(IsZero(token_) && IsZero(refresh_) && IsZero(io_),
          "nothing of a token is left in memory");
    const std::string_view stored = AsText(storage_.contents("state"));
    Check(stored.find(ScriptedServer::kGood) == std::string_view::npos, "nor stored in the clear");
  }

 private:
  static bool IsZero(ConstBytes octets) {
    return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
  }

  // What happens.

  void Boot(std::uint64_t boot) {
    const Agent::Ports ports{clock_, server_, storage_, entropy_};
    agent_.emplace(ports, Agent::Memory{arena_, io_, token_, refresh_, {}});
    clock_.Reboot(boot);
    server_.Allow();
    entropy_.SetFailing(false);
    Check(agent_->Start(settings_) == Status::kOk, "it starts");
    busy_ = false;
  }
  void Reboot() {
    const Instant before = clock_.Now();
    agent_->Stop();
    const std::size_t knows = input_.Octet();
    Boot(knows % 2 != 0 ? ++boots_ : 0);
    clock_.Advance(before - Instant{0});  // The server counts connections by this clock.
    if (knows / 2 % 2 != 0) {
      clock_.SetWallTime(UnixSeconds{kWall + clock_.Now().millis / 1000});
    }
    booted_at_ = clock_.Now();
  }
  void Network() { server_.PlanNetwork(input_); }
  void Answer() { server_.PlanAnswer(input_); }
  void Wait() {
    clock_.Advance(Millis{static_cast<std::int64_t>(input_.Octet() + 1U) << input_.Below(20)});
  }
  void SetWall() {
    const auto error = static_cast<std::int64_t>(input_.Number(4)) - 0x7FFFFFFF;
    if (input_.Flag()) {
      clock_.ForgetWallTime();
    } else {
      clock_.SetWallTime(UnixSeconds{kWall + error});
    }
  }
  void FailPort() {
    const std::size_t which = input_.Octet();
    storage_.SetFailing(which % 4 == 1);
    storage_.SetReadOnly(which % 4 == 2);
    entropy_.SetFailing(which / 4 % 4 == 1);
  }
  /// The one before, or another one: who enters a code once more has forgotten that it is spent,
  /// but nobody goes back to an older one.
  void TakeSecret(bool another) {
    if (another) {
      secrets_.push_back("secret" + std::to_string(secrets_.size()));
    }
    const SecretView secret(secrets_.back());
    settings_.password = settings_.grant == Grant::kPassword ? secret : SecretView();
    settings_.code = settings_.grant == Grant::kAuthorizationCode ? secret : SecretView();
  }

  // What people and programs want.

  void Ask() {
    const Millis min_valid{static_cast<std::int64_t>(input_.Octet()) * 1000 << input_.Below(8)};
    if (min_valid > Millis{0}) {
      server_.Allow();
    }
    LookAtAnswer(agent_->RequestToken(min_valid), min_valid);
  }
  void Await() {
    const Instant until = clock_.Now() + Millis{input_.Octet() * 1000};
    LookAtAnswer(agent_->AwaitToken(Millis{0}, until), Millis{0});
  }
  void Renew() {
    server_.Allow();
    LookAtStatus(agent_->RequestRenewal());
  }
  void CallApi() {
    server_.Allow();
    ApiRequest request;
    request.target = "/api";
    request.method = input_.Flag() ? "HEAD" : "GET";
    request.head_copy = head_;
    const Status status = agent_->RequestApi(request);
    Check(status == Status::kPending || status == Status::kFailedPrecondition,
          "a request to the API begins, or it is not the time");
    if (status == Status::kPending) {
      Begin();
    }
  }
  void Reject() {
    server_.Allow();
    agent_->RejectToken(agent_->token_generation() - input_.Octet() % 2U);
  }
  void NewSecret() {
    server_.Allow();
    TakeSecret(input_.Flag());
    Check(agent_->ChangeSettings(settings_) == Status::kOk, "other settings count");
    busy_ = false;
  }
  void Forgive() {
    server_.Allow();
    static_cast<void>(agent_->ForgetRefusal());
  }
  void Forget() {
    if (agent_->Forget() == Status::kOk) {
      Check(agent_->token().empty() && !agent_->has_refresh_token(), "what is forgotten is gone");
    }
  }
  void Idle() { static_cast<void>(agent_->Idle()); }
  void TakeToken() {
    const std::string token = std::string(ScriptedServer::kGood) + "-lent";
    const Status status = agent_->TakeToken(SecretView(token), input_.Octet());
    if (status == Status::kOk) {
      server_.Issue(token);
      lent_at_ = clock_.Now();
    }
  }

  // What the agent does about it.

  void Run() {
    constexpr std::array<std::int64_t, 4> kPaces = {1, 40, 1000, 20000};
    const std::int64_t pace = kPaces[input_.Below(kPaces.size())];
    for (int polls = input_.Octet() * 4; polls >= 0; --polls) {
      if (!Poll()) {
        return;
      }
      static_cast<void>(agent_->TakeBody());
      clock_.Advance(Millis{pace});
    }
  }

  void Begin() {
    busy_ = true;
    began_ = clock_.Now();
  }

  /// @return  Whether it goes on.
  bool Poll() {
    const bool was_idle = !busy_ && !agent_->is_requesting_token();
    const bool is_early = was_idle && agent_->next_attempt() > clock_.Now();
    const std::uint32_t connections = server_.connections();
    const Status status = agent_->Poll();
    Check(!is_early || server_.connections() == connections, "the server is left alone for long");
    LookAtStatus(status);
    if (status == Status::kPending && was_idle) {
      Begin();
    }
    busy_ = status == Status::kPending;
    if (busy_) {
      // One request may be followed by another at once, when a refresh token was refused.
      Check(clock_.Now() < began_ + Millis{2 * settings_.timeout.count}, "deadlines are kept");
      Check(agent_->wants().until <= clock_.Now() + settings_.timeout, "it sleeps no longer");
    } else if (status != Status::kOk) {
      Check(agent_->last_failure().status != Status::kOk &&
                agent_->last_failure().reason != Reason::kNone,
            "a failure is explained");
    }
    return busy_;
  }

  // What must hold.

  static void LookAtStatus(Status status) {
    constexpr std::array kIllegal = {Status::kInvalidArgument, Status::kFailedPrecondition,
                                     Status::kClosed, Status::kCorrupt};
    Check(std::find(kIllegal.begin(), kIllegal.end(), status) == kIllegal.end(),
          "a status that is documented");
  }

  void LookAtAnswer(Status status, Millis min_valid) {
    LookAtStatus(status);
    if (status != Status::kOk) {
      return;
    }
    Check(!agent_->token().empty(), "there is a token");
    const Result<Millis> life = agent_->remaining_life();
    const Instant came = std::max(server_.issued_at(), lent_at_);
    const bool just_came = clock_.Now() < came + Millis{60000};
    // How old one of another boot is, a wall clock says, which may be wrong.
    Check(came <= booted_at_ || just_came ||
              (life.ok() ? life.value() >= min_valid : min_valid == Millis{0}),
          "it lives for as long as was wanted");
  }

  void LookAtToken() const {
    const std::string_view token = agent_->token().text().Reveal();
    Check(!token.starts_with(ScriptedServer::kBad), "no token out of a bad response");
    const Result<Millis> life = agent_->remaining_life();
    Check(!life.ok() || life.value() <= Millis::Seconds(config::kMaxLifetimeSeconds),
          "no life is longer than the limit");
  }

  Input& input_;
  fake::FakeClock clock_;
  fake::FakeEntropy entropy_;
  fake::FakeStorage<> storage_;
  ScriptedServer server_;
  Settings settings_;
  std::deque<std::string> secrets_;  // all that there were: the agent borrows the last
  std::array<std::uint8_t, 16384> arena_{};
  std::array<std::uint8_t, 4096> io_{};
  std::array<std::uint8_t, 1024> token_{};
  std::array<std::uint8_t, 64> refresh_{};
  std::array<std::uint8_t, 64> head_{};
  std::optional<Agent> agent_;
  Instant began_;  // what goes on
  Instant lent_at_{-1'000'000};
  Instant booted_at_{-1};
  std::uint64_t boots_ = 1;
  bool busy_ = false;
};

}  // namespace

void Run(ConstBytes octets) {
  constexpr int kMostSteps = 200;
  Input input(octets);
  Life life(input);
  for (int i = 0; i < kMostSteps && !input.empty(); ++i) {
    life.Step();
  }
  life.End();
}

}  // namespace connect_auth::fuzz
