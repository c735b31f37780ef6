// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/inheritance.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace connect_auth::program {
namespace {

void CloseRange(unsigned first, unsigned last) {
  if (first > last) {
    return;
  }
#if defined(SYS_close_range)
  if (::syscall(SYS_close_range, first, last, 0U) == 0) {
    return;
  }
#endif
  constexpr unsigned kMost = 1024;  // Before Linux 5.9. This program never has more.
  for (unsigned descriptor = first; descriptor <= last && descriptor < kMost; ++descriptor) {
    ::close(static_cast<int>(descriptor));
  }
}

}  // namespace

void EndWithParent(int signal, int parent) {
  ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal), 0, 0, 0);
  if (::getppid() != parent) {
    ::_exit(1);
  }
}

void CloseAllBut(int descriptor) {
  const auto kept = static_cast<unsigned>(descriptor);
  CloseRange(STDERR_FILENO + 1, kept - 1);
  CloseRange(kept + 1, UINT_MAX);
}

}  // namespace connect_auth::program
