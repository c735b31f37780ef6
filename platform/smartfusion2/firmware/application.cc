// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/firmware/application.h"

#include <algorithm>

#include "agent/encoding/byte_order.h"
#include "agent/store/sealed_record.h"
#include "agent/tls/digest.h"
#include "agent/tls/engine.h"
#include "platform/smartfusion2/firmware/failure_words.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr Fingerprint kNoFingerprint{};

BoardControl::Mac MadeUpMac(ConstBytes device_key) {
  const Digest digest = DigestOf(std::array<std::string_view, 2>{"mac", AsText(device_key)});
  BoardControl::Mac mac;
  std::copy_n(digest.begin(), mac.size(), mac.begin());
  mac[0] = static_cast<std::uint8_t>((mac[0] & 0xFC) | 0x02);  // local, of one station
  return mac;
}

void AddFailure(Line& line, const Failure& failure) {
  line.Add(WordsFor(failure.reason)).Add(", reason ").Add(static_cast<int>(failure.reason));
  if (failure.http_status != 0) {
    line.Add(", HTTP ").Add(failure.http_status);
  }
  if (failure.tls_error != 0) {
    line.Add(", TLS ").Add(failure.tls_error);
  }
}

std::int64_t SecondsUntil(Instant moment, Instant now) {
  return moment == Instant::Never() ? -1 : std::max<std::int64_t>(0, (moment - now).count / 1000);
}

}  // namespace

Application::Application(const Parts& parts, const Agent::Memory& memory)
    : parts_(parts),
      arena_(memory.tls_arena),
      agent_({parts.clock, parts.connection, parts.state_storage, entropy_}, memory) {}

// --- Settings ------------------------------------------------------------------------------------

void Application::Begin() {
  if (parts_.device_key.empty()) {
    Line(parts_.console).Add("PROVISION no device key: program one when the part is flashed");
  } else if (ReadProvision()) {
    StartAgent();
  }
  if (!running_) {
    Wipe(record_);
  }
}

bool Application::ReadProvision() {
  const IoResult loaded = parts_.settings_storage.Load(Provision::kName, record_);
  if (!loaded.ok()) {
    Line line(parts_.console);
    line.Add("PROVISION ");
    line.Add(loaded.status() == Status::kNotFound ? "none: `connect-auth provision` makes one"
             : loaded.status() == Status::kBufferTooSmall ? "too large for this firmware"
                                                          : "flash does not answer");
    return false;
  }
  return OpenProvision(loaded.bytes());
}

bool Application::StartEntropy(ConstBytes record) {
  std::array<std::uint8_t, 8> noise;
  PutBigEndian(parts_.board.noise(), noise);
  // No two provisioning records are alike: their nonces are random.
  const Digest first_seed = DigestOf(std::array{AsText(record)});
  return entropy_.Start(parts_.state_storage, parts_.device_key, first_seed, noise) == Status::kOk;
}

Status Application::OpenSealed(Bytes record) {
  Engine engine;
  const Status status = engine.Start(arena_, parts_.clock, entropy_);
  return status != Status::kOk
             ? status
             : OpenRecord(RecordType::kProvision, parts_.device_key, kNoFingerprint, record)
                   .status();
}

bool Application::OpenProvision(std::size_t size) {
  const Bytes record = Bytes(record_).first(size);
  if (!StartEntropy(record)) {
    Line(parts_.console).Add("FAILED no entropy: its seed cannot be stored");
    return false;
  }
  const SealedFor whom = SealedForWhom(parts_.device_key, kNoFingerprint, record);
  const Status opened = OpenSealed(record);
  if (opened != Status::kOk) {
    Line(parts_.console)
        .Add(opened == Status::kOutOfMemory ? "PROVISION not opened: TLS arena too small"
             : whom == SealedFor::kOtherKey ? "PROVISION sealed with another device's key"
                                            : "PROVISION damaged");
    return false;
  }
  const std::size_t payload = size - SealedRecord::kOverheadBytes;
  provision_ = {};
  const Status status =
      DecodeProvision(record.subspan(SealedRecord::kHeaderBytes, payload), provision_);
  if (status != Status::kOk) {
    Line(parts_.console)
        .Add(status == Status::kMalformed ? "PROVISION made for a later firmware"
                                          : "PROVISION with a value out of range");
    return false;
  }
  return true;
}

void Application::StartAgent() {
  mac_ = MadeUpMac(parts_.device_key);
  const Provision::Network& network = provision_.network;
  if (network.mac.size() == mac_.size()) {
    std::copy(network.mac.begin(), network.mac.end(), mac_.begin());
  }
  Settings& settings = provision_.settings;
  settings.record_key = parts_.device_key;
  settings.renews_ahead = true;
  if (settings.device_id.empty()) {
    settings.device_id = mac_;
  }
  const Status status = agent_.Start(settings);
  if (status != Status::kOk) {
    Line(parts_.console).Add("PROVISION not usable: ").Add(WordsFor(agent_.last_failure().reason));
    return;
  }
  Line(parts_.console).Add("PROVISION found, server ").Add(settings.url);
  if (!agent_.token().empty()) {
    Line(parts_.console).Add("TOKEN kept, stored ").Add(agent_.writes()).Add(" times");
  }
  parts_.board.StartNetwork(mac_, network, entropy_);
  sample_.target = provision_.sample.target;
  running_ = true;
  idle_work_ = true;
}

// --- What goes on --------------------------------------------------------------------------------

Instant Application::Step() {
  if (!running_) {
    GiveUpProvision();
    return give_up_;
  }
  LookAtNetwork();
  // At a start its answer tells the time: a token that was kept may turn out to live long enough.
  if (!WallTime().ok()) {
    BeginSampleIfDue();
  }
  // Without a network an attempt would fail, and the next one be put off although nobody was asked.
  const bool busy = agent_.wants().interest != Interest::kNothing;
  if (address_ != 0 || busy) {
    PollAgent();
  }
  BeginSampleIfDue();
  return NextStep(DoIdleWork());
}

Instant Application::NextStep(bool has_idle_work) const {
  if (has_idle_work) {
    return parts_.clock.Now();
  }
  const Wants wants = agent_.wants();
  if (address_ == 0 && wants.interest == Interest::kNothing) {
    return Instant::Never();
  }
  // While a token is being asked for the sample has to wait, however long it has been due.
  const bool waits_for_sample = wants.interest == Interest::kNothing && !sample_.target.empty() &&
                                !sampling_ && !agent_.token().empty();
  return waits_for_sample ? std::min(wants.until, sample_due_) : wants.until;
}

/// @return  Whether there is more of it, for which nothing has to be waited for.
bool Application::DoIdleWork() {
  if (!idle_work_) {
    return false;
  }
  const Status status = agent_.Idle();
  idle_work_ = status == Status::kPending || status == Status::kFailedPrecondition;
  return status == Status::kPending;
}

void Application::LookAtNetwork() {
  const std::uint32_t address = parts_.board.address();
  if (address == address_) {
    return;
  }
  address_ = address;
  if (address == 0) {
    Line(parts_.console).Add("NETWORK down");
  } else {
    Line(parts_.console).Add("NETWORK up, address ").AddAddress(address);
  }
}

void Application::PollAgent() {
  const Status status = agent_.Poll();
  if (sampling_) {
    received_ += agent_.TakeBody().size();
  }
  if (agent_.token_generation() != generation_) {
    ReportToken();
  }
  if (status == Status::kPending) {
    return;
  }
  if (sampling_) {
    EndSample(status);
  } else if (status != Status::kOk) {
    ReportFailure(agent_.last_token_failure());
  }
}

void Application::ReportToken() {
  generation_ = agent_.token_generation();
  idle_work_ = true;
  {
    Line line(parts_.console);
    line.Add("TOKEN new, number ").Add(generation_).Add(", lives ");
    line.Add(agent_.remaining_life().value_or(Millis{-1}).count / 1000).Add(" s, TLS ");
    line.Add(agent_.tls_resumed() ? "resumed" : "full");
  }
  if (agent_.store_failed()) {
    Line(parts_.console).Add("STORE failed: the token lasts until the next start");
  }
}

void Application::ReportFailure(const Failure& failure) {
  Line line(parts_.console);
  AddFailure(line.Add("FAILED "), failure);
  line.Add(", next in ").Add(SecondsUntil(agent_.next_attempt(), parts_.clock.Now())).Add(" s");
}

bool Application::SampleIsDue() const {
  return !sampling_ && address_ != 0 && !sample_.target.empty() && !agent_.token().empty() &&
         parts_.clock.Now() >= sample_due_;
}

void Application::BeginSampleIfDue() {
  if (!SampleIsDue()) {
    return;
  }
  const Status status = agent_.RequestApi(sample_);
  if (status == Status::kFailedPrecondition) {
    return;  // A token is being asked for: afterwards.
  }
  received_ = 0;
  sampling_ = true;
  sample_due_ = parts_.clock.Now() + provision_.sample.period;
  if (status != Status::kPending) {
    EndSample(status);
  }
}

void Application::EndSample(Status status) {
  sampling_ = false;
  Line line(parts_.console);
  if (status == Status::kOk) {
    line.Add("SAMPLE HTTP ")
        .Add(agent_.api_status())
        .Add(", octets ")
        .Add(static_cast<std::int64_t>(received_));
  } else {
    AddFailure(line.Add("SAMPLE failed: "), agent_.last_failure());
  }
}

// --- Commands ------------------------------------------------------------------------------------

std::span<const Application::NamedCommand> Application::Commands() {
  static constexpr NamedCommand kCommands[] = {
      {"help", "this list", &Application::Help},
      {"status", "state, without secrets", &Application::ShowStatus},
      {"renew", "ask for a new token", &Application::Renew},
      {"retry", "try refused credentials again", &Application::Retry},
      {"forget", "wipe token and TLS session", &Application::Forget},
      {"request", "make the sample request now", &Application::RequestSample},
      {"provision", "HEX... then `provision end`: new settings", &Application::TakeProvision},
      {"reboot", "start again", &Application::Restart},
  };
  return kCommands;
}

void Application::Type(char character) {
  if (!editor_.Take(character)) {
    return;
  }
  if (editor_.too_long()) {
    Line(parts_.console).Add("ERROR line too long");
  } else {
    Run(editor_.line());
  }
}

void Application::Run(std::string_view line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view name = Part(line, 0, end);
  for (const NamedCommand& command : Commands()) {
    if (command.name == name) {
      return (this->*command.run)(Part(line, std::min(end + 1, line.size())));
    }
  }
  Line(parts_.console).Add("ERROR no such command; try help");
}

void Application::Help(std::string_view) {
  for (const NamedCommand& command : Commands()) {
    Line(parts_.console).Add(command.name).Add(" - ").Add(command.help);
  }
  Line(parts_.console).Add("OK");
}

void Application::ShowStatus(std::string_view) {
  const Instant now = parts_.clock.Now();
  Line(parts_.console).Add("state ").Add(running_ ? "running" : "not provisioned");
  Line(parts_.console).Add("uptime ").Add(now.millis / 1000).Add(" s");
  Line(parts_.console).Add("address ").AddAddress(address_);
  if (running_) {
    Line(parts_.console).Add("server ").Add(provision_.settings.url);
    ShowToken(now);
    ShowCounters();
  }
  parts_.board.DescribeSelf(parts_.console);
  Line(parts_.console).Add("OK");
}

void Application::ShowToken(Instant now) {
  {
    Line line(parts_.console);
    line.Add("token ").Add(agent_.token().empty() ? "none" : "present").Add(", number ");
    line.Add(generation_).Add(", lives ");
    line.Add(agent_.remaining_life().value_or(Millis{-1000}).count / 1000).Add(" s");
  }
  Line(parts_.console).Add("stored ").Add(agent_.writes()).Add(" times");
  Line(parts_.console)
      .Add("last failure ")
      .Add(WordsFor(agent_.last_token_failure().reason))
      .Add(", next attempt in ")
      .Add(SecondsUntil(agent_.next_attempt(), now))
      .Add(" s");
}

void Application::ShowCounters() {
  const Agent::Counters& counters = agent_.counters();
  {
    Line line(parts_.console);
    line.Add("token requests ").Add(counters.token_requests).Add(", tokens ");
    line.Add(counters.tokens).Add(", refusals ").Add(counters.refusals);
    line.Add(", API requests ").Add(counters.api_requests).Add(", TLS resumed ");
    line.Add(counters.resumed);
  }
  Line(parts_.console)
      .Add("connection ")
      .Add(agent_.tls_version().empty() ? "none" : agent_.tls_version())
      .Add(", time ")
      .Add(agent_.clock().WallTime().ok() ? "known" : "unknown");
  Line(parts_.console)
      .Add("TLS arena ")
      .Add(static_cast<std::int64_t>(agent_.arena_used()))
      .Add(" of ")
      .Add(static_cast<std::int64_t>(arena_.size()));
}

void Application::Renew(std::string_view) {
  const Status status = agent_.RequestRenewal();
  Line(parts_.console)
      .Add(status == Status::kPending              ? "OK"
           : status == Status::kOk                 ? "OK it just came"
           : status == Status::kRejected           ? "ERROR refused; see retry"
           : status == Status::kNeedsCode          ? "ERROR a new code is needed"
           : status == Status::kFailedPrecondition ? "ERROR not provisioned"
                                                   : "ERROR not now; see status");
}

void Application::Retry(std::string_view) {
  Line(parts_.console).Add(agent_.ForgetRefusal() == Status::kOk ? "OK" : "ERROR");
}

void Application::Forget(std::string_view) {
  const Status status = agent_.Forget();
  idle_work_ = true;
  Line(parts_.console)
      .Add(status == Status::kOk            ? "OK"
           : status == Status::kUnavailable ? "ERROR flash does not answer"
                                            : "ERROR not now");
}

void Application::RequestSample(std::string_view) {
  sample_due_ = Instant{};
  Line(parts_.console)
      .Add(!running_ || sample_.target.empty() ? "ERROR none is provisioned" : "OK");
}

void Application::Restart(std::string_view) {
  Line(parts_.console).Add("OK");
  parts_.board.Reset();
}

// The record grows where the settings lie, so those end with its first line; a line that is none
// changes nothing. What is in flash stays until the new record has proved to be one.
void Application::TakeProvision(std::string_view line) {
  if (parts_.device_key.empty()) {
    Line(parts_.console).Add("ERROR no device key");
    return;
  }
  const Status status = receiver_.Take(line);
  if (status == Status::kOk) {
    StoreProvision();
    receiver_.Reset();
    Wipe(record_);
  } else if (status == Status::kPending) {
    agent_.Stop();
    running_ = false;
    sampling_ = false;
    give_up_ = parts_.clock.Now() + kProvisionPatience;
    Wipe(Bytes(record_).subspan(receiver_.record().size()));  // Of the settings that ended.
    Line(parts_.console).Add("OK ").Add(static_cast<std::int64_t>(receiver_.record().size()));
  } else {
    Line(parts_.console)
        .Add(status == Status::kBufferTooSmall ? "ERROR too long; begin again, or reboot"
             : status == Status::kMalformed    ? "ERROR not hexadecimal; begin again, or reboot"
                                               : "ERROR nothing came before");
  }
}

void Application::GiveUpProvision() {
  if (parts_.clock.Now() < give_up_) {
    return;
  }
  give_up_ = Instant::Never();
  Line(parts_.console)
      .Add("PROVISION no further line for ")
      .Add(kProvisionPatience.count / 1000)
      .Add(" s: nothing stored, starting again");
  parts_.board.Reset();
}

void Application::StoreProvision() {
  const Bytes record = receiver_.record();
  const std::uint32_t sequence = SequenceOf(record);
  if (!OpenProvision(record.size())) {
    return;
  }
  provision_.settings.record_key = parts_.device_key;
  const Reason wrong = CheckSettings(provision_.settings);
  if (wrong != Reason::kNone) {
    Line(parts_.console).Add("PROVISION not usable: ").Add(WordsFor(wrong));
    return;
  }
  // It was opened in place. Sealed again it is as good, and no nonce is used twice.
  Engine engine;
  Status status = engine.Start(arena_, parts_.clock, entropy_);
  if (status == Status::kOk) {
    status = SealRecord(RecordType::kProvision, sequence, parts_.device_key, kNoFingerprint, engine,
                        record);
  }
  if (status == Status::kOk) {
    status = parts_.settings_storage.Store(Provision::kName, record);
  }
  if (status != Status::kOk) {
    Line(parts_.console).Add("ERROR flash does not answer; the old settings stand");
    return;
  }
  Line(parts_.console).Add("PROVISION received, starting again");
  parts_.board.Reset();
}

}  // namespace connect_auth::smartfusion2
