# SPDX-License-Identifier: Apache-2.0
#
# Cross building for Linux with one of Debian's compilers. Included by the file of each target, which
# has set
#   triple     what the compiler's name begins with
#   processor  CMAKE_SYSTEM_PROCESSOR
#   emulator   QEMU's user-mode emulator of it
# and, where the compiler has no libubsan, trapping_sanitizer.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${processor})
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})
set(CMAKE_FIND_ROOT_PATH /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# ctest runs the tests through it.
set(CMAKE_CROSSCOMPILING_EMULATOR ${emulator} -L /usr/${triple})

# For root file systems with another C library, or none.
option(CONNECT_AUTH_STATIC "Link programs statically" OFF)
if(CONNECT_AUTH_STATIC)
  set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
endif()

# The address sanitizer does not live in QEMU's address space on every target.
if(trapping_sanitizer)
  set(CONNECT_AUTH_SANITIZERS -fsanitize=undefined -fsanitize-undefined-trap-on-error)
else()
  set(CONNECT_AUTH_SANITIZERS -fsanitize=undefined -static-libubsan)
endif()
