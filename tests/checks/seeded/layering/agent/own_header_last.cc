// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "agent/own_header_last.h"
