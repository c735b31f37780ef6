# SPDX-License-Identifier: Apache-2.0
set(triple mipsel-linux-gnu)
set(processor mipsel)
set(emulator qemu-mipsel)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE mipsel)
set(trapping_sanitizer ON)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
