// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_layout.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

constexpr RingLayout kLayout{4096, 16};

void ring_layout_crc_is_that_of_ieee_802_3(void**) {
  assert_int_equal(Crc32({}), 0);
  assert_int_equal(Crc32(AsBytes("123456789")), 0xCBF43926);
  assert_int_equal(Crc32(AsBytes("6789"), Crc32(AsBytes("12345"))), 0xCBF43926);
}

void ring_layout_open_mark_reads_as_documented(void**) {
  constexpr OpenMark::Image kExpected = {'C',  'A',  1,    1,    0x00, 0x00, 0x10, 0x10,
                                         0x01, 0x02, 0x03, 0x04, 0x27, 0x19, 0xAB, 0xF5};
  const OpenMark mark{0x01020304, true};

  assert_memory_equal(mark.Encode(kLayout).data(), kExpected.data(), kExpected.size());
}

void ring_layout_open_mark_is_decoded_as_it_was_encoded_and_not_otherwise(void**) {
  const OpenMark mark{77, false};
  OpenMark::Image image = mark.Encode(kLayout);
  OpenMark decoded;
  assert_true(decoded.Decode(image, kLayout));
  assert_int_equal(decoded.epoch, 77);
  assert_false(decoded.wipe_others);

  assert_false(decoded.Decode(image, {8192, 16}));
  assert_false(decoded.Decode(image, {4096, 8}));
  assert_false(decoded.Decode(OpenMark{0, false}.Encode(kLayout), kLayout));
  for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
    image[bit / 8] = static_cast<std::uint8_t>(image[bit / 8] ^ 1U << bit % 8);
    assert_false(decoded.Decode(image, kLayout));
    image[bit / 8] = static_cast<std::uint8_t>(image[bit / 8] ^ 1U << bit % 8);
  }
}

void ring_layout_header_reads_as_documented(void**) {
  constexpr std::array<std::uint8_t, 13> kExpected = {0xA5, 0x00, 0x04, 0x4C, 0x5D, 0xFA, 0x6B,
                                                      0x2F, 't',  'o',  'k',  'e',  'n'};
  const RecordHeader header{RecordHeader::Kind::kRecord, 1100, "token"};
  RecordHeader::Image image;
  header.Encode(image);

  assert_int_equal(header.encoded_size(), kExpected.size());
  assert_memory_equal(image.data(), kExpected.data(), kExpected.size());
}

void ring_layout_header_with_any_one_bit_flipped_is_mended(void**) {
  const RecordHeader header{RecordHeader::Kind::kErased, 0, "fifteen_letters"};
  RecordHeader::Image sound;
  header.Encode(sound);

  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    RecordHeader::Image image = sound;
    image[bit / 8] = static_cast<std::uint8_t>(image[bit / 8] ^ 1U << bit % 8);
    RecordHeader decoded;
    assert_true(decoded.Decode(image));
    assert_true(decoded.kind == RecordHeader::Kind::kErased);
    assert_true(decoded.name == "fifteen_letters");
  }
}

void ring_layout_blank_and_zeroed_flash_is_no_header_and_no_mark(void**) {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
    RecordHeader::Image image;
    image.fill(value);
    RecordHeader header;
    assert_false(header.Decode(image));
    OpenMark::Image mark_image;
    mark_image.fill(value);
    OpenMark mark;
    assert_false(mark.Decode(mark_image, kLayout));
  }
}

void ring_layout_header_of_unknown_kind_is_refused(void**) {
  RecordHeader header;
  header.kind = static_cast<RecordHeader::Kind>(3);
  RecordHeader::Image image{};
  header.Encode(image);
  RecordHeader decoded;

  assert_false(decoded.Decode(image));
}

void ring_layout_commit_mark_is_crc_and_complement(void**) {
  constexpr CommitMark kExpected = {0x12, 0x34, 0x56, 0x78, 0xED, 0xCB, 0xA9, 0x87};

  assert_memory_equal(CommitMarkOf(0x12345678).data(), kExpected.data(), kExpected.size());
}

void ring_layout_fields_begin_on_units(void**) {
  for (const std::uint32_t unit : {8U, 16U, 32U}) {
    const RingLayout layout{4096, unit};
    assert_int_equal(layout.log_at() % unit, 0);
    for (std::size_t name_bytes = 0; name_bytes <= Storage::kMaxNameBytes; ++name_bytes) {
      assert_int_equal(layout.content_at(name_bytes) % unit, 0);
      for (std::size_t size = 0; size <= 33; ++size) {
        assert_int_equal(layout.RecordBytes(name_bytes, size) % unit, 0);
        assert_true(layout.RecordBytes(name_bytes, size) >= layout.content_at(name_bytes) + size);
      }
    }
  }
  assert_int_equal(RingLayout{4096}.log_at(), 48);
  assert_int_equal(kLayout.log_at(), 64);
  assert_int_equal(kLayout.RecordBytes(5, 1100), 16 + 16 + 1104 + 16 + 16);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(ring_layout_crc_is_that_of_ieee_802_3),
      cmocka_unit_test(ring_layout_open_mark_reads_as_documented),
      cmocka_unit_test(ring_layout_open_mark_is_decoded_as_it_was_encoded_and_not_otherwise),
      cmocka_unit_test(ring_layout_header_reads_as_documented),
      cmocka_unit_test(ring_layout_header_with_any_one_bit_flipped_is_mended),
      cmocka_unit_test(ring_layout_blank_and_zeroed_flash_is_no_header_and_no_mark),
      cmocka_unit_test(ring_layout_header_of_unknown_kind_is_refused),
      cmocka_unit_test(ring_layout_commit_mark_is_crc_and_complement),
      cmocka_unit_test(ring_layout_fields_begin_on_units),
  };
  return cmocka_run_group_tests_name("agent/ring_layout", tests, nullptr, nullptr);
}
