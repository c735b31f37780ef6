/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C"
#endif
    int
    sys_csrand_get(void* dst, size_t len);
