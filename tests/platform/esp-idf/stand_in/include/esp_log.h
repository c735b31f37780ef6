/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

typedef enum {
  ESP_LOG_NONE,
  ESP_LOG_ERROR,
  ESP_LOG_WARN,
  ESP_LOG_INFO,
  ESP_LOG_DEBUG,
  ESP_LOG_VERBOSE
} esp_log_level_t;

#define ESP_LOG_LEVEL(level, tag, format, ...) \
  fprintf(stderr, "%d %s: " format "\n", level, tag, ##__VA_ARGS__)
