// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace connect_auth::smartfusion2 {

struct StackUse {
  std::size_t most_used;  ///< Octets, the most since the stack was painted.
  std::size_t size;       ///< Octets there are.
};

/// Fills what of both stacks is not in use, so that use shows.
void PaintStacks();

/// Of main() and all that it calls.
StackUse ThreadStack();
/// Of interrupts and faults.
StackUse HandlerStack();

}  // namespace connect_auth::smartfusion2
