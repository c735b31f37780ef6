// SPDX-License-Identifier: Apache-2.0
//
// What a fleet asks of the server around an outage: the agent's own schedule, and others beside it.
//
// usage: connect_auth_fleet [--devices N] [--picture FILE] [--check]
//
// --picture writes the picture; with --check it is compared instead, and the limits below are
// checked. Exits 1 where something differs or is not kept.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fleet/picture.h"
#include "tests/fleet/policies.h"
#include "tests/fleet/simulation.h"

namespace connect_auth::fleet {
namespace {

constexpr double kMostPeakAfter = 1.05;  // times devices / cap
constexpr double kMostAttempts = 3.1;    // a device, while the server is away
constexpr std::uint32_t kWholeFleet = 1'000'000;
constexpr std::uint32_t kServesOfWhole = 5000;  // a second, where the server is a small one
constexpr Millis kRecovered = Millis::Seconds(600);

struct Options {
  std::uint32_t devices = kWholeFleet;
  std::string picture;
  bool check = false;
};

/// Times are cut into bins in which the whole fleet has as many requests as a smaller one has in
/// longer bins: chance, which makes some fuller than others, weighs the same then.
class Bins {
 public:
  explicit Bins(std::uint32_t devices) : seconds_(std::max(kWholeFleet / devices, 1U)) {}

  /// The most requests a second.
  double Peak(const std::vector<std::uint32_t>& attempts, Instant from, Instant until) const {
    std::uint64_t peak = 0;
    const auto end = static_cast<std::size_t>(until.millis / 1000);
    for (auto at = static_cast<std::size_t>(from.millis / 1000); at + seconds_ <= end;
         at += seconds_) {
      std::uint64_t sum = 0;
      for (std::size_t second = at; second < at + seconds_; ++second) {
        sum += attempts[second];
      }
      peak = std::max(peak, sum);
    }
    return static_cast<double>(peak) / static_cast<double>(seconds_);
  }

 private:
  std::size_t seconds_;
};

/// One line of the table.
struct Row {
  std::string_view name;
  Scenario scenario;
  bool keeps_limits;    // is to keep both
  bool keeps_attempts;  // is to keep the one about attempts
};

class Fleet {
 public:
  explicit Fleet(std::uint32_t devices) : devices_(devices), bins_(devices) {}

  /// @return the attempts in each second
  template <typename MakePolicy>
  std::vector<std::uint32_t> Run(const Row& row, const MakePolicy& make) {
    const auto free = make();
    const Result whole = Simulate(*free, devices_, row.scenario, 0);
    const auto small = make();
    const auto per_second =
        static_cast<std::uint32_t>(std::uint64_t{kServesOfWhole} * devices_ / kWholeFleet);
    const Result limited = Simulate(*small, devices_, row.scenario, per_second);
    Print(row, whole, limited);
    return whole.attempts;
  }

  void PrintHead() const {
    const double limit = devices_ / (static_cast<double>(kCap.count) / 1000);
    std::printf("%u devices, %u s without server, cap %u s: N / cap = %.0f/s\n\n", devices_,
                static_cast<unsigned>((kBack - kGone).count / 1000),
                static_cast<unsigned>(kCap.count / 1000), limit);
    std::printf(
        "| policy | peak while away, /s | attempts a device while away | peak after, /s | x N/cap "
        "| "
        "peak from 10 min after, /s | t99, s | attempts a success |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|\n");
  }
  static void PrintScenario(const char* title) { std::printf("| **%s** |\n", title); }

  bool kept() const { return kept_; }

 private:
  void Print(const Row& row, const Result& whole, const Result& limited) {
    const double limit = devices_ / (static_cast<double>(kCap.count) / 1000);
    const double after = bins_.Peak(whole.attempts, kBack, kEnd);
    const double attempts = static_cast<double>(whole.while_away) / devices_;
    const bool kept = (!row.keeps_limits || after <= kMostPeakAfter * limit) &&
                      (!row.keeps_attempts || attempts <= kMostAttempts);
    kept_ = kept_ && kept;
    std::printf("| %.*s%s | %.0f | %.2f | %.0f | %.3f | %.0f | ", static_cast<int>(row.name.size()),
                row.name.data(), kept ? "" : " (OVER THE LIMIT)",
                bins_.Peak(whole.attempts, kGone, kBack), attempts, after, after / limit,
                bins_.Peak(whole.attempts, kBack + kRecovered, kEnd));
    if (limited.t99_s < 0) {
      std::printf("never | ");
    } else {
      std::printf("%d | ", static_cast<int>(limited.t99_s));
    }
    std::printf("%.2f |\n",
                static_cast<double>(limited.after) / static_cast<double>(limited.served));
    std::fflush(stdout);
  }

  std::uint32_t devices_;
  Bins bins_;
  bool kept_ = true;
};

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool KeepPicture(const Options& options, const std::string& svg) {
  if (options.check) {
    const bool same = Read(options.picture) == svg;
    std::printf("\n%s %s\n", options.picture.c_str(), same ? "is up to date" : "DIFFERS");
    return same;
  }
  return static_cast<bool>(std::ofstream(options.picture, std::ios::binary) << svg);
}

int Run(const Options& options) {
  const std::uint32_t n = options.devices;
  const auto agent = [n](const AgentPolicy::Options& how) {
    return [n, how] { return std::make_unique<AgentPolicy>(n, how); };
  };
  const auto jitter = [n] { return std::make_unique<FullJitterPolicy>(n); };
  const auto fixed = [] { return std::make_unique<FixedPolicy>(Millis::Seconds(10)); };
  Fleet fleet(n);
  fleet.PrintHead();

  Fleet::PrintScenario("all start in the second in which the server goes");
  const auto start = Scenario::kStart;
  const auto agent_b = fleet.Run({"connect-auth", start, true, true}, agent({}));
  AgentPolicy::Options options_of_agent;
  options_of_agent.boot_spread = Millis{0};
  static_cast<void>(
      fleet.Run({"connect-auth, boot_spread 0", start, true, true}, agent(options_of_agent)));
  options_of_agent = {};
  options_of_agent.scatters = false;
  static_cast<void>(fleet.Run({"connect-auth, tokens not scattered", start, false, false},
                              agent(options_of_agent)));
  options_of_agent = {};
  options_of_agent.random_ids = true;
  static_cast<void>(
      fleet.Run({"connect-auth, ids at random", start, false, true}, agent(options_of_agent)));
  const auto jitter_b = fleet.Run({"full jitter, 1 s to 300 s", start, false, false}, jitter);
  const auto fixed_b = fleet.Run({"every 10 s", start, false, false}, fixed);

  Fleet::PrintScenario("tokens of 3600 s, got at any time");
  const auto phased = Scenario::kPhased;
  const auto agent_a = fleet.Run({"connect-auth", phased, true, true}, agent({}));
  const auto jitter_a = fleet.Run({"full jitter, 1 s to 300 s", phased, false, false}, jitter);
  const auto fixed_a = fleet.Run({"every 10 s", phased, false, false}, fixed);
  options_of_agent = {};
  options_of_agent.lifetime_s = 450;
  static_cast<void>(
      fleet.Run({"connect-auth, tokens of 450 s", phased, false, true}, agent(options_of_agent)));
  options_of_agent.lifetime_s = 300;
  static_cast<void>(
      fleet.Run({"connect-auth, tokens of 300 s", phased, false, true}, agent(options_of_agent)));

  bool good = fleet.kept();
  if (!options.picture.empty()) {
    const auto curves = [](const auto& ours, const auto& jittered, const auto& regular) {
      return std::vector<Curve>{{"connect-auth", "#0b5fa5", 2.5, &ours},
                                {"full jitter, 1 s to 300 s", "#e08214", 1.2, &jittered},
                                {"every 10 s", "#b5b5b5", 0.7, &regular}};
    };
    good = KeepPicture(
               options,
               Draw({{"All devices start in the second in which the server goes",
                      curves(agent_b, jitter_b, fixed_b)},
                     {"Tokens of an hour, got at any time", curves(agent_a, jitter_a, fixed_a)}},
                    n)) &&
           good;
  }
  return options.check && !good ? 1 : 0;
}

}  // namespace
}  // namespace connect_auth::fleet

int main(int argc, char** argv) {
  connect_auth::fleet::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--check") {
      options.check = true;
    } else if (argument == "--devices" && i + 1 < argc) {
      options.devices = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    } else if (argument == "--picture" && i + 1 < argc) {
      options.picture = argv[++i];
    } else {
      std::fprintf(stderr, "usage: connect_auth_fleet [--devices N] [--picture FILE] [--check]\n");
      return 2;
    }
  }
  if (options.devices < 1000) {
    std::fprintf(stderr, "connect_auth_fleet: a fleet has at least 1000 devices\n");
    return 2;
  }
  return connect_auth::fleet::Run(options);
}
