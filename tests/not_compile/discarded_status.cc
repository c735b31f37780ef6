// SPDX-License-Identifier: Apache-2.0
//
// expect: ignoring return(ed)? value.*Status

#include "port/status.h"

namespace connect_auth {

Status Act();

void Use() {
  Act();
}

}  // namespace connect_auth
