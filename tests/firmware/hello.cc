// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/uart.h"
int main() { connect_auth::smartfusion2::Uart::Write("hello\nEXIT 0\n"); connect_auth::smartfusion2::Uart::Flush(); }
