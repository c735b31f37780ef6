# SPDX-License-Identifier: Apache-2.0
set(triple riscv64-linux-gnu)
set(processor riscv64)
set(emulator qemu-riscv64)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE riscv64)
set(trapping_sanitizer ON)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
