// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/mpu.h"

#include <cstdint>

#include "platform/smartfusion2/registers.h"

extern "C" std::uint32_t handler_stack_begin[];

namespace connect_auth::smartfusion2 {
namespace {

// ARMv7-M Architecture Reference Manual, B3.5.
constexpr std::uint32_t kControl = 0x04;
constexpr std::uint32_t kBaseAddress = 0x0C;
constexpr std::uint32_t kAttributes = 0x10;
constexpr std::uint32_t kRegionValid = 1U << 4;
constexpr std::uint32_t kEnableWithDefaultMap = 5;
constexpr std::uint32_t kNoAccess = 1U << 28 | 1;  // never executed, not readable, enabled

/// @param log2_size  5..32; `address` is a multiple of that size.
void Forbid(std::uint32_t region, std::uint32_t address, std::uint32_t log2_size) {
  Register(kMpu, kBaseAddress) = address | kRegionValid | region;
  Register(kMpu, kAttributes) = kNoAccess | (log2_size - 1) << 1;
}

}  // namespace

void ProtectMemory() {
  Forbid(0, 0, 8);
  Forbid(1, reinterpret_cast<std::uint32_t>(handler_stack_begin), 5);
  Register(kMpu, kControl) = kEnableWithDefaultMap;
  asm volatile("dsb\n isb" ::: "memory");
}

}  // namespace connect_auth::smartfusion2
