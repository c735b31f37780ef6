// SPDX-License-Identifier: Apache-2.0

#include "tests/port/contract_entropy.h"

#include <algorithm>
#include <cstdint>

namespace connect_auth::contract {
namespace {

constexpr std::size_t kMaxRequest = 64;

void entropy_every_size_is_filled_to_the_last_byte(void** state) {
  Entropy& entropy = *FixtureOf<EntropyFixture>(state).entropy;

  for (std::size_t size = 1; size <= kMaxRequest; ++size) {
    // After 32 fills, a byte of which some bit was never 1 was hardly ever written.
    std::array<std::uint8_t, kMaxRequest> seen{};
    for (int round = 0; round < 32; ++round) {
      std::array<std::uint8_t, kMaxRequest> buffer{};
      assert_int_equal(entropy.Fill(Bytes(buffer).first(size)), Status::kOk);
      for (std::size_t i = 0; i < size; ++i) {
        seen[i] = static_cast<std::uint8_t>(seen[i] | buffer[i]);
      }
    }
    for (std::size_t i = 0; i < size; ++i) {
      assert_int_equal(seen[i], 0xFF);
    }
  }
}

void entropy_bytes_beside_the_span_are_left_alone(void** state) {
  Entropy& entropy = *FixtureOf<EntropyFixture>(state).entropy;
  std::array<std::uint8_t, kMaxRequest> buffer{};

  for (int round = 0; round < 32; ++round) {
    assert_int_equal(entropy.Fill(Bytes(buffer).subspan(8, 13)), Status::kOk);
  }

  for (std::size_t i = 0; i < buffer.size(); ++i) {
    if (i < 8 || i >= 8 + 13) {
      assert_int_equal(buffer[i], 0);
    }
  }
}

void entropy_two_fills_differ(void** state) {
  Entropy& entropy = *FixtureOf<EntropyFixture>(state).entropy;
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};

  assert_int_equal(entropy.Fill(first), Status::kOk);
  assert_int_equal(entropy.Fill(second), Status::kOk);

  assert_memory_not_equal(first.data(), second.data(), first.size());
}

void entropy_bits_are_as_often_one_as_zero(void** state) {
  Entropy& entropy = *FixtureOf<EntropyFixture>(state).entropy;

  int ones = 0;
  for (int round = 0; round < 64; ++round) {
    std::array<std::uint8_t, kMaxRequest> buffer{};
    assert_int_equal(entropy.Fill(buffer), Status::kOk);
    for (const std::uint8_t byte : buffer) {
      ones += __builtin_popcount(byte);
    }
  }

  // 32768 bits: 16384 expected, standard deviation 90. Ten of them never happen by chance.
  assert_in_range(ones, 16384 - 905, 16384 + 905);
}

void entropy_dried_up_is_unavailable_until_it_flows_again(void** state) {
  const EntropyFixture& fixture = FixtureOf<EntropyFixture>(state);
  if (fixture.set_failing == nullptr) {
    skip();
  }
  std::array<std::uint8_t, 32> buffer{};

  fixture.set_failing(fixture.context, true);
  const Status dry = fixture.entropy->Fill(buffer);
  fixture.set_failing(fixture.context, false);

  assert_int_equal(dry, Status::kUnavailable);
  assert_int_equal(fixture.entropy->Fill(buffer), Status::kOk);
}

}  // namespace

Suite<5> EntropySuite(EntropyFixture& fixture) {
  return {
      CONNECT_AUTH_CONTRACT(fixture, entropy_every_size_is_filled_to_the_last_byte),
      CONNECT_AUTH_CONTRACT(fixture, entropy_bytes_beside_the_span_are_left_alone),
      CONNECT_AUTH_CONTRACT(fixture, entropy_two_fills_differ),
      CONNECT_AUTH_CONTRACT(fixture, entropy_bits_are_as_often_one_as_zero),
      CONNECT_AUTH_CONTRACT(fixture, entropy_dried_up_is_unavailable_until_it_flows_again),
  };
}

}  // namespace connect_auth::contract
