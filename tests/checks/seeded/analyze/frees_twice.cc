// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

namespace connect_auth {

void Release(void* memory, bool twice) {
  std::free(memory);
  if (twice) {
    std::free(memory);
  }
}

}  // namespace connect_auth
