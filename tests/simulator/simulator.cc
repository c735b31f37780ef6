// SPDX-License-Identifier: Apache-2.0
//
// usage: connect_auth_simulator [--scripts N] [--seed N] [--years N] [--ports]
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/simulator/script.h"
#include "tests/simulator/shrink.h"
#include "tests/simulator/world.h"

namespace connect_auth::simulator {
namespace {

constexpr int kMostEvents = 40;

void Print(const char* title, const Outcome& o) {
  std::printf("%s: %" PRIu64 " tokens, %" PRIu64 " token requests, %" PRIu64 " refusals, %" PRIu64
              " API requests, %" PRIu64 " reboots, %" PRIu64 " of them power cuts, %" PRIu64
              " connections, %.1f %% resumed, %" PRIu64 " of %" PRIu64 " callers served, %" PRIu64
              " erases, %" PRIu64 " of the worst block, %" PRIu64 " wake-ups\n",
              title, o.tokens, o.token_requests, o.refusals, o.api_requests, o.reboots, o.cuts,
              o.connections,
              100.0 * static_cast<double>(o.resumed) /
                  static_cast<double>(o.connections ? o.connections : 1),
              o.answered, o.asked, o.erases, o.erases_of_worst_block, o.wake_ups);
}

bool Report(const Script& script, const Outcome& outcome, std::uint64_t seed) {
  if (outcome.broken == Rule::kNone) {
    return true;
  }
  std::printf("seed %" PRIu64 ": %s: %s\n", seed, NameOf(outcome.broken), outcome.detail.c_str());
  const Script least = Shrink(script, outcome);
  const Outcome again = Run(least);
  std::printf("the shortest script that breaks it, of %zu events %zu, on day %.5f: %s\n",
              script.events.size(), least.events.size(),
              static_cast<double>(again.broken_at) / kDay, again.detail.c_str());
  Print(least.setup);
  for (const Event& event : least.events) {
    Print(event);
  }
  return false;
}

bool RunScripts(std::uint64_t first, std::uint64_t count) {
  Outcome sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Script script = RandomScript(seed, kMostEvents);
    const Outcome outcome = Run(script);
    sum.Add(outcome);
    if (!Report(script, outcome, seed)) {
      return false;
    }
  }
  Print("scripts", sum);
  return true;
}

bool RunYears(std::uint64_t seed, int years) {
  const Script script = LongScript(seed, years);
  std::printf("%d years, %zu events\n", years, script.events.size());
  const Outcome outcome = Run(script);
  Print("life", outcome);
  return Report(script, outcome, seed);
}

}  // namespace
}  // namespace connect_auth::simulator

int main(int argc, char** argv) {
  using namespace connect_auth::simulator;
  std::uint64_t seed = 1;
  std::uint64_t scripts = 0;
  int years = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    seed = option == "--seed" ? value : seed;
    scripts = option == "--scripts" ? value : scripts;
    years = option == "--years" ? static_cast<int>(value) : years;
  }
  bool fine = scripts == 0 || RunScripts(seed, scripts);
  fine = (years == 0 || RunYears(seed, years)) && fine;
  return fine ? 0 : 1;
}
