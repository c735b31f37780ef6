// SPDX-License-Identifier: Apache-2.0

#include "tests/port/contract_flash.h"

#include <algorithm>
#include <cstdint>

namespace connect_auth::contract {
namespace {

constexpr std::size_t kPieceBytes = 256;  // A multiple of every legal program_bytes.
constexpr std::uint32_t kHighest = 0xFFFFFFFF;

using Piece = std::array<std::uint8_t, kPieceBytes>;

/// Bytes that differ along the area, with all kinds of bits, none of them 0xFF.
constexpr std::uint8_t PatternAt(std::uint32_t address) {
  return static_cast<std::uint8_t>((address * 151 + address / 251) % 255);
}

Piece PatternPiece(std::uint32_t address) {
  Piece piece;
  for (std::uint32_t i = 0; i < piece.size(); ++i) {
    piece[i] = PatternAt(address + i);
  }
  return piece;
}

void AssertHolds(Flash& flash, std::uint32_t address, ConstBytes expected) {
  Piece found{};
  assert_int_equal(flash.Read(address, Bytes(found).first(expected.size())), Status::kOk);
  assert_memory_equal(found.data(), expected.data(), expected.size());
}

void AssertBlank(Flash& flash, std::uint32_t block) {
  Piece blank;
  blank.fill(0xFF);
  const FlashGeometry geometry = flash.geometry();
  for (std::uint32_t at = 0; at < geometry.block_bytes; at += kPieceBytes) {
    AssertHolds(flash, block * geometry.block_bytes + at, blank);
  }
}

void FillBlock(Flash& flash, std::uint32_t block) {
  const FlashGeometry geometry = flash.geometry();
  assert_int_equal(flash.Erase(block), Status::kOk);
  for (std::uint32_t at = 0; at < geometry.block_bytes; at += kPieceBytes) {
    const std::uint32_t address = block * geometry.block_bytes + at;
    assert_int_equal(flash.Program(address, PatternPiece(address)), Status::kOk);
  }
}

void AssertFilled(Flash& flash, std::uint32_t block) {
  const FlashGeometry geometry = flash.geometry();
  for (std::uint32_t at = 0; at < geometry.block_bytes; at += kPieceBytes) {
    const std::uint32_t address = block * geometry.block_bytes + at;
    AssertHolds(flash, address, PatternPiece(address));
  }
}

Flash& FlashOf(void** state) {
  return *FixtureOf<FlashFixture>(state).flash;
}

void flash_geometry_keeps_within_its_limits(void** state) {
  const FlashGeometry geometry = FlashOf(state).geometry();

  assert_in_range(geometry.block_bytes, 4096, 262144);
  assert_in_range(geometry.block_count, 2, 255);
  assert_in_range(geometry.program_bytes, 1, 32);
  assert_int_equal(geometry.program_bytes & (geometry.program_bytes - 1), 0);
  assert_int_equal(geometry.block_bytes % geometry.program_bytes, 0);
}

void flash_erased_block_is_blank(void** state) {
  Flash& flash = FlashOf(state);

  for (std::uint32_t block = 0; block < flash.geometry().block_count; ++block) {
    FillBlock(flash, block);
    assert_int_equal(flash.Erase(block), Status::kOk);
    AssertBlank(flash, block);
  }
}

void flash_erase_leaves_other_blocks_alone(void** state) {
  Flash& flash = FlashOf(state);
  const std::uint32_t count = flash.geometry().block_count;

  for (std::uint32_t victim = 0; victim < count; victim += count - 1) {
    FillBlock(flash, 0);
    FillBlock(flash, 1);
    FillBlock(flash, count - 1);
    assert_int_equal(flash.Erase(victim), Status::kOk);

    for (const std::uint32_t other : {std::uint32_t{0}, std::uint32_t{1}, count - 1}) {
      if (other != victim) {
        AssertFilled(flash, other);
      }
    }
  }
}

void flash_programmed_bytes_are_read_back(void** state) {
  Flash& flash = FlashOf(state);

  FillBlock(flash, 0);

  AssertFilled(flash, 0);
}

void flash_smallest_unit_is_programmed_without_touching_its_neighbours(void** state) {
  Flash& flash = FlashOf(state);
  const std::uint32_t unit = flash.geometry().program_bytes;
  Piece expected;
  expected.fill(0xFF);
  assert_int_equal(flash.Erase(0), Status::kOk);

  std::fill_n(expected.begin() + unit, unit, std::uint8_t{0x5A});
  assert_int_equal(flash.Program(unit, ConstBytes(expected).subspan(unit, unit)), Status::kOk);

  AssertHolds(flash, 0, expected);
}

void flash_last_unit_of_the_area_can_be_programmed(void** state) {
  Flash& flash = FlashOf(state);
  const FlashGeometry geometry = flash.geometry();
  const std::uint32_t last = geometry.size() - geometry.program_bytes;
  const Piece data = PatternPiece(last);
  const ConstBytes unit = ConstBytes(data).first(geometry.program_bytes);
  assert_int_equal(flash.Erase(geometry.block_count - 1), Status::kOk);

  assert_int_equal(flash.Program(last, unit), Status::kOk);

  AssertHolds(flash, last, unit);
}

void flash_programmed_again_only_clears_bits(void** state) {
  Flash& flash = FlashOf(state);
  if (!flash.geometry().reprogrammable) {
    skip();
  }
  Piece first;
  Piece second;
  first.fill(0xF3);
  second.fill(0x31);
  assert_int_equal(flash.Erase(0), Status::kOk);

  assert_int_equal(flash.Program(0, first), Status::kOk);
  AssertHolds(flash, 0, first);
  assert_int_equal(flash.Program(0, second), Status::kOk);

  AssertHolds(flash, 0, second);
}

void flash_read_of_any_size_at_any_address_gives_the_same_bytes(void** state) {
  Flash& flash = FlashOf(state);
  FillBlock(flash, 0);

  for (std::uint32_t size = 1; size <= 67; ++size) {
    for (std::uint32_t address = 0; address < 5; ++address) {
      const Piece expected = PatternPiece(address);
      Piece found{};
      assert_int_equal(flash.Read(address, Bytes(found).first(size)), Status::kOk);
      assert_memory_equal(found.data(), expected.data(), size);
      assert_int_equal(found[size], 0);
    }
  }
}

void flash_read_across_two_blocks_gives_both(void** state) {
  Flash& flash = FlashOf(state);
  const std::uint32_t border = flash.geometry().block_bytes;
  FillBlock(flash, 0);
  FillBlock(flash, 1);

  AssertHolds(flash, border - 100, PatternPiece(border - 100));
}

void flash_range_outside_the_area_is_an_invalid_argument(void** state) {
  Flash& flash = FlashOf(state);
  const FlashGeometry geometry = flash.geometry();
  const std::uint32_t unit = geometry.program_bytes;
  Piece piece{};
  const Bytes one = Bytes(piece).first(unit);
  const Bytes two = Bytes(piece).first(std::size_t{2} * unit);

  assert_int_equal(flash.Read(geometry.size(), one), Status::kInvalidArgument);
  assert_int_equal(flash.Read(geometry.size() - unit, two), Status::kInvalidArgument);
  assert_int_equal(flash.Read(kHighest, two), Status::kInvalidArgument);
  assert_int_equal(flash.Program(geometry.size(), one), Status::kInvalidArgument);
  assert_int_equal(flash.Program(geometry.size() - unit, two), Status::kInvalidArgument);
  assert_int_equal(flash.Program(kHighest - unit + 1, two), Status::kInvalidArgument);
  assert_int_equal(flash.Erase(geometry.block_count), Status::kInvalidArgument);
  assert_int_equal(flash.Erase(kHighest), Status::kInvalidArgument);
}

void flash_program_across_blocks_is_an_invalid_argument(void** state) {
  Flash& flash = FlashOf(state);
  const FlashGeometry geometry = flash.geometry();
  const std::uint32_t unit = geometry.program_bytes;
  const Piece piece{};
  FillBlock(flash, 0);
  FillBlock(flash, 1);

  const Status status =
      flash.Program(geometry.block_bytes - unit, ConstBytes(piece).first(std::size_t{2} * unit));

  assert_int_equal(status, Status::kInvalidArgument);
  AssertFilled(flash, 0);
  AssertFilled(flash, 1);
}

void flash_program_not_aligned_is_an_invalid_argument(void** state) {
  Flash& flash = FlashOf(state);
  const std::uint32_t unit = flash.geometry().program_bytes;
  if (unit == 1) {
    skip();
  }
  const Piece piece{};
  const ConstBytes data(piece);
  assert_int_equal(flash.Erase(0), Status::kOk);

  assert_int_equal(flash.Program(unit / 2, data.first(unit)), Status::kInvalidArgument);
  assert_int_equal(flash.Program(0, data.first(unit / 2)), Status::kInvalidArgument);
  assert_int_equal(flash.Program(0, data.first(unit + unit / 2)), Status::kInvalidArgument);

  AssertBlank(flash, 0);
}

void flash_contents_survive_a_reboot(void** state) {
  FlashFixture& fixture = FixtureOf<FlashFixture>(state);
  if (fixture.reboot == nullptr) {
    skip();
  }
  FillBlock(*fixture.flash, 0);
  assert_int_equal(fixture.flash->Erase(1), Status::kOk);

  fixture.reboot(fixture);

  AssertFilled(*fixture.flash, 0);
  AssertBlank(*fixture.flash, 1);
}

void flash_that_does_not_answer_is_unavailable(void** state) {
  const FlashFixture& fixture = FixtureOf<FlashFixture>(state);
  if (fixture.set_broken == nullptr) {
    skip();
  }
  Piece piece{};

  fixture.set_broken(fixture.context, true);
  const Status read = fixture.flash->Read(0, piece);
  const Status program = fixture.flash->Program(0, piece);
  const Status erase = fixture.flash->Erase(0);
  fixture.set_broken(fixture.context, false);

  assert_int_equal(read, Status::kUnavailable);
  assert_int_equal(program, Status::kUnavailable);
  assert_int_equal(erase, Status::kUnavailable);
}

void flash_that_answers_again_works_again(void** state) {
  const FlashFixture& fixture = FixtureOf<FlashFixture>(state);
  if (fixture.set_broken == nullptr) {
    skip();
  }

  fixture.set_broken(fixture.context, true);
  static_cast<void>(fixture.flash->Erase(0));
  fixture.set_broken(fixture.context, false);

  FillBlock(*fixture.flash, 0);
  AssertFilled(*fixture.flash, 0);
}

}  // namespace

Suite<15> FlashSuite(FlashFixture& fixture) {
  return {
      CONNECT_AUTH_CONTRACT(fixture, flash_geometry_keeps_within_its_limits),
      CONNECT_AUTH_CONTRACT(fixture, flash_erased_block_is_blank),
      CONNECT_AUTH_CONTRACT(fixture, flash_erase_leaves_other_blocks_alone),
      CONNECT_AUTH_CONTRACT(fixture, flash_programmed_bytes_are_read_back),
      CONNECT_AUTH_CONTRACT(fixture,
                            flash_smallest_unit_is_programmed_without_touching_its_neighbours),
      CONNECT_AUTH_CONTRACT(fixture, flash_last_unit_of_the_area_can_be_programmed),
      CONNECT_AUTH_CONTRACT(fixture, flash_programmed_again_only_clears_bits),
      CONNECT_AUTH_CONTRACT(fixture, flash_read_of_any_size_at_any_address_gives_the_same_bytes),
      CONNECT_AUTH_CONTRACT(fixture, flash_read_across_two_blocks_gives_both),
      CONNECT_AUTH_CONTRACT(fixture, flash_range_outside_the_area_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, flash_program_across_blocks_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, flash_program_not_aligned_is_an_invalid_argument),
      CONNECT_AUTH_CONTRACT(fixture, flash_contents_survive_a_reboot),
      CONNECT_AUTH_CONTRACT(fixture, flash_that_does_not_answer_is_unavailable),
      CONNECT_AUTH_CONTRACT(fixture, flash_that_answers_again_works_again),
  };
}

}  // namespace connect_auth::contract
