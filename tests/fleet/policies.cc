// SPDX-License-Identifier: Apache-2.0
#include "tests/fleet/policies.h"

namespace connect_auth::fleet {
namespace {

std::array<std::uint8_t, 6> IdOf(std::uint32_t device, bool random) {
  // An odd factor and a shift: no two are the same, and none has to do with the one before.
  std::uint32_t number = device;
  if (random) {
    number = (number ^ (number >> 16)) * 0x7FEB352D;
    number = (number ^ (number >> 15)) * 0x846CA68B;
    number ^= number >> 16;
  }
  return {0x02,
          0xA0,
          static_cast<std::uint8_t>(number >> 24),
          static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

}  // namespace

AgentPolicy::AgentPolicy(std::uint32_t devices, const Options& options)
    : options_(options), devices_(devices) {
  plan_.period = kCap;
  plan_.boot_spread = options.boot_spread;
  for (std::uint32_t n = 0; n < devices; ++n) {
    const auto id = IdOf(n, options.random_ids);
    devices_[n].retry = Slot(id, Slot::Purpose::kRetry);
    devices_[n].renewal = Slot(id, Slot::Purpose::kRenewal);
  }
}

Instant AgentPolicy::Start(std::uint32_t n, Instant now) {
  Device& device = devices_[n];
  device.backoff = Backoff(plan_, device.retry, now);
  device.has_started = true;
  return device.backoff.First();
}

Instant AgentPolicy::Settle(std::uint32_t n) {
  Device& device = devices_[n];
  device.backoff = Backoff(plan_, device.retry, Instant{0});
  device.backoff.Succeed();
  const Millis period = Renewal(device, Instant{0}, Herd::kScattered) - Instant{0};
  const Millis left = dice_.Below(period);
  device.token_ends = Instant{0} + (left - period) + Millis::Seconds(options_.lifetime_s);
  return Instant{0} + left;
}

Instant AgentPolicy::Fail(std::uint32_t n, Instant now, std::uint32_t retry_after_s) {
  Device& device = devices_[n];
  return device.backoff.AfterFailure({Remedy::kRetry, retry_after_s, device.token_ends}, now);
}

Instant AgentPolicy::Serve(std::uint32_t n, Instant now) {
  Device& device = devices_[n];
  const bool in_step = options_.scatters && (device.has_started || device.backoff.failures() > 0);
  device.has_started = false;
  device.backoff.Succeed();
  device.token_ends = now + Millis::Seconds(options_.lifetime_s);
  return Renewal(device, now, in_step ? Herd::kInStep : Herd::kScattered);
}

Instant AgentPolicy::Renewal(const Device& device, Instant sent, Herd herd) {
  const fake::FakeClock clock(sent);
  static_cast<void>(token_.Assign(SecretView("t"), options_.lifetime_s, Anchor::Now(clock)));
  return RenewalAt(token_, clock, device.renewal, herd);
}

}  // namespace connect_auth::fleet
