/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of compiler and C library. */
#ifndef CONNECT_AUTH_PLATFORM_LWIP_ARCH_CC_H
#define CONNECT_AUTH_PLATFORM_LWIP_ARCH_CC_H

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) __builtin_trap()

/* The board provides it. Ports and sequence numbers must not be guessed: RFC 6056, RFC 6528. */
#ifdef __cplusplus
extern "C"
#endif
unsigned connect_auth_lwip_random(void);
#define LWIP_RAND() connect_auth_lwip_random()

#endif
