// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Addresses of the SmartFusion2's microcontroller subsystem (UG0331) and of its Cortex-M3
/// (ARMv7-M Architecture Reference Manual). Only the drivers that own a block touch it.
namespace connect_auth::smartfusion2 {

inline constexpr std::uint32_t kUart0 = 0x40000000;
inline constexpr std::uint32_t kSpi0 = 0x40001000;
inline constexpr std::uint32_t kWatchdog = 0x40005000;
inline constexpr std::uint32_t kEmac = 0x40041000;

inline constexpr std::uint32_t kSystick = 0xE000E010;
inline constexpr std::uint32_t kNvic = 0xE000E100;
inline constexpr std::uint32_t kSystemControl = 0xE000ED00;
inline constexpr std::uint32_t kMpu = 0xE000ED90;

inline constexpr unsigned kUart0Interrupt = 10;
inline constexpr unsigned kEmacInterrupt = 12;

/// A register of the block at `base`.
inline volatile std::uint32_t& Register(std::uint32_t base, std::uint32_t offset) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is an address.
  return *reinterpret_cast<volatile std::uint32_t*>(base + offset);
}

/// What a register holds that points at `memory`.
inline std::uint32_t AddressOf(const volatile void* memory) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(memory));
}

/// Reads a word of memory that a device changes, too.
inline std::uint32_t Fetch(const std::uint32_t& word) {
  return *static_cast<const volatile std::uint32_t*>(&word);
}

/// Writes a word of memory that a device reads: after everything before, and before what follows.
inline void Put(std::uint32_t& word, std::uint32_t value) {
  asm volatile("dmb" ::: "memory");
  *static_cast<volatile std::uint32_t*>(&word) = value;
  asm volatile("dmb" ::: "memory");
}

/// Lets an external interrupt reach its handler (NVIC_ISER0).
inline void EnableInterrupt(unsigned number) {
  Register(kNvic, 0) = 1U << number;
}

}  // namespace connect_auth::smartfusion2
