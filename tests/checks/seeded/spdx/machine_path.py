# SPDX-License-Identifier: Apache-2.0
SOURCES = "/home/someone/sources"
