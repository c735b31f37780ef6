/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of compiler and C library. */
#ifndef CONNECT_AUTH_PLATFORM_LWIP_ARCH_CC_H
#define CONNECT_AUTH_PLATFORM_LWIP_ARCH_CC_H

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) __builtin_trap()

/* Of lwip_system.cc. */
#ifdef __cplusplus
extern "C"
#endif
unsigned connect_auth_lwip_random(void);
#define LWIP_RAND() connect_auth_lwip_random()
/* By itself lwIP counts from 6510 on. */
#define LWIP_HOOK_TCP_ISN(own, own_port, peer, peer_port) connect_auth_lwip_random()

#endif
