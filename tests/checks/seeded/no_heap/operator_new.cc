// SPDX-License-Identifier: Apache-2.0
int* Make() {
  return new int(1);
}
