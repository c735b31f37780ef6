// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/uart.h"

extern "C" {
void connect_auth_console_put(char octet);
void connect_auth_console_exit(int status);
}

void connect_auth_console_put(char octet) {
  connect_auth::smartfusion2::Uart::Write({&octet, 1});
}

void connect_auth_console_exit(int status) {
  connect_auth::smartfusion2::Exit(status);
}
