// SPDX-License-Identifier: Apache-2.0
//
// usage: test_agent_ring_power_cuts [--full [SHARE/SHARES]]
//
// --full: every combination, for about an hour of one core in a release build; or one share of it,
// as 1/2 and 2/2, so that more cores can take one each. It cuts
//   - blocks of 4 KB: each operation of 200 updates, in each of six ways, for each of four kinds of
//     lengths; of 40 also with undecided bits;
//   - after each 31st of those cuts of 8 or 12 updates: each operation of the recovery and of the
//     next update, in each way;
//   - blocks of 64 KB: each operation of 200 updates of varied lengths; each 11th of 12 updates
//   with
//     records that fill a block; second cuts as above, of 4 updates;
//   - units of 1, 4, 8, 16, 32 and 2, 3, 4, 8 blocks for all of them.
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "tests/agent/ring_sweep.h"

namespace connect_auth::tests {
namespace {

constexpr std::uint32_t kFlips = 10'000;
constexpr std::uint32_t kStuckBits = 500;

constexpr std::uint32_t kSmall = 4096;
constexpr std::uint32_t kLarge = 65536;
constexpr std::uint32_t kSecondStride = 31;

/// The sanitizers make all of it nine times as slow, and look at a part: a build without them cuts
/// everywhere.
#ifdef CONNECT_AUTH_CUTS_EVERY
constexpr std::uint32_t kCutsEvery = CONNECT_AUTH_CUTS_EVERY;
#else
constexpr std::uint32_t kCutsEvery = 1;
#endif

SweepTally total;

void Print(const char* kind, const SweepCase& sweep, const SweepTally& tally) {
  const FlashGeometry& geometry = sweep.geometry;
  std::printf("%-10s %u x %2u KB, unit %2u%s, lengths %d%s%s: %8" PRIu64 " first, %9" PRIu64
              " second; old %" PRIu64 ", new %" PRIu64 ", wrong %" PRIu64 "\n",
              kind, geometry.block_count, geometry.block_bytes / 1024, geometry.program_bytes,
              geometry.reprogrammable ? "    " : " ECC", static_cast<int>(sweep.lengths),
              sweep.undecided ? ", undecided bits" : "", sweep.ecc_errors ? ", ECC errors" : "",
              tally.cuts, tally.second_cuts, tally.kept_old, tally.kept_new, tally.failures);
  std::fflush(stdout);
  total.cuts += tally.cuts;
  total.second_cuts += tally.second_cuts;
  total.failures += tally.failures;
}

void Damage(const SweepCase& sweep) {
  Print("bit flips", sweep, FlipBits(sweep, kFlips));
  Print("stuck bits", sweep, WearOut(sweep, kStuckBits));
}

/// Once something is wrong the rest would only say it again.
void CutPower(SweepCase sweep) {
  if (sweep.second_cuts_every == 0) {
    sweep.cuts_every = std::max(sweep.cuts_every, kCutsEvery);
  }
  if (total.failures == 0) {
    Print("power cuts", sweep, Sweep(sweep));
  }
}

/// A few of each kind.
void RunQuick() {
  Damage({.geometry = {kSmall, 4, 1, true}, .lengths = Lengths::kSteady, .updates = 12});
  CutPower({.geometry = {kSmall, 2, 1, true}, .updates = 8});
  CutPower({.geometry = {kSmall, 3, 16, true}, .lengths = Lengths::kExact, .updates = 7});
  CutPower({.geometry = {kSmall, 4, 8, true},
            .lengths = Lengths::kSteady,
            .updates = 6,
            .second_cuts_every = 40});
  CutPower({.geometry = {kSmall, 8, 32, true}, .lengths = Lengths::kSmall, .updates = 12});
  CutPower({.geometry = {kSmall, 3, 1, true},
            .lengths = Lengths::kSteady,
            .updates = 8,
            .undecided = true});
  CutPower({.geometry = {kSmall, 3, 16, true},
            .updates = 6,
            .undecided = true,
            .second_cuts_every = 60});
  CutPower({.geometry = {kSmall, 2, 32, false}, .updates = 6});
  CutPower({.geometry = {kSmall, 3, 16, false},
            .lengths = Lengths::kSteady,
            .updates = 6,
            .undecided = true});
  CutPower({.geometry = {kSmall, 4, 8, false}, .updates = 6, .ecc_errors = true});
  CutPower({.geometry = {kLarge, 2, 1, true}, .updates = 2});
}

/// 200 updates, cut at every operation in every way; and fewer, cut twice.
void CutPowerOf(const FlashGeometry& small) {
  for (const Lengths lengths :
       {Lengths::kSteady, Lengths::kVaried, Lengths::kExact, Lengths::kSmall}) {
    CutPower({.geometry = small, .lengths = lengths, .updates = 200});
    CutPower(
        {.geometry = small, .lengths = lengths, .updates = 12, .second_cuts_every = kSecondStride});
  }
  for (const Lengths lengths : {Lengths::kVaried, Lengths::kExact}) {
    CutPower({.geometry = small, .lengths = lengths, .updates = 40, .undecided = true});
    CutPower({.geometry = small,
              .lengths = lengths,
              .updates = 8,
              .undecided = true,
              .second_cuts_every = kSecondStride});
  }
}

void CutPowerWithEcc(const FlashGeometry& ecc) {
  CutPower({.geometry = ecc, .updates = 40});
  CutPower({.geometry = ecc, .updates = 20, .undecided = true});
  CutPower({.geometry = ecc, .updates = 40, .ecc_errors = true});
  CutPower({.geometry = ecc, .updates = 8, .ecc_errors = true, .second_cuts_every = kSecondStride});
}

/// A record that fills a large block takes a thousand operations.
void CutPowerOfLarge(const FlashGeometry& large) {
  constexpr std::uint32_t kStride = 11;
  CutPower({.geometry = large, .updates = 200});
  CutPower({.geometry = large, .updates = 4, .second_cuts_every = kSecondStride});
  CutPower({.geometry = large, .lengths = Lengths::kExact, .updates = 12, .cuts_every = kStride});
}

void RunFullOn(std::uint32_t blocks, std::uint32_t unit) {
  CutPowerOf({kSmall, blocks, unit, true});
  CutPowerWithEcc({kSmall, blocks, unit, false});
  CutPowerOfLarge({kLarge, blocks, unit, true});
  if (blocks > 3) {
    Damage({.geometry = {kSmall, blocks, unit, true}, .lengths = Lengths::kSteady, .updates = 12});
  }
}

/// @param share  Which share, from 0, of how many `shares` of the geometries.
void RunFull(std::uint32_t share, std::uint32_t shares) {
  constexpr std::array<std::uint32_t, 5> kUnits{1, 4, 8, 16, 32};
  constexpr std::array<std::uint32_t, 4> kBlocks{2, 3, 4, 8};
  std::uint32_t first = 0;  // Another one for each unit, so that no share gets all the large areas.
  for (const std::uint32_t unit : kUnits) {
    std::uint32_t geometry = first++;
    for (const std::uint32_t blocks : kBlocks) {
      if (geometry++ % shares == share) {
        RunFullOn(blocks, unit);
      }
    }
  }
}

int Run(const char* option, const char* part) {
  std::uint32_t share = 1;
  std::uint32_t shares = 1;
  if (option == nullptr) {
    RunQuick();
  } else if (std::string_view(option) == "--full" &&
             (part == nullptr || (std::sscanf(part, "%u/%u", &share, &shares) == 2 && share >= 1 &&
                                  share <= shares))) {
    RunFull(share - 1, shares);
  } else {
    std::fprintf(stderr, "usage: test_agent_ring_power_cuts [--full [SHARE/SHARES]]\n");
    return 2;
  }
  std::printf("%" PRIu64 " first, %" PRIu64 " second cuts, %" PRIu64 " wrong\n", total.cuts,
              total.second_cuts, total.failures);
  return total.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace connect_auth::tests

int main(int argc, char** argv) {
  return connect_auth::tests::Run(argc > 1 ? argv[1] : nullptr, argc > 2 ? argv[2] : nullptr);
}
