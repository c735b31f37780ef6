// SPDX-License-Identifier: Apache-2.0
//
// usage: test_agent_ring_power_cuts [--full]    --full: every combination, for hours; see tests/run
#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "tests/agent/ring_sweep.h"

namespace connect_auth::tests {
namespace {

constexpr std::uint32_t kFlips = 10'000;
constexpr std::uint32_t kStuckBits = 500;

std::uint64_t failures = 0;

void Print(const char* kind, const SweepCase& sweep, const SweepTally& tally) {
  const FlashGeometry& geometry = sweep.geometry;
  std::printf("%-10s %u x %2u KB, unit %2u%s, lengths %d%s%s: %8" PRIu64 " first, %9" PRIu64
              " second; old %" PRIu64 ", new %" PRIu64 ", wrong %" PRIu64 "\n",
              kind, geometry.block_count, geometry.block_bytes / 1024, geometry.program_bytes,
              geometry.reprogrammable ? "    " : " ECC", static_cast<int>(sweep.lengths),
              sweep.undecided ? ", undecided bits" : "", sweep.ecc_errors ? ", ECC errors" : "",
              tally.cuts, tally.second_cuts, tally.kept_old, tally.kept_new, tally.failures);
  std::fflush(stdout);
  failures += tally.failures;
}

void Damage(const SweepCase& sweep) {
  Print("bit flips", sweep, FlipBits(sweep, kFlips));
  Print("stuck bits", sweep, WearOut(sweep, kStuckBits));
}

/// Once something is wrong the rest would only say it again.
void CutPower(const SweepCase& sweep) {
  if (failures == 0) {
    Print("power cuts", sweep, Sweep(sweep));
  }
}

/// A few of each kind.
void RunQuick() {
  constexpr std::uint32_t kSmall = 4096;
  constexpr std::uint32_t kLarge = 65536;
  CutPower({{kSmall, 2, 1, true}, Lengths::kVaried, 8});
  CutPower({{kSmall, 3, 16, true}, Lengths::kExact, 7});
  CutPower({{kSmall, 4, 8, true}, Lengths::kSteady, 6, false, false, 40});
  CutPower({{kSmall, 8, 32, true}, Lengths::kSmall, 12});
  CutPower({{kSmall, 3, 1, true}, Lengths::kSteady, 8, true});
  CutPower({{kSmall, 3, 16, true}, Lengths::kVaried, 6, true, false, 60});
  CutPower({{kSmall, 2, 32, false}, Lengths::kVaried, 6});
  CutPower({{kSmall, 3, 16, false}, Lengths::kSteady, 6, true});
  CutPower({{kSmall, 4, 8, false}, Lengths::kVaried, 6, false, true});
  CutPower({{kLarge, 2, 1, true}, Lengths::kVaried, 2});
  Damage({{kSmall, 4, 1, true}, Lengths::kSteady, 12});
}

void RunFull() {
  for (const bool reprogrammable : {true, false}) {
    for (const std::uint32_t unit : {1U, 4U, 8U, 16U, 32U}) {
      for (const std::uint32_t blocks : {2U, 3U, 4U, 8U}) {
        for (const Lengths lengths :
             {Lengths::kSteady, Lengths::kVaried, Lengths::kExact, Lengths::kSmall}) {
          const FlashGeometry small{4096, blocks, unit, reprogrammable};
          CutPower({small, lengths, 200});
          CutPower({small, lengths, 40, true});
          CutPower({small, lengths, 12, false, false, 7});
          if (reprogrammable) {
            CutPower({small, lengths, 12, true, false, 7});
          } else {
            CutPower({small, lengths, 40, false, true});
          }
          if (blocks > 3) {
            Damage({small, lengths, 12});
          }
        }
        CutPower({{65536, blocks, unit, reprogrammable}, Lengths::kVaried, 60});
      }
    }
  }
}

int Run(bool full) {
  full ? RunFull() : RunQuick();
  std::printf("%" PRIu64 " wrong\n", failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace connect_auth::tests

int main(int argc, char** argv) {
  return connect_auth::tests::Run(argc == 2 && std::string_view(argv[1]) == "--full");
}
