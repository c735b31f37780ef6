/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMAPHORE_H
#define SEMAPHORE_H

#include "FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct QueueDefinition* QueueHandle_t;
typedef QueueHandle_t SemaphoreHandle_t;

#define queueSEND_TO_BACK ((BaseType_t)0)
#define queueQUEUE_TYPE_MUTEX ((uint8_t)1U)
#define queueQUEUE_TYPE_BINARY_SEMAPHORE ((uint8_t)3U)

#define xSemaphoreCreateMutexStatic(memory) xQueueCreateMutexStatic(queueQUEUE_TYPE_MUTEX, (memory))
#define xSemaphoreCreateBinaryStatic(memory) \
  xQueueGenericCreateStatic((UBaseType_t)1, 0, 0, (memory), queueQUEUE_TYPE_BINARY_SEMAPHORE)
#define xSemaphoreTake(semaphore, ticks) xQueueSemaphoreTake((semaphore), (ticks))
#define xSemaphoreGive(semaphore) xQueueGenericSend((semaphore), 0, 0, queueSEND_TO_BACK)
#define vSemaphoreDelete(semaphore) vQueueDelete((semaphore))

QueueHandle_t xQueueCreateMutexStatic(const uint8_t ucQueueType, StaticQueue_t* pxStaticQueue);
QueueHandle_t xQueueGenericCreateStatic(const UBaseType_t uxQueueLength,
                                        const UBaseType_t uxItemSize, uint8_t* pucQueueStorage,
                                        StaticQueue_t* pxStaticQueue, const uint8_t ucQueueType);
BaseType_t xQueueSemaphoreTake(QueueHandle_t xQueue, TickType_t xTicksToWait);
BaseType_t xQueueGenericSend(QueueHandle_t xQueue, const void* const pvItemToQueue,
                             TickType_t xTicksToWait, const BaseType_t xCopyPosition);
void vQueueDelete(QueueHandle_t xQueue);

#ifdef __cplusplus
}
#endif

#endif /* SEMAPHORE_H */
