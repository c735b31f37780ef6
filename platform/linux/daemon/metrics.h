// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/linux/session.h"

namespace connect_auth::program {

struct ServiceCounters;

/// All figures in the text format of Prometheus, version 0.0.4. What each means says its HELP line.
std::string Metrics(const Session& session, const ServiceCounters& counters);

}  // namespace connect_auth::program
