// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/lwip/test_heap.h"

#include <malloc.h>

#include <cstdlib>

#include "lwip/mem.h"
#include "lwip/timeouts.h"

namespace connect_auth::test {

TestHeap& TestHeap::Get() {
  static TestHeap heap;
  return heap;
}

bool TestHeap::IsGranted(std::size_t size) {
  return (until_failure_ == 0 || --until_failure_ != 0) && used_ + size <= kBytes;
}

void* TestHeap::Allocate(std::size_t size) {
  // The pool of timers has as many as lwIP starts, so it is never short.
  if (size != LWIP_MEM_ALIGN_SIZE(sizeof(sys_timeo)) && !IsGranted(size)) {
    return nullptr;
  }
  void* const piece = std::malloc(size);
  used_ += ::malloc_usable_size(piece);
  return piece;
}

void TestHeap::Free(void* piece) {
  used_ -= ::malloc_usable_size(piece);
  std::free(piece);
}

}  // namespace connect_auth::test

void* connect_auth_test_allocate(size_t size) {
  return connect_auth::test::TestHeap::Get().Allocate(size);
}

void connect_auth_test_free(void* piece) {
  connect_auth::test::TestHeap::Get().Free(piece);
}
