// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace connect_auth::program {
namespace {

/// A file that is opened next must not become "standard output", where a token would go. Opened
/// for reading only, so that writing there still fails.
void OccupyStandardStreams() {
  int file = 0;
  do {
    file = ::open("/dev/null", O_RDONLY);
  } while (file >= STDIN_FILENO && file <= STDERR_FILENO);
  if (file > STDERR_FILENO) {
    ::close(file);
  }
}

}  // namespace

void ProtectProcess() {
  const rlimit none{0, 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
  static_cast<void>(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
  static_cast<void>(::signal(SIGXFSZ, SIG_IGN));  // A full store is an error like any other.
  OccupyStandardStreams();
}

void ShareHeap() {
  static_cast<void>(::mallopt(M_ARENA_MAX, 1));
}

}  // namespace connect_auth::program
