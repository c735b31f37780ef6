// SPDX-License-Identifier: Apache-2.0
//
// expect: no match for .operator<<.*SecretView|invalid operands to binary expression.*SecretView

#include <iostream>

#include "agent/secret.h"

namespace connect_auth {

void Use(SecretView secret) {
  std::cout << secret;
}

}  // namespace connect_auth
