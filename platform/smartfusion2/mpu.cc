// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/mpu.h"

#include <bit>
#include <cstdint>

#include "platform/smartfusion2/registers.h"

extern "C" const std::uint32_t handler_stack_begin[];

namespace connect_auth::smartfusion2 {
namespace {

// ARMv7-M Architecture Reference Manual, B3.5.
constexpr std::uint32_t kControl = 0x04;
constexpr std::uint32_t kNumber = 0x08;
constexpr std::uint32_t kBaseAddress = 0x0C;
constexpr std::uint32_t kAttributes = 0x10;
constexpr int kRegions = 8;
constexpr std::uint32_t kRegionValid = 1U << 4;
constexpr std::uint32_t kEnableWithDefaultMap = 5;
constexpr std::uint32_t kNoAccess = 1U << 28 | 1;  // never executed, not readable, enabled

std::uint32_t in_use = 0;  // one bit for each region

}  // namespace

void ProtectMemory() {
  static_cast<void>(ForbidAccess(nullptr, 8));
  static_cast<void>(ForbidAccess(handler_stack_begin, 5));
  Register(kMpu, kControl) = kEnableWithDefaultMap;
  asm volatile("dsb\n isb" ::: "memory");
}

int ForbidAccess(const void* begin, unsigned log2_size) {
  const int region = std::countr_one(in_use);
  if (region >= kRegions) {
    return -1;
  }
  Register(kMpu, kBaseAddress) = AddressOf(begin) | kRegionValid | static_cast<unsigned>(region);
  Register(kMpu, kAttributes) = kNoAccess | (log2_size - 1) << 1;
  asm volatile("dsb\n isb" ::: "memory");
  in_use |= 1U << region;
  return region;
}

void AllowAccess(int region) {
  Register(kMpu, kNumber) = static_cast<std::uint32_t>(region);
  Register(kMpu, kAttributes) = 0;
  asm volatile("dsb\n isb" ::: "memory");
  in_use &= ~(1U << region);
}

}  // namespace connect_auth::smartfusion2
