// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulator/script.h"
#include "tests/simulator/world.h"

namespace connect_auth::simulator {

/// Leaves out of a script all that it can do without and still break the same rule (delta
/// debugging), so that a person sees why.
///
/// @param outcome  Of the script.
/// @return  A script of which no single event can be left out.
Script Shrink(const Script& script, const Outcome& outcome);

}  // namespace connect_auth::simulator
