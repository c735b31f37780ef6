/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP for the tests on the host: the board's options, with its assertions, and a peer beside it.
 */
#ifndef CONNECT_AUTH_TESTS_LWIPOPTS_H
#define CONNECT_AUTH_TESTS_LWIPOPTS_H

#include "platform/smartfusion2/lwipopts.h"

#undef LWIP_NOASSERT

/* Of two hosts in one stack. */
#undef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB 12
#undef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG 32
#undef MEM_SIZE
#define MEM_SIZE 16000
#undef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 8
#undef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 4
#undef MEM_ALIGNMENT
#define MEM_ALIGNMENT 8

#endif
