/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INC_TASK_H
#define INC_TASK_H

#include "FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tskTaskControlBlock* TaskHandle_t;

typedef struct xTIME_OUT {
  BaseType_t xOverflowCount;
  TickType_t xTimeOnEntering;
} TimeOut_t;

typedef enum { eNoAction = 0, eSetBits, eIncrement } eNotifyAction;

#define tskDEFAULT_INDEX_TO_NOTIFY (0)
#define taskENTER_CRITICAL() vPortEnterCritical()
#define taskEXIT_CRITICAL() vPortExitCritical()
#define xTaskNotifyGive(task) \
  xTaskGenericNotify((task), (tskDEFAULT_INDEX_TO_NOTIFY), (0), eIncrement, 0)
#define ulTaskNotifyTake(clear, ticks) \
  ulTaskGenericNotifyTake((tskDEFAULT_INDEX_TO_NOTIFY), (clear), (ticks))

void vPortEnterCritical(void);
void vPortExitCritical(void);

TaskHandle_t xTaskCreateStatic(TaskFunction_t pxTaskCode, const char* const pcName,
                               const configSTACK_DEPTH_TYPE uxStackDepth, void* const pvParameters,
                               UBaseType_t uxPriority, StackType_t* const puxStackBuffer,
                               StaticTask_t* const pxTaskBuffer);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t xTask);
TickType_t xTaskGetTickCount(void);
void vTaskDelay(const TickType_t xTicksToDelay);
void vTaskSetTimeOutState(TimeOut_t* const pxTimeOut);
void vTaskStepTick(TickType_t xTicksToJump);
BaseType_t xTaskCatchUpTicks(TickType_t xTicksToCatchUp);

BaseType_t xTaskGenericNotify(TaskHandle_t xTaskToNotify, UBaseType_t uxIndexToNotify,
                              uint32_t ulValue, eNotifyAction eAction,
                              uint32_t* pulPreviousNotificationValue);
uint32_t ulTaskGenericNotifyTake(UBaseType_t uxIndexToWaitOn, BaseType_t xClearCountOnExit,
                                 TickType_t xTicksToWait);

#ifdef __cplusplus
}
#endif

#endif /* INC_TASK_H */
