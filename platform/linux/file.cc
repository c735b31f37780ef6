// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "platform/posix/descriptor.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kFirstPiece = 4096;

/// Room for what the file says it holds, and one octet to find its end with.
std::size_t SizeHint(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0) {
    return kFirstPiece;
  }
  return static_cast<std::size_t>(about.st_size) + 1;
}

/// @param room  How much may be held at most.
int ReadToEnd(int file, std::size_t room, SecretBuffer& into) {
  std::size_t wanted = std::min(SizeHint(file), room);
  while (true) {
    if (!into.Reserve(wanted)) {
      return ENOMEM;
    }
    const ssize_t got = ::read(file, into.room().data(), into.room().size());
    if (got == 0) {
      return 0;
    }
    if (got < 0 && errno != EINTR) {
      return errno;
    }
    into.Fill(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (into.size() == room) {
      return EFBIG;
    }
    if (into.room().empty()) {
      wanted = std::min(into.size() * 2, room);
    }
  }
}

}  // namespace

int ReadFile(const std::string& path, std::size_t limit, SecretBuffer& into) {
  if (path == "-") {
    return ReadToEnd(STDIN_FILENO, limit + 1, into);
  }
  const posix::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() ? ReadToEnd(file.get(), limit + 1, into) : errno;
}

bool IsOpenToOthers(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

}  // namespace connect_auth::program
