/* SPDX-License-Identifier: Apache-2.0 */
/* The part of Zephyr's settings that platform/zephyr uses, with its names, types and rules; the
 * storage is memory. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef ssize_t (*settings_read_cb)(void* cb_arg, void* data, size_t len);
/* `key` is what follows the subtree and a slash; NULL where it is the subtree itself. */
typedef int (*settings_load_direct_cb)(const char* key, size_t len, settings_read_cb read_cb,
                                       void* cb_arg, void* param);

int settings_load_subtree_direct(const char* subtree, settings_load_direct_cb cb, void* param);
/* No value, or one of no octets, deletes. */
int settings_save_one(const char* name, const void* value, size_t val_len);
int settings_delete(const char* name);

#ifdef __cplusplus
}
#endif
