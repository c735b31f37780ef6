// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_clock.h"
