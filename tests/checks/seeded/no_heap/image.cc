// SPDX-License-Identifier: Apache-2.0
// A program: in an object file snprintf would pass.

#include <cstdio>

int main(int count, char**) {
  char text[16];
  return std::snprintf(text, sizeof(text), "%d", count);
}
