// SPDX-License-Identifier: Apache-2.0
//
// expect: ignoring return

#include "port/no_such_file.h"
