// SPDX-License-Identifier: Apache-2.0
//
// expect: expected .\).

#include "port/log.h"

namespace connect_auth {

void Use(const char* words) {
  CONNECT_AUTH_LOG(kError, words, 0);
}

}  // namespace connect_auth
