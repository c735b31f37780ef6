// SPDX-License-Identifier: Apache-2.0
//
// A ring that somebody else left in flash: whatever it holds, it reads the same each time, what is
// stored from then on is there and nothing else changes, also over reboots and power cuts, and the
// part is used as its contract says. The input draws the image, stroke by stroke, and then says
// what is done. The last octet is the geometry.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/store/ring_storage.h"
#include "tests/fake/fake_flash.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"state", "tls_session", "x"};
constexpr std::array<FlashGeometry, 4> kGeometries = {
    FlashGeometry{4096, 2, 1, true}, FlashGeometry{4096, 3, 8, false},
    FlashGeometry{4352, 2, 16, false}, FlashGeometry{4096, 4, 32, false}};
constexpr std::size_t kMostRecord = 3000;

std::size_t Octet(Input& from) {
  const ConstBytes octet = from.Take(1);
  return octet.empty() ? 0 : octet[0];
}
std::size_t Word(Input& from) {
  const std::size_t high = Octet(from);
  return high << 8 | Octet(from);
}

/// Draws an image: marks and records as a ring makes them, and whatever else.
class Pen {
 public:
  Pen(Bytes medium, const FlashGeometry& geometry)
      : medium_(medium), layout_(RingStorage::LayoutOf(geometry)) {}

  /// @return  false: the image is finished.
  bool Draw(Input& from) {
    switch (Octet(from) % 8) {
      case 0:
        return false;
      case 1:
        BeginBlock(Octet(from));
        return true;
      case 2:
        Mark(layout_.taken_mark_at(), 0);
        return true;
      case 3:
        Open(Octet(from) % 4, from);
        return true;
      case 4:
      case 5:
        Record(from);
        return true;
      case 6:
        Put(Word(from), from.Take(Octet(from) % 64));
        return true;
      default:
        Flip(Word(from));
        return true;
    }
  }

  /// An erased mark vouches for its block, so that nobody looks at every octet again: a mark that
  /// lies is outside of what a ring promises, and what it would lie about is made blank.
  void MakeHonest() {
    for (base_ = 0; base_ < medium_.size(); base_ += layout_.block_bytes) {
      const Bytes block = medium_.subspan(base_, layout_.block_bytes);
      if (HasMark(block) && !HasMark(block.subspan(layout_.open_mark_at())) &&
          !HasMark(block.subspan(layout_.open_copy_at())) &&
          IsBlank(block.subspan(layout_.taken_mark_at(), layout_.unit))) {
        std::fill(block.begin() + layout_.unit, block.end(), std::uint8_t{0xFF});
      }
    }
  }

 private:
  bool HasMark(ConstBytes at) const {
    connect_auth::Mark mark;
    std::uint32_t number = 0;
    CopyBytes(at.first(mark.size()), mark);
    return layout_.IsMark(mark, number);
  }
  static bool IsBlank(ConstBytes octets) {
    return std::all_of(octets.begin(), octets.end(), [](std::uint8_t o) { return o == 0xFF; });
  }
  void Put(std::size_t at, ConstBytes octets) {
    for (const std::uint8_t octet : octets) {
      medium_[(base_ + at++) % medium_.size()] = octet;
    }
  }
  void Mark(std::size_t at, std::size_t number) {
    Put(at, layout_.MarkOf(static_cast<std::uint32_t>(number)));
  }
  void BeginBlock(std::size_t block) {
    base_ = block * layout_.block_bytes % medium_.size();
    at_ = layout_.log_at();
    last_ = 0;
    Mark(0, 0);
  }
  void Open(std::size_t copies, Input& from) {
    const std::size_t epoch = Octet(from) << (Octet(from) % 2 * 24);
    Mark(layout_.taken_mark_at(), 0);
    for (std::size_t i = 0; i < copies && i < 2; ++i) {
      Mark(layout_.open_mark_at() + i * layout_.unit, epoch);
    }
  }
  /// At its end, or begun only.
  void Record(Input& from) {
    const std::size_t traits = Octet(from);
    const ConstBytes content = from.Take(Octet(from));
    RecordHeader header(static_cast<RecordHeader::Kind>(traits % 4), kNames[traits / 4 % 3],
                        content.size());
    header.Seal(static_cast<std::uint32_t>(traits / 16 % 8 == 7 ? 8 : at_ - last_));
    Mark(at_, 0);
    Put(at_ + layout_.header_at(), header.image());
    Put(at_ + layout_.content_at(), content);
    const std::size_t commit = at_ + layout_.commit_at(content.size());
    for (std::size_t i = 0; i < 2 && traits / 16 % 4 != i + 1; ++i) {
      Mark(commit + i * layout_.unit, Crc32(content));
    }
    last_ = at_;
    at_ += layout_.RecordBytes(content.size());
  }
  void Flip(std::size_t bit) {
    std::uint8_t& octet = medium_[(base_ + bit / 8) % medium_.size()];
    octet = static_cast<std::uint8_t>(octet ^ (1U << (bit % 8)));
  }

  Bytes medium_;
  RingLayout layout_;
  std::size_t base_ = 0;
  std::size_t at_ = 0;    // of the next record, in the block
  std::size_t last_ = 0;  // of the one before
};

using Content = std::optional<std::string>;  // None: there is no such record.

/// The device over the image, and what is known of its records.
class Device {
 public:
  Device(Bytes medium, const FlashGeometry& geometry) : flash_(medium, geometry) {
    Boot();
    for (const std::string_view name : kNames) {
      known_[name] = Load(name);
    }
  }

  void Act(Input& from) {
    const std::size_t choice = Octet(from);
    const std::string_view name = kNames[choice / 8 % kNames.size()];
    switch (choice % 8) {
      case 0:
      case 1:
        Store(name, std::string(Word(from) % kMostRecord, static_cast<char>(Octet(from))));
        break;
      case 2:
        Erase(name);
        break;
      case 3:
        Idle();
        break;
      case 4:
        flash_.CutAt(flash_.changes() + 1 + static_cast<std::uint32_t>(choice / 8),
                     fake::kTears[Octet(from) % fake::kTears.size()]);
        break;
      case 5:
        flash_.FailRead(flash_.reads() + 1 + static_cast<std::uint32_t>(Octet(from)));
        break;
      default:
        Boot();
        break;
    }
    if (!flash_.is_powered()) {
      Boot();
    }
    Check(flash_.violations() == 0, "the part is used as its contract says");
    for (const std::string_view other : kNames) {
      Check(Load(other) == known_[other], "nothing else changes");
    }
  }

 private:
  void Boot() {
    flash_.PowerOn();
    ring_.emplace(flash_);
    Check(ring_->Mount() == Status::kOk, "whatever it holds can be mounted");
  }

  Content Load(std::string_view name) {
    const IoResult loaded = ring_->Load(name, room_.bytes());
    Check(loaded.ok() || loaded.status() == Status::kNotFound, "a part that answers is read");
    return loaded.ok() ? Content(room_.text().substr(0, loaded.bytes())) : Content();
  }

  /// What a change came to: `wanted`, or where it failed perhaps the old.
  void Settle(std::string_view name, Status status, const Content& wanted) {
    Check(status == Status::kOk || status == Status::kUnavailable, "a status that is documented");
    if (!flash_.is_powered()) {
      Boot();
    }
    const Content now = Load(name);
    Check(now == wanted || (status != Status::kOk && now == known_[name]), "the old or the new");
    known_[name] = now;
  }

  void Store(std::string_view name, const std::string& content) {
    Settle(name, ring_->Store(name, AsBytes(content)), content);
  }
  void Erase(std::string_view name) { Settle(name, ring_->Erase(name), Content()); }

  void Idle() {
    Status status = Status::kPending;
    for (int i = 0; i < 16 && status == Status::kPending; ++i) {
      status = ring_->Idle();
    }
    Check(status != Status::kPending, "house-keeping ends");
  }

  const Exact room_{5000};  // No geometry has longer records.
  fake::FakeFlash flash_;
  std::optional<RingStorage> ring_;
  std::map<std::string_view, Content> known_;
};

}  // namespace

void Run(ConstBytes octets) {
  constexpr int kMostStrokes = 64;
  constexpr int kMostActs = 24;
  Input input(octets);
  const FlashGeometry geometry = kGeometries[input.Below(kGeometries.size())];
  std::vector<std::uint8_t> medium(geometry.size(), 0xFF);
  Pen pen(medium, geometry);
  for (int i = 0; i < kMostStrokes && pen.Draw(input); ++i) {
  }
  pen.MakeHonest();
  Device device(medium, geometry);
  for (int i = 0; i < kMostActs && !input.empty(); ++i) {
    device.Act(input);
  }
}

}  // namespace connect_auth::fuzz
