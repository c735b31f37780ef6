// SPDX-License-Identifier: Apache-2.0
//
// usage: connect_auth_simulator [--scripts N] [--years N] [--ports STRIDE] [--weeks N --faults
// FILE]
// [--seed N] [--trace 1] [--brief 1]
//
// --scripts  N random scripts of a few days each, the first from the seed, the next from the next
// --years    N years of an ordinary life
// --ports    a whole cycle with every STRIDE-th call of a port failing, each in turn
// --weeks    N weeks with answers that have something wrong in them: those of FILE, as written by
//            tests/faults/answers.py
// --brief    does not look for the shortest script
// --trace    prints what the agent does
//
// Exits 1, and prints the shortest script that it finds, where a rule is broken.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/simulator/faults.h"
#include "tests/simulator/port_failures.h"
#include "tests/simulator/script.h"
#include "tests/simulator/shrink.h"
#include "tests/simulator/world.h"

namespace connect_auth::simulator {
namespace {

constexpr int kMostEvents = 40;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t scripts = 0;
  std::uint64_t years = 0;
  std::uint64_t weeks = 0;
  const char* faults = "";
  std::uint64_t stride = 0;  // of failing calls; 0: none fails
  bool traces = false;
  bool brief = false;
};

void Print(const char* title, const Outcome& o) {
  std::printf("%s: %" PRIu64 " tokens, %" PRIu64 " token requests, %" PRIu64 " refusals, %" PRIu64
              " API requests, %" PRIu64 " reboots, %" PRIu64 " of them power cuts, %" PRIu64
              " connections, %.1f %% resumed, %" PRIu64 " of %" PRIu64 " callers served, %" PRIu64
              " erases, %" PRIu64 " of the worst block, %" PRIu64 " wake-ups, %" PRIu64
              " faulty answers\n",
              title, o.tokens, o.token_requests, o.refusals, o.api_requests, o.reboots, o.cuts,
              o.connections,
              100.0 * static_cast<double>(o.resumed) /
                  static_cast<double>(o.connections ? o.connections : 1),
              o.answered, o.asked, o.erases, o.erases_of_worst_block, o.wake_ups, o.faults);
}

bool Report(const Script& script, const Outcome& outcome, std::uint64_t seed,
            const Options& options) {
  if (outcome.broken == Rule::kNone) {
    return true;
  }
  std::printf("seed %" PRIu64 ": %s: %s\n", seed, NameOf(outcome.broken), outcome.detail.c_str());
  if (options.brief) {
    return false;
  }
  const Script least = Shrink(script, outcome);
  const Outcome again = Run(least);
  std::printf("the shortest script that breaks it, of %zu events %zu, on day %.5f: %s\n",
              script.events.size(), least.events.size(),
              static_cast<double>(again.broken_at) / kDay, again.detail.c_str());
  Print(least.setup);
  for (const Event& event : least.events) {
    Print(event);
    if (event.kind == Kind::kFault) {
      std::printf("    %s\n", (*least.faults)[static_cast<std::size_t>(event.a)].name.c_str());
    }
  }
  return false;
}

bool RunScripts(const Options& options) {
  Outcome sum;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.scripts; ++seed) {
    const Script script = RandomScript(seed, kMostEvents);
    const Outcome outcome = Run(script, options.traces);
    sum.Add(outcome);
    if (!Report(script, outcome, seed, options)) {
      return false;
    }
  }
  Print("scripts", sum);
  return true;
}

bool RunWeeks(const Options& options) {
  const std::vector<Fault> faults = ReadFaults(options.faults);
  if (faults.empty()) {
    std::printf("there are no faults in '%s'; tests/faults/answers.py writes them\n",
                options.faults);
    return false;
  }
  Outcome sum;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.weeks; ++seed) {
    const Script script = FaultyWeek(seed, faults);
    const Outcome outcome = Run(script, options.traces);
    sum.Add(outcome);
    if (!Report(script, outcome, seed, options)) {
      return false;
    }
  }
  Print("weeks", sum);
  return true;
}

bool RunYears(const Options& options) {
  const Script script = LongScript(options.seed, static_cast<int>(options.years));
  const Outcome outcome = Run(script, options.traces);
  std::printf("%" PRIu64 " years with %zu events\n", options.years, script.events.size());
  Print("life", outcome);
  return Report(script, outcome, options.seed, options);
}

/// @return false  Unknown.
bool Read(std::string_view name, const char* value, Options& options) {
  const std::uint64_t number = std::strtoull(value, nullptr, 10);
  if (name == "--seed") {
    options.seed = number;
  } else if (name == "--scripts") {
    options.scripts = number;
  } else if (name == "--years") {
    options.years = number;
  } else if (name == "--weeks") {
    options.weeks = number;
  } else if (name == "--faults") {
    options.faults = value;
  } else if (name == "--ports") {
    options.stride = number;
  } else if (name == "--brief") {
    options.brief = number != 0;
  } else if (name == "--trace") {
    options.traces = number != 0;
  } else {
    return false;
  }
  return true;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !Read(argv[i], argv[i + 1], options)) {
      std::printf("%s: unknown option, or no value: %s\n", argv[0], argv[i]);
      return 2;
    }
  }
  bool fine = options.scripts == 0 || RunScripts(options);
  fine = (options.stride == 0 || FailEveryCall(static_cast<std::uint32_t>(options.stride))) && fine;
  fine = (options.weeks == 0 || RunWeeks(options)) && fine;
  fine = (options.years == 0 || RunYears(options)) && fine;
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace connect_auth::simulator

int main(int argc, char** argv) {
  return connect_auth::simulator::Main(argc, argv);
}
