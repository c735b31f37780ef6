// SPDX-License-Identifier: Apache-2.0
//
// One device with the real agent, its flash, its server, and the time that passes for all of them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/store/ring_storage.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/simulator/judge.h"
#include "tests/simulator/link.h"
#include "tests/simulator/script.h"
#include "tests/simulator/server.h"
#include "tests/support/tls_peer.h"

namespace connect_auth::simulator {

/// What came of a run.
struct Outcome {
  Rule broken = Rule::kNone;
  std::int64_t broken_at = 0;
  std::string detail;

  std::uint64_t tokens = 0;
  std::uint64_t token_requests = 0;
  std::uint64_t api_requests = 0;
  std::uint64_t refusals = 0;
  std::uint64_t reboots = 0;
  std::uint64_t cuts = 0;  ///< Of the reboots: in the middle of a change of the flash.
  std::uint64_t connections = 0;
  std::uint64_t resumed = 0;  ///< Connections over which a response came, and that resumed.
  std::uint64_t stores = 0;
  std::uint64_t erases = 0;
  std::uint64_t erases_of_worst_block = 0;
  std::uint64_t asked = 0;     ///< Calls of RequestToken,
  std::uint64_t answered = 0;  ///< and those that were answered with kOk.
  std::uint64_t wake_ups = 0;
  std::uint64_t faults = 0;      ///< Answers with one.
  bool ends_with_token = false;  ///< That lives.

  void Add(const Outcome& other);
};

/// Which port fails, and at which of its calls; 0: none does.
enum class Port : std::uint8_t { kNetwork, kFlash, kEntropy };

class World {
 public:
  explicit World(const Setup& setup);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// @param events  In order of time.
  /// @param until   When to end.
  Outcome Run(const std::vector<Event>& events, std::int64_t until);

  /// Makes the n-th call of a port fail, counted from 1.
  void FailCall(Port port, std::uint32_t n);
  /// @param faults  Those that events name. Borrowed for the life of this object.
  void SetFaults(const std::vector<Fault>& faults) { faults_ = &faults; }
  /// Prints what the agent does from now on.
  void SetTrace(bool traces) { traces_ = traces; }
  /// How many calls were made so far.
  std::uint32_t calls(Port port) const;

 private:
  static constexpr FlashGeometry kGeometry{4096, 4, 16, true};
  /// Flash that can be made to fail at its n-th call.
  class FailingFlash final : public Flash {
   public:
    explicit FailingFlash(fake::FakeFlash& flash) : flash_(flash) {}
    FlashGeometry geometry() const override { return flash_.geometry(); }
    Status Read(std::uint32_t address, Bytes into) override {
      return Fails() ? Status::kUnavailable : flash_.Read(address, into);
    }
    Status Program(std::uint32_t address, ConstBytes data) override {
      return Fails() ? Status::kUnavailable : flash_.Program(address, data);
    }
    Status Erase(std::uint32_t block) override {
      return Fails() ? Status::kUnavailable : flash_.Erase(block);
    }
    void FailCall(std::uint32_t n) { failing_call_ = n; }
    std::uint32_t calls() const { return calls_; }

   private:
    bool Fails() { return ++calls_ == failing_call_; }

    fake::FakeFlash& flash_;
    std::uint32_t calls_ = 0;
    std::uint32_t failing_call_ = 0;
  };

  // Time.
  void Step(std::int64_t limit);
  void AdvanceTo(std::int64_t time);
  std::int64_t NextChange() const;
  void ApplyFaults();
  void Trace(Status polled) const;
  bool IsOn(std::int64_t until) const { return moment_.now < until; }

  // The device.
  void Boot();
  void LosePower();
  void SetWall(std::int64_t error_ms);
  void LoseWall();
  Settings MakeSettings() const;
  void ChangeSettings();
  void ChangeRecordKey();
  void EnterSecret();
  void KeepHouse();

  // What callers do.
  void Apply(const Event& event);
  bool HappensOutside(const Event& event);
  bool HappensToDevice(const Event& event);
  void SomebodyActs(const Event& event);
  void Ask(Millis min_valid);
  void Renew();
  void CallApi();
  void Reject(std::uint32_t generations_ago);
  void ForgetRefusal();
  void Forget();

  // What must hold.
  bool HasToken() const;
  void LookAt(Status polled);
  void LookAtEnd(Status status);
  void LookAtToken(Millis min_valid);
  void LookAtLife();
  void LookAtWhatIsKept();
  void LookAtWhatWasKept();
  void LookAtRecovery();
  void LookAtExplanation();
  void LookAtFlash();
  bool FlashWorks() const;
  bool IsAllWell() const;
  bool IsMisled() const;
  std::uint32_t serial() const { return Server::SerialOf(agent_->token().text().Reveal()); }

  Setup setup_;
  Moment moment_;
  Judge judge_;
  Server server_;
  tests::TlsPeer peer_;
  Link link_;
  fake::FakeClock clock_;
  fake::FakeEntropy entropy_;
  std::vector<std::uint8_t> medium_;
  std::vector<std::uint8_t> undecided_;
  fake::FakeFlash flash_;
  FailingFlash failing_flash_;
  std::optional<RingStorage> ring_;
  std::optional<Agent> agent_;
  Outcome outcome_;

  using RecordKey = std::array<std::uint8_t, Settings::kRecordKeyBytes>;

  // All that were ever configured, as the agent borrows them until it gets others.
  std::deque<RecordKey> record_keys_;
  std::deque<std::string> passwords_;
  std::deque<std::string> codes_;
  std::array<char, 16> device_id_{};
  ApiRequest api_request_;

  const std::vector<Fault>* faults_ = nullptr;
  std::int64_t begun_at_ = 0;  // what the agent is at
  std::int64_t boot_at_ = 0;
  std::int64_t asks_at_ = 0;
  std::int64_t calls_at_ = 0;
  std::int64_t suspended_until_ = 0;
  std::int64_t well_since_ = 0;
  std::int64_t server_said_until_ = 0;  // with Retry-After
  std::int64_t slow_until_ = 0;         // Trouble that is retried slowly may be felt until then.
  std::int64_t read_only_until_ = 0;
  std::int64_t broken_flash_until_ = 0;
  std::int64_t no_entropy_until_ = 0;
  std::uint32_t steps_in_a_row_ = 0;  // without time passing
  std::uint32_t held_ = 0;            // serial of the token that the agent has
  std::uint32_t durable_ = 0;         // and of one that is certainly stored
  std::uint32_t rejected_ = 0;        // and of the one that was refused, believably
  std::uint32_t rejections_ = 0;
  std::int64_t rejected_at_ = 0;
  std::uint32_t api_before_ = 0;
  std::uint32_t refused_refresh_ = 0;  // as the server counts, when the last token came
  std::uint32_t failing_call_ = 0;     // of the port; 0: it has failed, or none is to
  Port failing_port_ = Port::kNetwork;
  std::uint8_t forgiven_ = 0;  // failures that somebody said need no explanation any more
  bool had_refresh_ = false;
  bool durable_refresh_ = false;
  bool boots_blind_ = false;  // Storage did not answer when the device booted.
  bool latch_is_durable_ = true;
  bool forgotten_ = false;  // Nobody wants a token since `Forget()`.
  bool calls_api_ = false;
  bool was_pending_ = false;
  bool failed_call_ = false;
  bool traces_ = false;
};

/// A world of its own for a script.
///
/// @param traces  Prints what the agent does.
Outcome Run(const Script& script, bool traces = false);

}  // namespace connect_auth::simulator
