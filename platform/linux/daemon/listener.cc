// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform/linux/store_directory.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kDirectoryMode = 0755;
constexpr int kBacklog = 128;

Problem Refuse(const std::string& path, std::string_view why) {
  return {ExitCode::kUsage,
          Join({"cannot listen at ", path, ": ", why, "; see to it, or configure another path"})};
}

Problem CheckDirectory(const std::string& directory, const std::string& path) {
  struct stat about {};
  if (::mkdir(directory.c_str(), kDirectoryMode) == 0) {
    return {};
  }
  if (errno != EEXIST || ::lstat(directory.c_str(), &about) != 0) {
    return Refuse(path, ErrorText(errno));
  }
  if (!S_ISDIR(about.st_mode)) {
    return Refuse(path, "its directory is none");
  }
  const bool ours = about.st_uid == 0 || about.st_uid == ::geteuid();
  if (!ours || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Refuse(path, "others may write in its directory");
  }
  return {};
}

/// A socket that nobody listens at any more refuses; whatever else goes wrong, it may be in use.
bool Answers(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool refused =
      probe >= 0 &&
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

/// Clears the way, if what is there was left by a service that is gone.
Problem RemoveLeftOver(const sockaddr_un& address, const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    return errno == ENOENT ? Problem() : Refuse(path, ErrorText(errno));
  }
  if (!S_ISSOCK(about.st_mode)) {
    return Refuse(path, "something else than a socket lies there");
  }
  if (about.st_uid != ::geteuid()) {
    return Refuse(path, "the socket there belongs to another user");
  }
  if (Answers(address)) {
    return Refuse(path, "another service answers there");
  }
  return ::unlink(path.c_str()) == 0 ? Problem() : Refuse(path, ErrorText(errno));
}

}  // namespace

Problem Listener::Open(const std::string& path, gid_t group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path[0] != '/' || path.size() >= sizeof(address.sun_path)) {
    return Refuse(path, "it is no absolute path of at most 107 characters");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Problem problem = CheckDirectory(DirectoryOf(path), path);
  if (!problem.exists()) {
    problem = RemoveLeftOver(address, path);
  }
  return problem.exists() ? problem : Bind(path, group);
}

Problem Listener::Bind(const std::string& path, gid_t group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const mode_t before = ::umask(0777);  // Nobody gets in before the group is right.
  const bool bound = socket_ >= 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&address),
                                            sizeof(address)) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound) {
    return Refuse(path, ErrorText(error));
  }
  path_ = path;
  const bool given =
      group == static_cast<gid_t>(-1) || ::chown(path.c_str(), static_cast<uid_t>(-1), group) == 0;
  if (!given || ::chmod(path.c_str(), kSocketMode) != 0 || ::listen(socket_, kBacklog) != 0) {
    return Refuse(path, ErrorText(errno));
  }
  return {};
}

void Listener::Close() {
  if (socket_ >= 0) {
    ::close(socket_);
    socket_ = -1;
  }
  if (!path_.empty()) {
    ::unlink(path_.c_str());
    path_.clear();
  }
}

}  // namespace connect_auth::program
