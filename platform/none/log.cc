// SPDX-License-Identifier: Apache-2.0
//
// Starting point of a new port: copy platform/none to platform/<yours>, then let this function
// write a line to a UART, to RTT or to syslog.

#include "port/log.h"

namespace connect_auth {

extern "C" void connect_auth_write_log(LogLevel, const char*, std::int64_t) {}

}  // namespace connect_auth
