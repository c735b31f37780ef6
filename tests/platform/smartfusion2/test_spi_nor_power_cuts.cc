// SPDX-License-Identifier: Apache-2.0
//
// The power goes in the middle of each page program and each erase that the driver of the serial
// NOR asks the part for, in every way that flash may be left: the same sweep as of the ring alone,
// and with the same promises, but through driver, bus and model of the part.
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "platform/smartfusion2/spi_nor.h"
#include "platform/smartfusion2/spi_nor_flash.h"
#include "tests/agent/ring_sweep.h"
#include "tests/fake/fake_clock.h"
#include "tests/platform/smartfusion2/spi_nor_model.h"

namespace connect_auth::tests {
namespace {

using smartfusion2::SpiNor;
using smartfusion2::SpiNorFlash;

/// The ring has all blocks of the part but the first.
class NorDriver final : public SweepDriver {
 public:
  explicit NorDriver(fake::FakeFlash& part)
      : model_(part, clock_), area_(nor_, 1, part.geometry().block_count - 1) {
    static_cast<void>(nor_.Identify());  // Where it fails, so does everything else.
  }

  Flash& flash() override { return area_; }

 private:
  fake::FakeClock clock_;
  test::SpiNorModel model_;
  SpiNor nor_{model_, clock_};
  SpiNorFlash area_;
};

std::unique_ptr<SweepDriver> Start(fake::FakeFlash& part) {
  return std::make_unique<NorDriver>(part);
}

/// A part on which so many blocks are the ring's.
constexpr FlashGeometry PartFor(std::uint32_t blocks) {
  return {SpiNor::kBlockBytes, blocks + 1, 1, true};
}

/// @return  How many promises were broken.
std::uint64_t CutPower(const SweepCase& sweep) {
  const SweepTally tally = Sweep(sweep);
  std::printf("%" PRIu32 " blocks, lengths %d%s: %" PRIu64 " first cuts, %" PRIu64
              " second; old %" PRIu64 ", new %" PRIu64 ", wrong %" PRIu64 "\n",
              sweep.geometry.block_count - 1, static_cast<int>(sweep.lengths),
              sweep.undecided ? ", undecided bits" : "", tally.cuts, tally.second_cuts,
              tally.kept_old, tally.kept_new, tally.failures);
  return tally.failures + (tally.cuts == 0 ? 1 : 0);
}

std::uint64_t Run() {
  return CutPower({.geometry = PartFor(2), .updates = 3, .start_driver = Start}) +
         CutPower({.geometry = PartFor(3),
                   .lengths = Lengths::kSmall,
                   .updates = 3,
                   .start_driver = Start}) +
         CutPower({.geometry = PartFor(2),
                   .lengths = Lengths::kExact,
                   .updates = 3,
                   .cuts_every = 101,
                   .start_driver = Start}) +
         CutPower({.geometry = PartFor(2),
                   .lengths = Lengths::kSmall,
                   .updates = 1,
                   .second_cuts_every = 16,
                   .start_driver = Start}) +
         CutPower({.geometry = PartFor(2),
                   .lengths = Lengths::kSmall,
                   .updates = 2,
                   .undecided = true,
                   .start_driver = Start});
}

}  // namespace
}  // namespace connect_auth::tests

int main() {
  return connect_auth::tests::Run() == 0 ? 0 : 1;
}
