// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/ring_sweep.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/store/ring_storage.h"
#include "tests/fake/fake_flash.h"

namespace connect_auth::tests {
namespace {

using fake::FakeFlash;
using fake::Tear;
using Octets = std::vector<std::uint8_t>;

constexpr int kNone = -1;
constexpr std::uint64_t kMostFailures = 12;
constexpr std::string_view kSecret = "to be wiped";

/// What may be stored under a name: what was acknowledged, or what was on its way.
struct Expected {
  int acknowledged = kNone;
  int under_way = kNone;
  bool erased = false;  ///< Its erasing was acknowledged, so it has to be wiped.

  bool Allows(int found) const { return found == acknowledged || found == under_way; }
  void Acknowledge(int value) { acknowledged = under_way = value; }
};

struct Expectations {
  Expected state;
  Expected session;
};

/// A part with its contents and its driver, to be copied.
class World {
 public:
  explicit World(const SweepCase& sweep)
      : medium_(sweep.geometry.size(), 0xFF),
        undecided_(sweep.undecided ? sweep.geometry.size() : 0),
        flash_(medium_, sweep.geometry, undecided_),
        start_driver_(sweep.start_driver) {
    flash_.SetEccErrors(sweep.ecc_errors);
    StartDriver();
  }
  World(const World& other)
      : medium_(other.medium_),
        undecided_(other.undecided_),
        flash_(other.flash_.Over(medium_, undecided_)),
        start_driver_(other.start_driver_) {
    StartDriver();
  }
  World& operator=(const World& other) {
    medium_ = other.medium_;
    undecided_ = other.undecided_;
    flash_ = other.flash_.Over(medium_, undecided_);
    start_driver_ = other.start_driver_;
    StartDriver();
    return *this;
  }
  ~World() = default;

  void PowerOn() {
    flash_.PowerOn();
    StartDriver();
  }

  FakeFlash& part() { return flash_; }
  /// The part as its user sees it: through its driver, where there is one.
  Flash& flash() { return driver_ != nullptr ? driver_->flash() : flash_; }
  Octets& medium() { return medium_; }

 private:
  void StartDriver() { driver_ = start_driver_ != nullptr ? start_driver_(flash_) : nullptr; }

  Octets medium_;
  Octets undecided_;
  FakeFlash flash_;
  DriverStarter start_driver_;
  std::unique_ptr<SweepDriver> driver_;
};

class Sweeper {
 public:
  explicit Sweeper(const SweepCase& sweep)
      : sweep_(sweep), largest_(RingStorage::LargestRecord(sweep.geometry)) {}

  SweepTally CutEverywhere();
  SweepTally FlipBits(std::uint32_t flips);
  SweepTally WearOut(std::uint32_t bits);

 private:
  static constexpr std::string_view kState = "state";
  static constexpr std::string_view kSession = "tls_session";
  /// A value that no session has, for what a second cut interrupts, and for afterwards.
  static constexpr int kNextUpdate = 1000;
  static constexpr int kLater = 2000;

  std::size_t LengthOf(int value) const;
  Octets StateOf(int value) const;
  static Octets SessionOf(int value);
  int FindState(RingStorage& ring, const char*& wrong);
  int FindSession(RingStorage& ring, const char*& wrong);

  static bool Idle(RingStorage& ring);
  bool Update(RingStorage& ring, int value, Expectations& expect);
  void RunSession(World& world, int value, Expectations& expect);
  bool Boot(World& world, Expectations& expect, const char*& wrong);
  void CheckAndReport(const World& torn, const Expectations& expect);
  const char* CheckAfterCut(World world, Expectations expect, bool count);
  static bool IsWiped(World& world);
  const char* CheckWiped(World& world);
  static std::uint32_t MovesOf(World& world);
  const char* UpdateAndReboot(World& world, int from, int to);
  void StickBits(std::uint32_t bits);
  void SpoilBlock();
  void CutTwice(const World& world, const Expectations& expect);
  void Report(const char* what, std::uint32_t second_cut, Tear second_tear);

  SweepCase sweep_;
  std::size_t largest_;
  SweepTally tally_;
  int update_ = 0;
  std::uint32_t cut_ = 0;
  Tear tear_ = Tear::kNothing;
};

std::size_t Sweeper::LengthOf(int value) const {
  const std::size_t n = static_cast<std::size_t>(value);
  switch (sweep_.lengths) {
    case Lengths::kSteady:
      return 1100;
    case Lengths::kVaried:
      return 700 + n * 137 % 900;
    case Lengths::kExact:
      return n % 3 != 0 ? largest_ : 900;
    case Lengths::kSmall:
      return 20 + n * 37 % 150;
  }
  return 0;
}

Octets Sweeper::StateOf(int value) const {
  Octets octets(LengthOf(value));
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<std::uint8_t>(static_cast<std::size_t>(value) * 7 + i * 13 + i / 256);
  }
  octets[0] = static_cast<std::uint8_t>(value >> 8);
  octets[1] = static_cast<std::uint8_t>(value);
  return octets;
}

Octets Sweeper::SessionOf(int value) {
  Octets octets(150, static_cast<std::uint8_t>(value * 3));
  octets[0] = static_cast<std::uint8_t>(value >> 8);
  octets[1] = static_cast<std::uint8_t>(value);
  CopyBytes(AsBytes(kSecret), Bytes(octets).subspan(2));
  return octets;
}

int Sweeper::FindState(RingStorage& ring, const char*& wrong) {
  Octets found(sweep_.geometry.block_bytes);
  const IoResult loaded = ring.Load(kState, found);
  if (!loaded.ok()) {
    wrong = loaded.status() == Status::kNotFound ? wrong : "the state cannot be loaded";
    return kNone;
  }
  found.resize(loaded.bytes());
  const int value = found.size() < 2 ? kNone : found[0] << 8 | found[1];
  wrong = value == kNone || found != StateOf(value) ? "garbage" : wrong;
  return value;
}

int Sweeper::FindSession(RingStorage& ring, const char*& wrong) {
  Octets found(256);
  const IoResult loaded = ring.Load(kSession, found);
  if (!loaded.ok()) {
    wrong = loaded.status() == Status::kNotFound ? wrong : "the session cannot be loaded";
    return kNone;
  }
  found.resize(loaded.bytes());
  const int value = found.size() < 2 ? kNone : found[0] << 8 | found[1];
  wrong = value == kNone || found != SessionOf(value) ? "garbage in the session" : wrong;
  return value;
}

/// @return  Whether idle work came to an end, and a good one.
bool Sweeper::Idle(RingStorage& ring) {
  constexpr int kMostCalls = 1000;
  Status status = Status::kPending;
  for (int call = 0; status == Status::kPending && call < kMostCalls; ++call) {
    status = ring.Idle();
  }
  return status == Status::kOk;
}

/// One session of a device: a new state, now and then another record, which is erased again later.
///
/// @return  Whether all of it was acknowledged.
bool Sweeper::Update(RingStorage& ring, int value, Expectations& expect) {
  constexpr int kStoreSession = 2;
  constexpr int kEraseSession = 5;
  expect.state.under_way = value;
  if (ring.Store(kState, StateOf(value)) != Status::kOk) {
    return false;
  }
  expect.state.Acknowledge(value);
  if (!Idle(ring)) {
    return false;
  }
  if (sweep_.lengths == Lengths::kExact) {
    return true;
  }
  if (value % kStoreSession == 0) {
    expect.session.under_way = value;
    expect.session.erased = false;
    if (ring.Store(kSession, SessionOf(value)) != Status::kOk) {
      return false;
    }
    expect.session.Acknowledge(value);
  }
  if (value % kEraseSession == kEraseSession - 1) {
    expect.session.under_way = kNone;
    if (ring.Erase(kSession) != Status::kOk) {
      return false;
    }
    expect.session.Acknowledge(kNone);
    expect.session.erased = true;
  }
  return Idle(ring);
}

void Sweeper::RunSession(World& world, int value, Expectations& expect) {
  RingStorage ring(world.flash());
  static_cast<void>(Update(ring, value, expect));
}

/// Boots and looks. What was found is what is expected from then on.
bool Sweeper::Boot(World& world, Expectations& expect, const char*& wrong) {
  world.PowerOn();
  RingStorage ring(world.flash());
  if (ring.Mount() != Status::kOk) {
    wrong = "does not mount";
    return false;
  }
  const int state = FindState(ring, wrong);
  const int session = FindSession(ring, wrong);
  if (wrong == nullptr && !expect.state.Allows(state)) {
    wrong = "the state is neither the old nor the new one";
  }
  if (wrong == nullptr && !expect.session.Allows(session)) {
    wrong = "the session is neither the old nor the new one";
  }
  expect.state.Acknowledge(state);
  expect.session.Acknowledge(session);
  return wrong == nullptr;
}

bool Sweeper::IsWiped(World& world) {
  return AsText(world.medium()).find(kSecret) == std::string_view::npos;
}

const char* Sweeper::CheckWiped(World& world) {
  world.PowerOn();
  RingStorage ring(world.flash());
  if (!Idle(ring)) {
    return "idle work fails";
  }
  return IsWiped(world) ? nullptr : "not wiped";
}

/// Three boots that find the same; then updates that succeed, and are found by the next boot.
///
/// @return  What is wrong, or null.
const char* Sweeper::CheckAfterCut(World world, Expectations expect, bool count) {
  constexpr int kBoots = 3;
  constexpr int kUpdates = 6;
  const char* wrong = nullptr;
  const int new_state = expect.state.under_way;
  for (int boot = 0; boot < kBoots; ++boot) {
    if (!Boot(world, expect, wrong)) {
      return boot == 0 ? wrong : "a later boot finds something else";
    }
  }
  if (count) {
    ++(expect.state.acknowledged == new_state ? tally_.kept_new : tally_.kept_old);
  }
  if (expect.session.erased && (wrong = CheckWiped(world)) != nullptr) {
    return wrong;
  }
  world.PowerOn();
  RingStorage ring(world.flash());
  for (int value = kLater; value < kLater + kUpdates; ++value) {
    if (!Update(ring, value, expect)) {
      return "a later update fails";
    }
    World after(world);
    Expectations later = expect;
    if (!Boot(after, later, wrong) || (sweep_.undecided && !Boot(after, later, wrong))) {
      return "a later update is lost";
    }
  }
  return world.part().violations() == 0 ? nullptr : "flash was programmed against its rules";
}

void Sweeper::Report(const char* what, std::uint32_t second_cut, Tear second_tear) {
  ++tally_.failures;
  const FlashGeometry& geometry = sweep_.geometry;
  std::fprintf(stderr,
               "%s: %" PRIu32 " x %" PRIu32 ", unit %" PRIu32
               "%s%s%s, lengths %d, update %d, cut %" PRIu32 " tear %d, second cut %" PRIu32
               " tear %d\n",
               what, geometry.block_count, geometry.block_bytes, geometry.program_bytes,
               geometry.reprogrammable ? "" : ", ECC", sweep_.undecided ? ", undecided bits" : "",
               sweep_.ecc_errors ? ", ECC errors" : "", static_cast<int>(sweep_.lengths), update_,
               cut_, static_cast<int>(tear_), second_cut, static_cast<int>(second_tear));
}

/// A few bits in doubt can come out right by chance, and wrong the next time: then it is tried
/// often.
void Sweeper::CheckAndReport(const World& torn, const Expectations& expect) {
  const int tries = sweep_.undecided && tear_ == Tear::kAlmost ? 12 : 1;
  World world(torn);
  for (int attempt = 0; attempt < tries; ++attempt) {
    const char* const wrong = CheckAfterCut(world, expect, attempt == 0);
    if (wrong != nullptr) {
      return Report(wrong, 0, Tear::kNothing);
    }
    world.PowerOn();
  }
}

/// Cuts at every operation of the recovery from a cut, and of the update after it.
void Sweeper::CutTwice(const World& world, const Expectations& expect) {
  for (const Tear tear : fake::kTears) {
    for (std::uint32_t cut = 1; tally_.failures < kMostFailures; ++cut) {
      World again(world);
      Expectations now = expect;
      again.PowerOn();
      again.part().CutAt(again.part().changes() + cut, tear);
      RingStorage ring(again.flash());
      if (ring.Mount() == Status::kOk && again.part().is_powered()) {
        const char* wrong = nullptr;
        now.state.Acknowledge(FindState(ring, wrong));
        now.session.Acknowledge(FindSession(ring, wrong));
        static_cast<void>(Update(ring, kNextUpdate, now));
      }
      if (again.part().is_powered()) {
        break;
      }
      ++tally_.second_cuts;
      const char* const wrong = CheckAfterCut(again, now, false);
      if (wrong != nullptr) {
        Report(wrong, cut, tear);
      }
    }
  }
}

SweepTally Sweeper::CutEverywhere() {
  World world(sweep_);
  Expectations expect;
  std::array<std::uint32_t, fake::kTears.size()> counts{};
  for (update_ = 0; update_ < static_cast<int>(sweep_.updates); ++update_) {
    for (const Tear tear : fake::kTears) {
      tear_ = tear;
      for (cut_ = 1; tally_.failures < kMostFailures; cut_ += sweep_.cuts_every) {
        World torn(world);
        Expectations now = expect;
        torn.part().CutAt(torn.part().changes() + cut_, tear);
        RunSession(torn, update_, now);
        if (torn.part().is_powered()) {
          break;
        }
        ++tally_.cuts;
        CheckAndReport(torn, now);
        std::uint32_t& count = counts[static_cast<std::size_t>(tear)];
        if (sweep_.second_cuts_every != 0 && ++count % sweep_.second_cuts_every == 0) {
          CutTwice(torn, now);
        }
      }
    }
    // Without a cut: and with idle work done before, a store erases nothing.
    World undisturbed(world);
    RingStorage ring(undisturbed.flash());
    if (update_ > 1 && (ring.Store(kState, StateOf(update_)) != Status::kOk ||
                        undisturbed.part().erases() != world.part().erases())) {
      Report("a store erases", 0, Tear::kNothing);
    }
    RunSession(world, update_, expect);
    if (expect.session.erased && !IsWiped(world)) {
      Report("not wiped without a reset", 0, Tear::kNothing);
    }
  }
  return tally_;
}

std::uint32_t Sweeper::MovesOf(World& world) {
  RingStorage ring(world.flash());
  return ring.Mount() == Status::kOk ? ring.moves() : 0;
}

SweepTally Sweeper::FlipBits(std::uint32_t flips) {
  World world(sweep_);
  Expectations expect;
  // After a move there is none before the newest.
  bool moved = false;
  for (update_ = 0; update_ < static_cast<int>(sweep_.updates); ++update_) {
    const std::uint32_t moves = MovesOf(world);
    RunSession(world, update_, expect);
    moved = MovesOf(world) != moves;
  }
  expect.state.under_way = expect.state.acknowledged - 1;
  std::uint32_t random = 1;
  for (std::uint32_t flip = 0; flip < flips; ++flip) {
    random = random * 1664525 + 1013904223;
    World rotten(world);
    const std::size_t at = random / 8 % rotten.medium().size();
    rotten.medium()[at] = static_cast<std::uint8_t>(rotten.medium()[at] ^ 1U << random % 8);
    ++tally_.cuts;
    RingStorage ring(rotten.flash());
    const char* wrong = nullptr;
    const int found = FindState(ring, wrong);
    static_cast<void>(FindSession(ring, wrong));
    ++(found == expect.state.acknowledged ? tally_.kept_new : tally_.kept_old);
    if (wrong == nullptr && !expect.state.Allows(found) && !(found == kNone && moved)) {
      wrong = "neither the newest record nor the one before";
    }
    if (wrong == nullptr && (ring.Store(kState, StateOf(kNextUpdate)) != Status::kOk ||
                             FindState(ring, wrong) != kNextUpdate)) {
      wrong = "the next update fails";
    }
    if (wrong != nullptr) {
      cut_ = random;
      Report(wrong, 0, Tear::kNothing);
    }
  }
  return tally_;
}

/// Each update from a boot of its own, and found by the next one.
const char* Sweeper::UpdateAndReboot(World& world, int from, int to) {
  Expectations expect;
  for (int value = from; value < to; ++value) {
    RingStorage ring(world.flash());
    const char* wrong = nullptr;
    if (!Update(ring, value, expect)) {
      return "an update fails";
    }
    RingStorage rebooted(world.flash());
    if (FindState(rebooted, wrong) != value) {
      return "an update is lost";
    }
  }
  return nullptr;
}

/// Every other one in the marks of a block.
void Sweeper::StickBits(std::uint32_t bits) {
  constexpr int kUpdates = 12;
  constexpr std::uint32_t kMarkBytes = 32;
  std::uint32_t random = 7;
  for (std::uint32_t bit = 0; bit < bits; ++bit) {
    random = random * 1664525 + 1013904223;
    World world(sweep_);
    std::uint32_t at = (random >> 8) % sweep_.geometry.size();
    if (bit % 4 < 2) {
      at = at / sweep_.geometry.block_bytes * sweep_.geometry.block_bytes + at % kMarkBytes;
    }
    world.part().SetStuck(at, static_cast<std::uint8_t>(1U << (random >> 4) % 8),
                          bit % 2 == 0 ? 0xFF : 0);
    ++tally_.cuts;
    const char* const wrong = UpdateAndReboot(world, 0, kUpdates);
    if (wrong != nullptr) {
      cut_ = at;
      Report(wrong, 0, Tear::kNothing);
    }
  }
}

void Sweeper::SpoilBlock() {
  constexpr int kUpdates = 20;
  constexpr std::uint32_t kBad = 2;
  // Two attempts, and two more when another block has shown that the part works.
  constexpr std::uint32_t kMostErases = 4;
  World world(sweep_);
  world.part().SetBad(kBad);
  ++tally_.cuts;
  const char* wrong = UpdateAndReboot(world, 0, kUpdates);
  if (wrong == nullptr && world.part().erases(kBad) > kMostErases) {
    wrong = "a bad block is erased again and again";
  }
  if (wrong != nullptr) {
    Report(wrong, 0, Tear::kNothing);
  }
}

SweepTally Sweeper::WearOut(std::uint32_t bits) {
  StickBits(bits);
  SpoilBlock();
  return tally_;
}

}  // namespace

SweepTally Sweep(const SweepCase& sweep) {
  return Sweeper(sweep).CutEverywhere();
}

SweepTally FlipBits(const SweepCase& sweep, std::uint32_t flips) {
  return Sweeper(sweep).FlipBits(flips);
}

SweepTally WearOut(const SweepCase& sweep, std::uint32_t bits) {
  return Sweeper(sweep).WearOut(bits);
}

}  // namespace connect_auth::tests
