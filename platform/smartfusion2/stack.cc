// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/stack.h"

#include <algorithm>
#include <cstdint>

extern "C" {
extern std::uint32_t thread_stack_begin[];
extern std::uint32_t thread_stack_end[];
extern std::uint32_t handler_stack_begin[];
extern std::uint32_t handler_stack_end[];
}

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint32_t kPaint = 0xC5C5C5C5;
// No access: see ProtectMemory().
constexpr std::size_t kGuardWords = 8;

std::size_t Octets(const std::uint32_t* begin, const std::uint32_t* end) {
  return static_cast<std::size_t>(end - begin) * sizeof(std::uint32_t);
}

StackUse UseOf(const std::uint32_t* begin, const std::uint32_t* end) {
  const std::uint32_t* const deepest =
      std::find_if(begin, end, [](std::uint32_t word) { return word != kPaint; });
  return StackUse{Octets(deepest, end), Octets(begin, end)};
}

}  // namespace

// Not inline, so that the frame is the innermost one; below it only what this function itself
// needs.
[[gnu::noinline]] void PaintStacks() {
  constexpr std::size_t kOwnWords = 16;
  std::uint32_t* const in_use = static_cast<std::uint32_t*>(__builtin_frame_address(0));
  std::fill(thread_stack_begin, in_use - kOwnWords, kPaint);
  std::fill(handler_stack_begin, handler_stack_end, kPaint);
}

StackUse ThreadStack() {
  return UseOf(thread_stack_begin, thread_stack_end);
}

StackUse HandlerStack() {
  return UseOf(handler_stack_begin + kGuardWords, handler_stack_end);
}

}  // namespace connect_auth::smartfusion2
