# SPDX-License-Identifier: Apache-2.0
set(triple arm-linux-gnueabihf)
set(processor armv7l)
set(emulator qemu-arm)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE armhf)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
