// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @return kOk           Tested.
/// @return kUnavailable  Tested, through a helper.
/// @return kTimeout      Only another function's test names it.
Status Act(int times);

/// @return kTimeout  Tested.
Status Wait();
