// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstddef>
#include <cstdio>

#include "port/log.h"

namespace connect_auth {
namespace {

std::atomic<int> threshold{0};

const char* Name(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      return "debug";
  }
  return "?";
}

}  // namespace

void posix::SetLogLevel(int level) {
  threshold.store(level, std::memory_order_relaxed);
}

extern "C" void connect_auth_write_log(LogLevel level, const char* message, std::int64_t value) {
  if (static_cast<int>(level) > threshold.load(std::memory_order_relaxed)) {
    return;
  }
  const int saved_errno = errno;  // A line of log must not change what its caller looks at next.
  std::array<char, 256> line{};
  int size =
      value == 0
          ? std::snprintf(line.data(), line.size(), "connect-auth: %s: %s\n", Name(level), message)
          : std::snprintf(line.data(), line.size(), "connect-auth: %s: %s: %" PRId64 "\n",
                          Name(level), message, value);
  const int longest = static_cast<int>(line.size()) - 1;
  if (size > longest) {
    size = longest;
    line[static_cast<std::size_t>(size) - 1] = '\n';
  }
  // One call for the whole line, so that lines of several processes do not mix. Where standard
  // error is closed or full there is nobody left to tell.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(std::max(size, 0)));
  errno = saved_errno;
}

}  // namespace connect_auth
