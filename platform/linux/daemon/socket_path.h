// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/linux/given_settings.h"

namespace connect_auth::program {

/// Where the service is asked: as configured, else for root below /run, else below the user's
/// runtime directory; empty: there is no such place.
std::string SocketPath(const GivenSettings& given);

}  // namespace connect_auth::program
