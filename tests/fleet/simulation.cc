// SPDX-License-Identifier: Apache-2.0
#include "tests/fleet/simulation.h"

namespace connect_auth::fleet {
namespace {

constexpr std::uint32_t kNobody = UINT32_MAX;
constexpr std::uint32_t kRetryAfterSeconds = 300;

/// Who asks in which second: a list for each, threaded through one array.
class Calendar {
 public:
  explicit Calendar(std::uint32_t devices)
      : first_(static_cast<std::size_t>(kEnd.millis / 1000), kNobody),
        next_(devices),
        at_(devices) {}

  std::size_t seconds() const { return first_.size(); }
  void Add(std::uint32_t device, Instant at) {
    const auto second = static_cast<std::size_t>(at.millis / 1000);
    if (second < first_.size()) {
      at_[device] = at;
      next_[device] = first_[second];
      first_[second] = device;
    }
  }
  /// kNobody: nobody is left in this second.
  std::uint32_t Take(std::size_t second) {
    const std::uint32_t device = first_[second];
    if (device != kNobody) {
      first_[second] = next_[device];
    }
    return device;
  }
  Instant at(std::uint32_t device) const { return at_[device]; }

 private:
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> next_;
  std::vector<Instant> at_;
};

/// How many devices went without, and how many of them still do.
class Waiting {
 public:
  explicit Waiting(std::uint32_t devices) : waits_(devices) {}

  void Fail(std::uint32_t device) {
    if (!waits_[device]) {
      waits_[device] = true;
      ++left_;
      ++all_;
    }
  }
  void Serve(std::uint32_t device) {
    if (waits_[device]) {
      waits_[device] = false;
      --left_;
    }
  }
  bool is_over() const { return left_ * 100 <= all_; }

 private:
  std::vector<bool> waits_;
  std::uint64_t left_ = 0;
  std::uint64_t all_ = 0;
};

void Begin(Policy& policy, std::uint32_t devices, Scenario scenario, Calendar& calendar) {
  Dice dice(1);
  for (std::uint32_t device = 0; device < devices; ++device) {
    calendar.Add(device, scenario == Scenario::kStart
                             ? policy.Start(device, kGone + dice.Below(Millis::Seconds(1)))
                             : policy.Settle(device));
  }
}

}  // namespace

/// SplitMix64, a multiply instead of a division behind it.
Millis Dice::Below(Millis span) {
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  mixed ^= mixed >> 31;
  return Millis{
      static_cast<std::int64_t>((mixed >> 32) * static_cast<std::uint64_t>(span.count) >> 32)};
}

Result Simulate(Policy& policy, std::uint32_t devices, Scenario scenario,
                std::uint32_t per_second) {
  Result result;
  Calendar calendar(devices);
  Waiting waiting(devices);
  Begin(policy, devices, scenario, calendar);
  result.attempts.resize(calendar.seconds());
  for (std::size_t second = 0; second < calendar.seconds(); ++second) {
    const Instant start{static_cast<std::int64_t>(second) * 1000};
    const bool away = start >= kGone && start < kBack;
    std::uint32_t served = 0;
    for (auto device = calendar.Take(second); device != kNobody; device = calendar.Take(second)) {
      const Instant now = calendar.at(device);
      ++result.attempts[second];
      if (away || (per_second != 0 && served == per_second)) {
        waiting.Fail(device);
        calendar.Add(device, policy.Fail(device, now, away ? 0 : kRetryAfterSeconds));
      } else {
        ++served;
        waiting.Serve(device);
        calendar.Add(device, policy.Serve(device, now));
      }
    }
    result.while_away += away ? result.attempts[second] : 0;
    if (start >= kBack) {
      result.after += result.attempts[second];
      result.served += served;
      if (result.t99_s < 0 && waiting.is_over()) {
        result.t99_s = (start - kBack).count / 1000 + 1;
      }
    }
  }
  return result;
}

}  // namespace connect_auth::fleet
