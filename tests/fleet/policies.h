// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "agent/oauth/token.h"
#include "agent/session/backoff.h"
#include "agent/session/renewal.h"
#include "agent/session/slot.h"
#include "tests/fake/fake_clock.h"
#include "tests/fleet/simulation.h"

namespace connect_auth::fleet {

/// What the agent does: its own units, one set for each device.
class AgentPolicy final : public Policy {
 public:
  struct Options {
    Millis boot_spread = BackoffPlan().boot_spread;
    std::int32_t lifetime_s = 3600;
    bool random_ids = false;  ///< Else MAC addresses in a row.
    bool scatters = true;     ///< false: as if no token came in step.
  };

  AgentPolicy(std::uint32_t devices, const Options& options);

  Instant Start(std::uint32_t device, Instant now) override;
  Instant Settle(std::uint32_t device) override;
  Instant Fail(std::uint32_t device, Instant now, std::uint32_t retry_after_s) override;
  Instant Serve(std::uint32_t device, Instant now) override;

 private:
  struct Device {
    Slot retry;
    Slot renewal;
    Backoff backoff;
    Instant token_ends{0};
    bool has_started = false;  // and has had no token since
  };

  Instant Renewal(const Device& device, Instant sent, Herd herd);

  Options options_;
  BackoffPlan plan_;
  std::vector<Device> devices_;
  Dice dice_{2};
  std::array<std::uint8_t, 1> token_storage_{};
  Token token_{token_storage_};
};

/// What others do: they renew when 4/5 of a token's life are over, ask at once after a start, and
/// pay no heed to Retry-After.
class PeerPolicy : public Policy {
 public:
  Instant Start(std::uint32_t, Instant now) override { return now; }
  Instant Settle(std::uint32_t) override { return Instant{0} + dice_.Below(kRenewal); }
  Instant Serve(std::uint32_t device, Instant now) override {
    Forget(device);
    return now + kRenewal;
  }

 protected:
  virtual void Forget(std::uint32_t) {}

  static constexpr Millis kRenewal = Millis::Seconds(2880);
  Dice dice_{3};
};

/// The same wait each time.
class FixedPolicy final : public PeerPolicy {
 public:
  explicit FixedPolicy(Millis wait) : wait_(wait) {}
  Instant Fail(std::uint32_t, Instant now, std::uint32_t) override { return now + wait_; }

 private:
  Millis wait_;
};

/// Any time from 0 to a limit that doubles from 1 s up to the cap.
class FullJitterPolicy final : public PeerPolicy {
 public:
  explicit FullJitterPolicy(std::uint32_t devices) : limits_(devices, kFirst) {}
  Instant Fail(std::uint32_t device, Instant now, std::uint32_t) override {
    const Millis limit = limits_[device];
    limits_[device] = std::min(limit + limit, kCap);
    return now + dice_.Below(limit);
  }

 private:
  static constexpr Millis kFirst = Millis::Seconds(1);

  void Forget(std::uint32_t device) override { limits_[device] = kFirst; }

  std::vector<Millis> limits_;
};

}  // namespace connect_auth::fleet
