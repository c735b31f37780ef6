# SPDX-License-Identifier: Apache-2.0
set(cpu cortex-m0plus)
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
