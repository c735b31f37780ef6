/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwIP for the tests on the host: the board's options, with lwIP's assertions. All memory, the
 * pools' too, comes from test_heap.cc, so that the address sanitizer sees every piece of it.
 */
#ifndef CONNECT_AUTH_TESTS_LWIPOPTS_H
#define CONNECT_AUTH_TESTS_LWIPOPTS_H

#include "platform/smartfusion2/lwipopts.h"

#undef LWIP_NOASSERT

#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void* connect_auth_test_allocate(size_t size);
void connect_auth_test_free(void* piece);
#ifdef __cplusplus
}
#endif
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC connect_auth_test_allocate
#define MEM_CUSTOM_FREE connect_auth_test_free
#define MEM_CUSTOM_CALLOC(count, size) NULL /* lwIP's core does not call it. */
#define MEMP_MEM_MALLOC 1
#undef MEM_ALIGNMENT
#define MEM_ALIGNMENT 8

#endif
