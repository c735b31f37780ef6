// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

void Print(int value) {
  std::printf("%d", value);
}
