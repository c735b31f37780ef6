/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP 2.2 for one TLS connection at a time, in little RAM: 23.1 KB of flash and 5.1 KB of RAM in
 * the firmware. What the other choice costs was measured on Cortex-M3, -Os, linked with
 * gc-sections, in octets of flash (F) and RAM (R).
 */
#pragma once

/* One loop calls lwIP; interrupts only ever touch the descriptors of the MAC. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

/* What a peer sends is checked without assertions. With them: F +928, without their texts. */
#define LWIP_NOASSERT
/* With them: F +1112, R +264. */
#define LWIP_STATS 0

#define LWIP_IPV4 1
/* With it: F +16408, R +2484. */
#define LWIP_IPV6 0
#define LWIP_TCP 1
#define LWIP_UDP 1
#define LWIP_DNS 1
/* Without it: F -3840, R -96. */
#define LWIP_DHCP 1
/* No second asking whether an address is taken: DHCP servers ask themselves. */
#define LWIP_ACD 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
/* Echoes are answered from lwIP's heap, and each is gone when it is sent. But one to a neighbour
 * whose address is not known waits for ARP, 5 s at most: two of the longest, to neighbours that are
 * none, keep everything else from being sent for so long. Without it: F -656. */
#define LWIP_ICMP 1
/* With it: F +256, R +120. */
#define LWIP_RAW 0
#define IP_FORWARD 0
/* TCP needs no fragments, and they are a way to hold memory. Both: F +1584, R +192. */
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_STATUS_CALLBACK 0
/* The MAC sends a frame from one piece of memory: the very one in which lwIP keeps it. */
#define LWIP_NETIF_TX_SINGLE_PBUF 1

/* A name of the longest kind (RFC 1035), one question at a time. 64 octets of a name: R -192; four
 * questions: F +512, R +864. */
#define DNS_MAX_NAME_LENGTH 254
#define DNS_TABLE_SIZE 1
#define DNS_MAX_SERVERS 2
/* Seconds. Nothing else makes lwIP forget an answer: a false one, or the old address of a server
 * that moved, would count for up to a week. */
#define DNS_MAX_TTL 300
/* RFC 5452: an answer has to know two random numbers of 16 bits, and to come from the server. */
#define LWIP_DNS_SECURE                                       \
  (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_RAND_SRC_PORT | \
   LWIP_DNS_SECURE_NO_MULTIPLE_OUTSTANDING)

/* Frames are received into the driver's own buffers, or copied here (see ethernet.h). */
#define TCP_MSS 1460
#define TCP_WND (2 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
/* A lost frame costs its successors, but no memory is held for them. With it: F +992, R +16, and
 * buffers of the driver. */
#define TCP_QUEUE_OOSEQ 0
/* R 16 each. */
#define MEMP_NUM_TCP_SEG 8
/* The connection, and two that are closing: R 152 each. */
#define MEMP_NUM_TCP_PCB 3
#define MEMP_NUM_TCP_PCB_LISTEN 1
/* DHCP, and DNS of two: R 32 each. */
#define MEMP_NUM_UDP_PCB 3
/* R 16 each. */
#define MEMP_NUM_PBUF 4
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_POOL_SIZE 0
/* R 24 each. */
#define ARP_TABLE_SIZE 4
/* With it: F +96, R +248. */
#define ARP_QUEUEING 0

/* What is sent is copied here until it is acknowledged: two segments and their headers. */
#define MEM_SIZE 3600
#define MEM_ALIGNMENT 4

/* The MAC checks nothing. */
#define CHECKSUM_GEN_IP 1
#define CHECKSUM_CHECK_IP 1
#define CHECKSUM_CHECK_TCP 1
#define CHECKSUM_CHECK_UDP 1
