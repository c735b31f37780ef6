# SPDX-License-Identifier: Apache-2.0
# Stands for OpenWrt's cmake.mk, of which the package sets CMAKE_OPTIONS and CMAKE_BINARY_SUBDIR.
