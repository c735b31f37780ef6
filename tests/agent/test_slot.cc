// SPDX-License-Identifier: Apache-2.0
#include "agent/session/slot.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string_view>

#include "tests/cmocka.h"

namespace connect_auth {
namespace {

using Purpose = Slot::Purpose;

constexpr std::array kPurposes = {Purpose::kRetry, Purpose::kRenewal, Purpose::kLatch};
constexpr std::uint32_t kFleet = 60000;
constexpr std::size_t kParts = 60;
constexpr std::size_t kSide = 10;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// The id of the n-th device, in the ways that makers number them.
using Numbering = ConstBytes (*)(std::uint32_t n, std::array<char, 32>& room);

ConstBytes Print(std::array<char, 32>& room, const char* format, std::uint32_t n) {
  const int size = std::snprintf(room.data(), room.size(), format, n);
  return AsBytes({room.data(), static_cast<std::size_t>(size)});
}
ConstBytes Octets(std::array<char, 32>& room, std::array<std::uint32_t, 6> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    room[i] = static_cast<char>(values[i] & 0xFF);
  }
  return AsBytes({room.data(), values.size()});
}

constexpr Numbering kNumberings[] = {
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "%u", n); },
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "%08u0", n); },
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "%08u", n * 3); },
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "device-%06u", n); },
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "SN%07u-EU", n); },
    [](std::uint32_t n, std::array<char, 32>& room) { return Print(room, "00a0c9%06x", n); },
    [](std::uint32_t n, std::array<char, 32>& room) {
      return Octets(room, {0, 0xA0, 0xC9, n >> 16, n >> 8, n});
    },
    [](std::uint32_t n, std::array<char, 32>& room) {
      return Octets(room, {0, 0xA0, 0xC9, n >> 12, n >> 4, n << 4});
    },
    [](std::uint32_t n, std::array<char, 32>& room) {
      return Octets(room, {n, n >> 8, n >> 16, 0xC9, 0xA0, 0});
    },
};

std::size_t PartOf(ConstBytes id, Purpose purpose, std::size_t parts) {
  return static_cast<std::size_t>(
      Slot(id, purpose).Of(Millis{static_cast<std::int64_t>(parts)}).count);
}

void slot_spreads_numbered_fleets_more_evenly_than_chance(void**) {
  // 1000 devices a part: chance would let the fullest of 60 have about 1075.
  constexpr std::uint32_t kMostInPart = 1035;
  for (const Numbering& numbering : kNumberings) {
    for (const Purpose purpose : kPurposes) {
      std::array<std::uint32_t, kParts> parts{};
      for (std::uint32_t n = 0; n < kFleet; ++n) {
        std::array<char, 32> room{};
        ++parts[PartOf(numbering(n, room), purpose, kParts)];
      }
      assert_true(*std::max_element(parts.begin(), parts.end()) <= kMostInPart);
    }
  }
}

void slot_for_one_purpose_says_nothing_about_that_for_another(void**) {
  // 600 devices a field: chance would let the fullest of 100 have about 664.
  constexpr std::uint32_t kMostInField = 660;
  for (const Numbering& numbering : kNumberings) {
    for (const Purpose other : {Purpose::kRenewal, Purpose::kLatch}) {
      std::array<std::uint32_t, kSide * kSide> fields{};
      for (std::uint32_t n = 0; n < kFleet; ++n) {
        std::array<char, 32> room{};
        const ConstBytes id = numbering(n, room);
        ++fields[PartOf(id, Purpose::kRetry, kSide) * kSide + PartOf(id, other, kSide)];
      }
      assert_true(*std::max_element(fields.begin(), fields.end()) <= kMostInField);
    }
  }
}

void slot_is_the_same_each_time(void**) {
  const ConstBytes id = AsBytes("00:a0:c9:14:c8:29");
  for (const Purpose purpose : kPurposes) {
    assert_int_equal(Slot(id, purpose).Of(Millis{1000000}).count,
                     Slot(id, purpose).Of(Millis{1000000}).count);
  }
  // A change of the hash moves every device of every fleet: it must not happen unnoticed.
  assert_int_equal(Slot(id, Purpose::kRetry).Of(Millis{1000000}).count, 485256);
  assert_int_equal(Slot(id, Purpose::kRenewal).Of(Millis{1000000}).count, 828890);
  assert_int_equal(Slot(id, Purpose::kLatch).Of(Millis{1000000}).count, 991056);
}

void slot_depends_on_every_octet(void**) {
  std::array<std::uint8_t, 24> id{};
  const std::int64_t before = Slot(id, Purpose::kRetry).Of(Millis{kMost}).count;
  for (std::size_t at = 0; at < id.size(); ++at) {
    for (std::uint32_t value = 1; value < 256; ++value) {
      id[at] = static_cast<std::uint8_t>(value);
      assert_int_not_equal(Slot(id, Purpose::kRetry).Of(Millis{kMost}).count, before);
    }
    id[at] = 0;
  }
}

void slot_lies_within_every_span_and_grows_with_it(void**) {
  for (std::uint32_t n = 0; n < 1000; ++n) {
    std::array<char, 32> room{};
    const Slot slot(Print(room, "%u", n), Purpose::kRetry);
    std::int64_t last = 0;
    for (std::int64_t span = 1; span > 0 && span < kMost / 2; span = span * 2 + n % 2) {
      const std::int64_t place = slot.Of(Millis{span}).count;
      assert_true(place >= last && place < span);
      last = place;
    }
    assert_true(slot.Of(Millis{kMost}).count >= last);
  }
}

void slot_of_no_span_is_its_beginning(void**) {
  const Slot slot(AsBytes("x"), Purpose::kRetry);
  for (const std::int64_t span : {std::int64_t{0}, std::int64_t{-1}, -kMost - 1}) {
    assert_int_equal(slot.Of(Millis{span}).count, 0);
  }
  assert_int_equal(slot.Of(Millis{1}).count, 0);
}

void slot_without_an_id_is_at_the_front(void**) {
  assert_int_equal(Slot().Of(Millis{kMost}).count, 0);
  assert_int_equal(Slot({}, Purpose::kLatch).Of(Millis{kMost}).count, 0);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(slot_spreads_numbered_fleets_more_evenly_than_chance),
      cmocka_unit_test(slot_for_one_purpose_says_nothing_about_that_for_another),
      cmocka_unit_test(slot_is_the_same_each_time),
      cmocka_unit_test(slot_depends_on_every_octet),
      cmocka_unit_test(slot_lies_within_every_span_and_grows_with_it),
      cmocka_unit_test(slot_of_no_span_is_its_beginning),
      cmocka_unit_test(slot_without_an_id_is_at_the_front),
  };
  return cmocka_run_group_tests_name("agent/slot", tests, nullptr, nullptr);
}
