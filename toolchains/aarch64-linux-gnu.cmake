# SPDX-License-Identifier: Apache-2.0
set(triple aarch64-linux-gnu)
set(processor aarch64)
set(emulator qemu-aarch64)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
