// SPDX-License-Identifier: Apache-2.0
//
// Recursion in two steps, a large frame, and a pointer that leads nobody knows where.

namespace connect_auth {

int CountOn(int times);
void Use(char* room);

[[gnu::noinline]] int CountDown(int times) {
  return times == 0 ? 0 : CountOn(times) + 1;
}
[[gnu::noinline]] int CountOn(int times) {
  return CountDown(times - 1) + 1;
}

void Fill() {
  char room[5000];
  Use(room);
}

int Ask(int (*whom)()) {
  return whom() + 1;
}

}  // namespace connect_auth
