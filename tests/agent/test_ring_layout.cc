// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_layout.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

using Kind = RecordHeader::Kind;

constexpr RingLayout kLayout{4096, 16};

void ring_layout_crc_is_that_of_ieee_802_3(void**) {
  assert_int_equal(Crc32({}), 0);
  assert_int_equal(Crc32(AsBytes("123456789")), 0xCBF43926);
  assert_int_equal(Crc32(AsBytes("6789"), Crc32(AsBytes("12345"))), 0xCBF43926);
}

void ring_layout_mark_reads_as_documented(void**) {
  constexpr Mark kExpected = {0x01, 0x02, 0x03, 0x04, 0xCB, 0x70, 0x36, 0xDD};

  assert_memory_equal(kLayout.MarkOf(0x01020304).data(), kExpected.data(), kExpected.size());
}

void ring_layout_mark_is_understood_as_it_was_written_and_not_otherwise(void**) {
  Mark mark = kLayout.MarkOf(77);
  std::uint32_t number = 0;
  assert_true(kLayout.IsMark(mark, number));
  assert_int_equal(number, 77);

  assert_false(RingLayout({8192, 16}).IsMark(mark, number));
  assert_false(RingLayout({4096, 8}).IsMark(mark, number));
  for (std::size_t bit = 0; bit < mark.size() * 8; ++bit) {
    mark[bit / 8] = static_cast<std::uint8_t>(mark[bit / 8] ^ 1U << bit % 8);
    assert_false(kLayout.IsMark(mark, number));
    mark[bit / 8] = static_cast<std::uint8_t>(mark[bit / 8] ^ 1U << bit % 8);
  }
}

void ring_layout_blank_and_zeroed_flash_is_no_mark_in_any_shape(void**) {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
    Mark mark;
    mark.fill(value);
    for (std::uint32_t block_bytes = 4096; block_bytes <= 262144; block_bytes += 256) {
      for (const std::uint32_t unit : {8U, 16U, 32U}) {
        std::uint32_t number;
        assert_false(RingLayout({block_bytes, unit}).IsMark(mark, number));
      }
    }
  }
}

void ring_layout_header_reads_as_documented(void**) {
  constexpr std::array<std::uint8_t, RingLayout::kHeaderBytes> kExpected = {
      0x02, 0x26, 0x00, 0x08, 0x02, 't', 'o', 'k', 'e',  'n',  0,    0,
      0,    0,    0,    0,    0,    0,   0,   0,   0x12, 0xF3, 0xBD, 0x30};
  RecordHeader header(Kind::kRecord, "token", 1100);
  header.Seal(72);

  assert_memory_equal(header.image().data(), kExpected.data(), kExpected.size());
}

void ring_layout_header_holds_the_largest_numbers(void**) {
  RecordHeader header(Kind::kRecord, "fifteen_letters", Storage::kMaxRecordBytes);
  header.Seal(262144);

  assert_true(header.Check());
  assert_int_equal(header.size(), Storage::kMaxRecordBytes);
  assert_int_equal(header.distance(), 262144);
  header.Seal(8);
  assert_int_equal(header.size(), Storage::kMaxRecordBytes);
  assert_int_equal(header.distance(), 8);
}

void ring_layout_header_with_any_one_bit_flipped_is_mended(void**) {
  const RecordHeader named(Kind::kErased, "fifteen_letters", 0);
  RecordHeader sound = named;
  sound.Seal(120);

  for (std::size_t bit = 0; bit < sound.image().size() * 8; ++bit) {
    RecordHeader header = sound;
    std::uint8_t& octet = header.image()[bit / 8];
    octet = static_cast<std::uint8_t>(octet ^ 1U << bit % 8);
    assert_true(header.Check());
    assert_true(header.kind() == Kind::kErased);
    assert_true(header.IsNamedLike(named));
    assert_int_equal(header.size(), 0);
    assert_int_equal(header.distance(), 120);
  }
}

void ring_layout_header_with_two_bits_flipped_is_refused(void**) {
  RecordHeader sound(Kind::kRecord, "token", 1100);
  sound.Seal(120);
  const std::size_t bits = sound.image().size() * 8;

  for (std::size_t first = 0; first < bits; ++first) {
    for (std::size_t second = first + 1; second < bits; ++second) {
      RecordHeader header = sound;
      for (const std::size_t bit : {first, second}) {
        std::uint8_t& octet = header.image()[bit / 8];
        octet = static_cast<std::uint8_t>(octet ^ 1U << bit % 8);
      }
      assert_false(header.Check());
    }
  }
}

void ring_layout_blank_and_zeroed_flash_is_no_header(void**) {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
    RecordHeader header;
    std::fill(header.image().begin(), header.image().end(), value);
    assert_false(header.Check());
  }
}

void ring_layout_header_of_unknown_kind_is_refused(void**) {
  for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{4}, std::uint8_t{0xFF}}) {
    RecordHeader header(static_cast<Kind>(kind), "token", 8);
    header.Seal(72);

    assert_false(header.Check());
  }
}

void ring_layout_fields_begin_on_units(void**) {
  for (const std::uint32_t unit : {8U, 16U, 32U}) {
    const RingLayout layout{4096, unit};
    assert_int_equal(layout.log_at() % unit, 0);
    assert_int_equal(layout.content_at() % unit, 0);
    for (std::size_t size = 0; size <= 33; ++size) {
      assert_int_equal(layout.RecordBytes(size) % unit, 0);
      assert_true(layout.RecordBytes(size) >= layout.content_at() + size + 2 * unit);
    }
  }
  assert_int_equal(RingLayout{4096}.log_at(), 32);
  assert_int_equal(kLayout.log_at(), 64);
  assert_int_equal(kLayout.RecordBytes(1100), 16 + 32 + 1104 + 16 + 16);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(ring_layout_crc_is_that_of_ieee_802_3),
      cmocka_unit_test(ring_layout_mark_reads_as_documented),
      cmocka_unit_test(ring_layout_mark_is_understood_as_it_was_written_and_not_otherwise),
      cmocka_unit_test(ring_layout_blank_and_zeroed_flash_is_no_mark_in_any_shape),
      cmocka_unit_test(ring_layout_header_reads_as_documented),
      cmocka_unit_test(ring_layout_header_holds_the_largest_numbers),
      cmocka_unit_test(ring_layout_header_with_any_one_bit_flipped_is_mended),
      cmocka_unit_test(ring_layout_header_with_two_bits_flipped_is_refused),
      cmocka_unit_test(ring_layout_blank_and_zeroed_flash_is_no_header),
      cmocka_unit_test(ring_layout_header_of_unknown_kind_is_refused),
      cmocka_unit_test(ring_layout_fields_begin_on_units),
  };
  return cmocka_run_group_tests_name("agent/ring_layout", tests, nullptr, nullptr);
}
