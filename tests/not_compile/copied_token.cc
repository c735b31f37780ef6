// SPDX-License-Identifier: Apache-2.0
//
// expect: use of deleted function.*Token\(const|call to deleted constructor of.*Token

#include "agent/oauth/token.h"

namespace connect_auth {

Token Use(const Token& token) {
  return token;
}

}  // namespace connect_auth
