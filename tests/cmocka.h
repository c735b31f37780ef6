// SPDX-License-Identifier: Apache-2.0
//
// CMocka with the headers that it needs and does not include itself. A system header, as the
// casts in its macros are not ours to warn of.
#pragma once
#pragma GCC system_header

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}
