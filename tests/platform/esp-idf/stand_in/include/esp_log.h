/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

/* The last line. */
extern char stand_in_log[128];

typedef enum {
  ESP_LOG_NONE,
  ESP_LOG_ERROR,
  ESP_LOG_WARN,
  ESP_LOG_INFO,
  ESP_LOG_DEBUG,
  ESP_LOG_VERBOSE
} esp_log_level_t;

#define ESP_LOG_LEVEL(level, tag, format, ...) \
  snprintf(stand_in_log, sizeof stand_in_log, "%d %s: " format, level, tag, ##__VA_ARGS__)
