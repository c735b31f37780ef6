/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FreeRTOS-Plus-TCP as an integrator configures it, for the stand-in and, where a developer has
 * them, for its own headers, which have a default for all the rest.
 */
#ifndef FREERTOS_IP_CONFIG_H
#define FREERTOS_IP_CONFIG_H

#ifndef ipconfigUSE_IPv4
#define ipconfigUSE_IPv4 1
#endif
#ifndef ipconfigUSE_IPv6
#define ipconfigUSE_IPv6 1
#endif
#define ipconfigUSE_TCP 1
#define ipconfigUSE_DNS 1
#define ipconfigDNS_USE_CALLBACKS 1
#define ipconfigSOCKET_HAS_USER_WAKE_CALLBACK 1

#define ipconfigBYTE_ORDER pdFREERTOS_LITTLE_ENDIAN
#define ipconfigDRIVER_INCLUDED_TX_IP_CHECKSUM 1
#define ipconfigDRIVER_INCLUDED_RX_IP_CHECKSUM 1

#endif /* FREERTOS_IP_CONFIG_H */
