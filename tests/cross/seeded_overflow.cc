// SPDX-License-Identifier: Apache-2.0
//
// connect_auth_seeded_overflow NUMBER: adds one to it, which is one too many for the largest.
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const int number = argc == 2 ? std::atoi(argv[1]) : 0;
  std::printf("%d\n", number + 1);
  return 0;
}
