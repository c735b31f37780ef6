// SPDX-License-Identifier: Apache-2.0
//
// Loaded before the C library (LD_PRELOAD), it stops a program behind its last instruction: what is
// in its memory then, it has left there.
#include <signal.h>

__attribute__((destructor)) static void StopAtExit(void) {
  raise(SIGSTOP);
}
