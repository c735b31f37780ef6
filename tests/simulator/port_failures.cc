// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/port_failures.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "tests/simulator/script.h"
#include "tests/simulator/world.h"

namespace connect_auth::simulator {
namespace {

constexpr std::int64_t kLength = 3600 * kSecond;

/// Seconds, and what happens then.
const std::vector<Event>& Cycle() {
  static const std::vector<Event> events = {
      {400 * kSecond, Kind::kCallApi},         {700 * kSecond, Kind::kRevoke},
      {701 * kSecond, Kind::kCallApi},         {800 * kSecond, Kind::kRenew},
      {900 * kSecond, Kind::kReboot},          {1300 * kSecond, Kind::kCallApi},
      {2200 * kSecond, Kind::kDevicePassword}, {2800 * kSecond, Kind::kAsk},
  };
  return events;
}

struct Case {
  const char* name;
  Port port;
};
constexpr std::array kCases = {Case{"network", Port::kNetwork}, Case{"flash", Port::kFlash},
                               Case{"entropy", Port::kEntropy}};

/// @param n  0: none fails.
Outcome RunOnce(const Setup& setup, Port port, std::uint32_t n, std::uint32_t& calls) {
  World world(setup);
  if (n != 0) {
    world.FailCall(port, n);
  }
  Outcome outcome = world.Run(Cycle(), kLength);
  calls = world.calls(port);
  return outcome;
}

bool FailEach(const Setup& setup, const Case& failing, std::uint32_t stride) {
  std::uint32_t calls = 0;
  bool fine = RunOnce(setup, failing.port, 0, calls).ends_with_token;
  std::uint32_t runs = 0;
  for (std::uint32_t n = 1; n <= calls && fine; n += stride, ++runs) {
    std::uint32_t ignored = 0;
    const Outcome outcome = RunOnce(setup, failing.port, n, ignored);
    fine = outcome.broken == Rule::kNone && outcome.ends_with_token;
    if (!fine) {
      std::printf("%s call %" PRIu32 " fails: %s: %s\n", failing.name, n, NameOf(outcome.broken),
                  outcome.broken == Rule::kNone ? "no token in the end" : outcome.detail.c_str());
      Print(setup);
    }
  }
  std::printf("%s: %" PRIu32 " of %" PRIu32 " calls failed, each in a run of its own\n",
              failing.name, runs, calls);
  return fine;
}

}  // namespace

bool FailEveryCall(std::uint32_t stride) {
  bool fine = true;
  for (const bool uses_code : {false, true}) {
    for (const bool renews_ahead : {true, false}) {
      Setup setup;
      setup.uses_code = uses_code;
      setup.gives_refresh = uses_code;
      setup.renews_ahead = renews_ahead;
      setup.has_rtc = renews_ahead;
      for (const Case& failing : kCases) {
        fine = FailEach(setup, failing, stride) && fine;
      }
    }
  }
  return fine;
}

}  // namespace connect_auth::simulator
