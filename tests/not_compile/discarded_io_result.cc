// SPDX-License-Identifier: Apache-2.0
//
// expect: ignoring return(ed)? value.*IoResult

#include "port/result.h"

namespace connect_auth {

IoResult Move();

void Use() {
  Move();
}

}  // namespace connect_auth
