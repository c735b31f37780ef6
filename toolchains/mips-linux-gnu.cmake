# SPDX-License-Identifier: Apache-2.0
set(triple mips-linux-gnu)
set(processor mips)
set(emulator qemu-mips)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE mips)
set(trapping_sanitizer ON)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
