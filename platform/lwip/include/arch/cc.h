/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of compiler and C library. */
#pragma once

/* It takes a machine to be little-endian that does not say otherwise. */
#ifndef BYTE_ORDER
#define BYTE_ORDER __BYTE_ORDER__
#endif

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) __builtin_trap()

/* Of lwip_system.cc. */
#ifdef __cplusplus
extern "C" {
#endif
unsigned connect_auth_lwip_random(void);
#ifdef __cplusplus
}
#endif
#define LWIP_RAND() connect_auth_lwip_random()
/* By itself lwIP counts from 6510 on. */
#define LWIP_HOOK_TCP_ISN(own, own_port, peer, peer_port) connect_auth_lwip_random()
