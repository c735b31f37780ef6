#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
curl https://registry.npmjs.org/
