/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP for one TLS connection at a time, in little RAM. What an option costs was measured on
 * Cortex-M3; RAM is octets of .bss.
 */
#ifndef CONNECT_AUTH_PLATFORM_SMARTFUSION2_LWIPOPTS_H
#define CONNECT_AUTH_PLATFORM_SMARTFUSION2_LWIPOPTS_H

/* One loop calls lwIP; interrupts only ever touch the descriptors of the MAC. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

/* Assertions are 9 KB of text. What a peer sends is checked without them. */
#define LWIP_NOASSERT
#define LWIP_STATS 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_TCP 1
#define LWIP_UDP 1
#define LWIP_DNS 1
#define LWIP_DHCP 1
#define LWIP_ACD                                                                  \
  0 /* No second asking whether an address is taken: DHCP servers ask themselves. \
     */
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define IP_FORWARD 0
#define IP_REASSEMBLY 0 /* TCP needs no fragments, and they are a way to hold memory. */
#define IP_FRAG 0
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_STATUS_CALLBACK 0
/* The MAC sends a frame from one piece of memory: the very one in which lwIP keeps it. */
#define LWIP_NETIF_TX_SINGLE_PBUF 1

/* A name of the longest kind (RFC 1035), one question at a time: 540 octets. */
#define DNS_MAX_NAME_LENGTH 254
#define DNS_TABLE_SIZE 1
#define DNS_MAX_SERVERS 2
#define LWIP_DNS_SECURE                                       \
  (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_RAND_SRC_PORT | \
   LWIP_DNS_SECURE_NO_MULTIPLE_OUTSTANDING)

/* Frames are received into the driver's own buffers, or copied here (see ethernet.h). */
#define TCP_MSS 1460
#define TCP_WND (2 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define TCP_QUEUE_OOSEQ 0 /* A lost frame costs its successors, but no memory is held for them. */
#define MEMP_NUM_TCP_SEG 8
#define MEMP_NUM_TCP_PCB 3 /* The connection, and two that are closing. */
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 3 /* DHCP, and DNS of two. */
#define MEMP_NUM_PBUF 4
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_POOL_SIZE 0
#define ARP_TABLE_SIZE 4
#define ARP_QUEUEING 0

/* What is sent is copied here until it is acknowledged: two segments and their headers. */
#define MEM_SIZE 3600
#define MEM_ALIGNMENT 4

/* The MAC checks nothing. */
#define CHECKSUM_GEN_IP 1
#define CHECKSUM_CHECK_IP 1
#define CHECKSUM_CHECK_TCP 1
#define CHECKSUM_CHECK_UDP 1

#endif
