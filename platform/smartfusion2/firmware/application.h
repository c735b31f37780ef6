// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "agent/agent.h"
#include "agent/provisioning/provision_receiver.h"
#include "agent/provisioning/provision_record.h"
#include "platform/smartfusion2/firmware/line_editor.h"
#include "platform/smartfusion2/firmware/text_sink.h"
#include "platform/smartfusion2/seed_entropy.h"
#include "port/clock.h"
#include "port/network.h"
#include "port/storage.h"

namespace connect_auth::smartfusion2 {

/// What the application asks of the board besides the ports.
class BoardControl {
 public:
  using Mac = std::array<std::uint8_t, 6>;

  /// Brings the network up. Once.
  ///
  /// @param network  Borrowed during the call.
  /// @param entropy  Started. Borrowed for as long as the network is used.
  virtual void StartNetwork(const Mac& mac, const Provision::Network& network,
                            Entropy& entropy) = 0;

  /// The own address, in the order of octets of the network. 0: there is none, or no cable.
  virtual std::uint32_t address() const = 0;

  /// Adds what the board knows of itself to an answer to `status`.
  virtual void DescribeSelf(TextSink& sink) = 0;

  /// Whatever varies from start to start: see SeedEntropy.
  virtual std::uint64_t noise() const = 0;

  virtual void Reset() = 0;

 protected:
  ~BoardControl() = default;  // Never deleted through the interface.
};

/// The firmware's job, driven by one loop: it reads its settings from flash, has the agent keep a
/// token at hand, makes a sample request with it, and answers commands on the console.
///
///     Begin()       no record, or it cannot be used        kUnprovisioned
///        │                                                     │ command `provision`
///        └──► settings read, network started ──► kRunning ◄────┘ (by a reset)
///
/// The first line of a `provision` ends what runs. If it comes to nothing, the settings in flash
/// are started again (by a reset), kProvisionPatience after the last such line.
///
/// What happens is one line each on the console, which begins with one word in capitals:
///
///     PROVISION  settings: found, missing, not usable, received
///     NETWORK    up with which address, down
///     TOKEN      a token was kept over the start, or a new one came
///     FAILED     there is no new token, why, and when the next attempt is
///     SAMPLE     how the sample request went
///     STORE      what came could not be stored
///     OK, ERROR  the answer to a command
///
/// No secret is ever written there.
class Application {
 public:
  struct Parts {
    const Clock& clock;
    TextSink& console;
    Storage& settings_storage;
    Storage& state_storage;
    Connection& connection;
    BoardControl& board;
    /// Empty: the device has none.
    ConstBytes device_key;
  };

  static constexpr Millis kProvisionPatience = Millis::Seconds(60);

  /// All borrowed for the life of the application, as is what `parts` names.
  Application(const Parts& parts, const Agent::Memory& memory);
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// Reads the settings and starts what they ask for.
  void Begin();

  /// Takes a character from the console.
  void Type(char character);

  /// Does a bounded piece of what is to be done.
  ///
  /// @return  When to come again, if nothing comes from the network or the console before.
  Instant Step();

  /// @return value         The time of day.
  /// @return kUnavailable  Nobody has said it yet.
  Result<UnixSeconds> WallTime() const { return agent_.clock().WallTime(); }

 private:
  using Command = void (Application::*)(std::string_view argument);
  struct NamedCommand {
    std::string_view name;
    std::string_view help;
    Command run;
  };
  static std::span<const NamedCommand> Commands();

  // Settings.
  Status OpenSealed(Bytes record);
  bool OpenProvision(std::size_t size);
  bool ReadProvision();
  bool StartEntropy(ConstBytes record);
  void StartAgent();

  // What goes on.
  void LookAtNetwork();
  void PollAgent();
  Instant NextStep(bool has_idle_work) const;
  bool DoIdleWork();
  void ReportToken();
  void ReportFailure(const Failure& failure);
  bool SampleIsDue() const;
  void BeginSampleIfDue();
  void EndSample(Status status);

  // Commands.
  void Run(std::string_view line);
  void Help(std::string_view);
  void ShowStatus(std::string_view);
  void ShowToken(Instant now);
  void ShowCounters();
  void Renew(std::string_view);
  void Forget(std::string_view);
  void Retry(std::string_view);
  void RequestSample(std::string_view);
  void TakeProvision(std::string_view line);
  void Restart(std::string_view);
  void StoreProvision();
  void GiveUpProvision();

  Parts parts_;
  Bytes arena_;
  SeedEntropy entropy_;
  Agent agent_;
  Provision provision_;
  ApiRequest sample_;
  LineEditor editor_;
  std::array<std::uint8_t, Provision::kMostRecordBytes> record_{};
  ProvisionReceiver receiver_{record_};
  BoardControl::Mac mac_{};
  Instant sample_due_;
  Instant give_up_ = Instant::Never();  // What comes over the console.
  std::size_t received_ = 0;            // Of the sample's answer.
  std::uint32_t generation_ = 0;
  std::uint32_t address_ = 0;
  bool running_ = false;
  bool sampling_ = false;
  bool idle_work_ = false;  // Storage may have some.
};

}  // namespace connect_auth::smartfusion2
