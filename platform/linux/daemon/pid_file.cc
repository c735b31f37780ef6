// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

Problem CannotWrite(const std::string& path, std::string_view why) {
  return {ExitCode::kUsage, Join({"cannot write the pid_file ", path, ": ", why,
                                  "; see to it, or set another one in [daemon]"})};
}

}  // namespace

Problem PidFile::Write(const std::string& path) {
  constexpr mode_t kMode = 0644;
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file_ < 0) {
    return CannotWrite(path, ErrorText(errno));
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    return CannotWrite(path, errno == EWOULDBLOCK ? "another service has it" : ErrorText(errno));
  }
  path_ = path;
  const std::string number = Join({Decimal(::getpid()), "\n"});
  const bool written = ::ftruncate(file_, 0) == 0 && ::write(file_, number.data(), number.size()) ==
                                                         static_cast<ssize_t>(number.size());
  return written ? Problem() : CannotWrite(path, ErrorText(errno));
}

void PidFile::Remove() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
    path_.clear();
  }
  if (file_ >= 0) {
    ::close(file_);
    file_ = -1;
  }
}

}  // namespace connect_auth::program
