# SPDX-License-Identifier: Apache-2.0
#
# Bare metal with Debian's gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib (headers only) and
# picolibc-arm-none-eabi. Included by the file of each processor, which has set `cpu`.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR ${cpu})
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
# An image needs a board's start-up and linker script.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# picolibc's default build is for size throughout; in "release" memcpy copies words, which makes a
# handshake a fifth faster for 300 octets.
set(flags "-mcpu=${cpu} -mthumb --specs=picolibc.specs --picolibc-buildtype=release")
set(CMAKE_C_FLAGS_INIT "${flags}")
set(CMAKE_CXX_FLAGS_INIT "${flags}")
set(CMAKE_ASM_FLAGS_INIT "${flags}")
