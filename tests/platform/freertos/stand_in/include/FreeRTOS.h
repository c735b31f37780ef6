/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the FreeRTOS kernel on the host: what platform/freertos calls of it, and no more,
 * with each task a thread. Its README.md says what was checked against the kernel itself.
 */
#ifndef INC_FREERTOS_H
#define INC_FREERTOS_H

#include <stdint.h>

/* What an integrator has in FreeRTOSConfig.h, in an ordinary and in an unusual way. */
#define TICK_TYPE_WIDTH_16_BITS 0
#define TICK_TYPE_WIDTH_32_BITS 1
#ifdef STAND_IN_ODD_TICKS
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_16_BITS
#define configTICK_RATE_HZ ((TickType_t)1024)
#else
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_32_BITS
#define configTICK_RATE_HZ ((TickType_t)1000)
#endif
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSTACK_DEPTH_TYPE StackType_t

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef unsigned long StackType_t;

#if configTICK_TYPE_WIDTH_IN_BITS == TICK_TYPE_WIDTH_16_BITS
typedef uint16_t TickType_t;
#define portMAX_DELAY ((TickType_t)0xffff)
#else
typedef uint32_t TickType_t;
#define portMAX_DELAY ((TickType_t)0xffffffffUL)
#endif

#define pdFALSE ((BaseType_t)0)
#define pdTRUE ((BaseType_t)1)
#define pdPASS (pdTRUE)
#define pdFAIL (pdFALSE)
#define pdFREERTOS_LITTLE_ENDIAN 0
#define pdFREERTOS_ERRNO_ENOENT 2
#define pdFREERTOS_ERRNO_EWOULDBLOCK 11
#define pdFREERTOS_ERRNO_EINVAL 22
#define pdFREERTOS_ERRNO_ENOSPC 28
#define pdFREERTOS_ERRNO_ENOTCONN 128

typedef void (*TaskFunction_t)(void*);

/* As large as the kernel's on Cortex-M3, with static allocation besides dynamic, mutexes and
 * notifications, 16 octets for a task's name, and neither tracing nor anything else that is
 * optional. */
typedef struct {
  void* pvDummy[21];
} StaticTask_t;
typedef struct {
  void* pvDummy[18];
} StaticQueue_t;
typedef StaticQueue_t StaticSemaphore_t;

#endif /* INC_FREERTOS_H */
