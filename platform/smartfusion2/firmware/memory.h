// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// @def CONNECT_AUTH_FIRMWARE_ARENA_BYTES
/// Memory of TLS. What each profile needs: the table in platform/smartfusion2/README.md.
#ifndef CONNECT_AUTH_FIRMWARE_ARENA_BYTES
#define CONNECT_AUTH_FIRMWARE_ARENA_BYTES 33792
#endif  // CONNECT_AUTH_FIRMWARE_ARENA_BYTES

/// @def CONNECT_AUTH_FIRMWARE_TOKEN_BYTES
/// Longest token. Costs three times as much. Minimum 256.
#ifndef CONNECT_AUTH_FIRMWARE_TOKEN_BYTES
#define CONNECT_AUTH_FIRMWARE_TOKEN_BYTES 1024
#endif  // CONNECT_AUTH_FIRMWARE_TOKEN_BYTES

/// The buffers of the firmware: see Agent::Memory.
namespace connect_auth::smartfusion2::memory {

inline constexpr std::size_t kTokenBytes = CONNECT_AUTH_FIRMWARE_TOKEN_BYTES;
inline constexpr std::size_t kRefreshTokenBytes = 256;

static_assert(kTokenBytes >= 256, "CONNECT_AUTH_FIRMWARE_TOKEN_BYTES: shorter than any token");

alignas(8) inline std::array<std::uint8_t, CONNECT_AUTH_FIRMWARE_ARENA_BYTES> tls_arena{};
inline std::array<std::uint8_t, 2 * kTokenBytes + kRefreshTokenBytes + 1600> io{};
inline std::array<std::uint8_t, kTokenBytes> token{};
inline std::array<std::uint8_t, kRefreshTokenBytes> refresh_token{};
inline std::array<std::uint8_t, 640> tls_session{};

/// Of the 64 KB of the eSRAM. The rest is for stacks, network, and the application's own objects.
inline constexpr std::size_t kMostBytes = std::size_t{40} * 1024;
static_assert(sizeof(tls_arena) + sizeof(io) + sizeof(token) + sizeof(refresh_token) +
                      sizeof(tls_session) <=
                  kMostBytes,
              "CONNECT_AUTH_FIRMWARE_ARENA_BYTES, CONNECT_AUTH_FIRMWARE_TOKEN_BYTES: too large");

}  // namespace connect_auth::smartfusion2::memory
