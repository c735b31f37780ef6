// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

bool is_verbose = false;

/// Standard output may be somebody's non-blocking pipe.
bool WaitUntilWritable(int file) {
  pollfd wanted{file, POLLOUT, 0};
  return ::poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

bool WriteAll(int file, ConstBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      if (!WaitUntilWritable(file)) {
        return false;
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

Problem WriteOut(ConstBytes bytes) {
  return WriteAll(STDOUT_FILENO, bytes) ? Problem() : OutputProblem(errno);
}

Problem WriteOut(std::string_view text) {
  return WriteOut(AsBytes(text));
}

Problem OutputProblem(int error) {
  return {ExitCode::kOther, Join({"cannot write to standard output: ", ErrorText(error),
                                  "; see to whatever it is connected to"})};
}

void Complain(std::string_view sentence) {
  const std::string line = Join({"connect-auth: ", Printable(sentence), "\n"});
  // Where standard error is closed or full there is nobody left to tell.
  static_cast<void>(WriteAll(STDERR_FILENO, AsBytes(line)));
}

void Warn(std::string_view sentence) {
  Complain(Join({"warning: ", sentence}));
}

void Note(std::string_view sentence) {
  if (is_verbose) {
    Complain(sentence);
  }
}

void SetVerbose(bool verbose) {
  is_verbose = verbose;
}

}  // namespace connect_auth::program
