// SPDX-License-Identifier: Apache-2.0

namespace connect_auth {

int Sign(int number) {
  if (number < 0) {
    return -1;
  }
  if (number < 0) {
    return 1;
  }
  return 0;
}

}  // namespace connect_auth
