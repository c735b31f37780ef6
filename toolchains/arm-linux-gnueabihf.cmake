# SPDX-License-Identifier: Apache-2.0
#
# Cross building for Linux on 32-bit ARM with Debian's g++-arm-linux-gnueabihf.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(triple arm-linux-gnueabihf)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# For root file systems with another C library, or none.
option(CONNECT_AUTH_STATIC "Link programs statically" OFF)
if(CONNECT_AUTH_STATIC)
  set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
endif()
