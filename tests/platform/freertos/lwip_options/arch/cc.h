/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of compiler and C library: in place of the header of its port for Unix, which
 * knows glibc only. The sizes are measured with another one. */
#pragma once

#include <sys/time.h>

#ifndef BYTE_ORDER
#define BYTE_ORDER __BYTE_ORDER__
#endif

#define LWIP_ERRNO_STDINCLUDE 1

typedef unsigned int sys_prot_t;

#ifdef __cplusplus
extern "C" {
#endif
unsigned int lwip_port_rand(void);
#ifdef __cplusplus
}
#endif
#define LWIP_RAND() lwip_port_rand()
