// SPDX-License-Identifier: Apache-2.0
int Compute();

int Once() {
  static const int value = Compute();
  return value;
}
