/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP for the tests of platform/freertos on the host: with threads (those of its own port for
 * Unix), sockets, both kinds of addresses, and a network that does not leave the process. Its
 * memory comes from the C library, so that the address sanitizer sees it.
 */
#pragma once

#define NO_SYS 0
#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_TCP_CLOSE_TIMEOUT_MS_DEFAULT 100

#define LWIP_ETHERNET 0
#define LWIP_ARP 0
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define IPV6_FRAG_COPYHEADER 1
#define LWIP_DNS 1
#define DNS_MAX_RETRIES 2
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 64

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8
#define TCP_MSS 1460
#define TCP_WND (8 * TCP_MSS)
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_MSL 1000

#define TCPIP_MBOX_SIZE 64
#define DEFAULT_TCP_RECVMBOX_SIZE 64
#define DEFAULT_UDP_RECVMBOX_SIZE 16
#define DEFAULT_ACCEPTMBOX_SIZE 16
#define MEMP_NUM_NETCONN 64
