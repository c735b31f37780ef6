/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

/* The last line. */
extern char stand_in_log[128];

#define LOG_LEVEL_DBG 4
#define LOG_MODULE_REGISTER(name, level) static const char* const log_module = #name
#define STAND_IN_LOG(level, format, ...) \
  snprintf(stand_in_log, sizeof stand_in_log, level " %s: " format, log_module, ##__VA_ARGS__)
#define LOG_ERR(...) STAND_IN_LOG("ERR", __VA_ARGS__)
#define LOG_WRN(...) STAND_IN_LOG("WRN", __VA_ARGS__)
#define LOG_INF(...) STAND_IN_LOG("INF", __VA_ARGS__)
#define LOG_DBG(...) STAND_IN_LOG("DBG", __VA_ARGS__)
