/* SPDX-License-Identifier: Apache-2.0 */
/*
 * These four stand in for FreeRTOS-Plus-TCP on the host: what platform/freertos calls of it, and no
 * more. README.md says what was checked against the stack itself.
 */
#ifndef FREERTOS_IP_H
#define FREERTOS_IP_H

#include "FreeRTOS.h"
#include "FreeRTOSIPConfig.h"
#include "task.h"

typedef struct xIPv6_Address {
  uint8_t ucBytes[16];
} IPv6_Address_t;

typedef union IP_Address {
  uint32_t ulIP_IPv4;
  IPv6_Address_t xIP_IPv6;
} IP_Address_t;

#define FreeRTOS_htons(usIn) ((uint16_t)(((usIn) << 8U) | ((usIn) >> 8U)))

#endif /* FREERTOS_IP_H */
