// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/store_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "platform/linux/file.h"
#include "platform/linux/text.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/descriptor.h"
#include "platform/posix/system_entropy.h"

namespace connect_auth::program {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kParentMode = 0755;

Problem StorageProblem(std::string_view what, const std::string& path, std::string_view why,
                       std::string_view next) {
  return {ExitCode::kStorage, Join({"cannot ", what, " ", path, ": ", why, "; ", next})};
}

Problem CannotMakeKey(const std::string& path, int error) {
  return StorageProblem("make the store's key", path, ErrorText(error),
                        "see to its directory, or set key_file in [store]");
}

void SleepFor(Millis span) {
  timespec left{span.count / 1000, span.count % 1000 * 1'000'000};
  static_cast<void>(::nanosleep(&left, nullptr));
}

bool WriteDurably(int file, ConstBytes octets) {
  return ::write(file, octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()) &&
         ::fsync(file) == 0;
}

/// Writes a key under a name of its own and then gives it the name `path`, unless another process
/// was faster: then its key stands. So no process ever sees half a key, and all see the same.
/// @return 0, or an errno
int InstallKey(const std::string& path, ConstBytes key) {
  std::string temporary = path + ".XXXXXX";
  const posix::Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file.valid()) {
    return errno;
  }
  int error = 0;
  if (!WriteDurably(file.get(), key) ||
      (::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)) {
    error = errno;
  }
  ::unlink(temporary.c_str());
  return error;
}

Problem MakeKey(const std::string& path) {
  std::array<std::uint8_t, Settings::kRecordKeyBytes> key{};
  const ScopedWipe wipe(key);
  posix::SystemEntropy entropy;
  if (entropy.Fill(key) != Status::kOk) {
    return {ExitCode::kOther, "the kernel has no random numbers yet; try again in a moment"};
  }
  const int error = InstallKey(path, key);
  return error == 0 ? Problem() : CannotMakeKey(path, error);
}

/// @return 0, or an errno
int MakeDirectories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (::mkdir(path.substr(0, slash).c_str(), kParentMode) != 0 && errno != EEXIST &&
        errno != EROFS && errno != EACCES) {
      return errno;
    }
  }
  return ::mkdir(path.c_str(), kDirectoryMode) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace

Problem StoreKey::LoadIfAny(const std::string& path) {
  SecretBuffer content;
  const int error = ReadFile(path, octets_.size(), content);
  if (error == ENOENT) {
    return {};
  }
  if (error != 0 && error != EFBIG) {
    return StorageProblem("read the store's key", path, ErrorText(error),
                          "see to the file, or set key_file in [store]");
  }
  if (error == EFBIG || content.size() != octets_.size()) {
    return {ExitCode::kStorage, Join({"the store's key ", path,
                                      " does not have 32 octets; restore it, or remove it "
                                      "to begin with a new key"})};
  }
  CopyBytes(content.bytes(), octets_);
  loaded_ = true;
  return {};
}

Problem StoreKey::LoadOrMake(const std::string& path) {
  Problem problem = LoadIfAny(path);
  if (problem.exists() || loaded_) {
    return problem;
  }
  problem = MakeKey(path);
  if (problem.exists()) {
    return problem;
  }
  problem = LoadIfAny(path);
  return problem.exists() || loaded_ ? problem : CannotMakeKey(path, ENOENT);
}

Problem MakeStoreDirectory(const std::string& path) {
  const int error = MakeDirectories(path);
  if (error != 0) {
    return StorageProblem("make the store", path, ErrorText(error),
                          "make that directory yourself, or set path in [store]");
  }
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
    return StorageProblem("use the store", path, "it is not a directory",
                          "remove what is there, or set path in [store]");
  }
  return {};
}

StoreLock::Attempt StoreLock::TryOnce() {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) {
    return Attempt::kFailed;
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(file_);
    file_ = -1;
    errno = error;
    return error == EWOULDBLOCK || error == EINTR ? Attempt::kHeldByOther : Attempt::kFailed;
  }
  // Between open and flock the file may have been removed: then the lock means nothing.
  struct stat about {};
  if (::fstat(file_, &about) == 0 && about.st_nlink > 0) {
    return Attempt::kTaken;
  }
  ::close(file_);
  file_ = -1;
  return Attempt::kHeldByOther;
}

Problem StoreLock::Take(const std::string& store, Millis at_most) {
  constexpr Millis kFirstSleep{5};
  constexpr Millis kLongestSleep{100};
  path_ = store + "/lock";
  const posix::BootClock clock;
  const Instant end = clock.Now() + at_most;
  Millis sleep = kFirstSleep;
  while (true) {
    const Attempt attempt = TryOnce();
    if (attempt == Attempt::kTaken) {
      return {};
    }
    if (attempt == Attempt::kFailed) {
      return StorageProblem("lock the store with", path_, ErrorText(errno),
                            "see to its directory, or set path in [store]");
    }
    if (clock.Now() >= end) {
      return {ExitCode::kUnreachable,
              Join({"another process keeps the lock ", path_, "; try again when it is done"})};
    }
    SleepFor(sleep);
    sleep = std::min(Millis{sleep.count * 2}, kLongestSleep);
  }
}

void StoreLock::Release() {
  if (held()) {
    ::unlink(path_.c_str());
    ::close(file_);
    file_ = -1;
  }
}

}  // namespace connect_auth::program
