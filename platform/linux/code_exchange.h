// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/command_line.h"
#include "platform/linux/configuration.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// Loads a configuration for the code grant.
///
/// @param into  As it was constructed.
/// @return  A problem (kUsage): it is not complete, or for another grant.
Problem LoadForCode(const CommandLine& line, Configuration& into);

/// Exchanges an authorisation code for a token, at once, and stores what comes of it.
///
/// @param configuration  From `LoadForCode`.
Problem ExchangeCode(const AuthorizationCode& code, bool retry_refused,
                     Configuration& configuration);

}  // namespace connect_auth::program
