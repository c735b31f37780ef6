// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/store_directory.h"

#include <fcntl.h>
#include <stdio.h>
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
  return StorageProblem("make the key", path, ErrorText(error),
                        "see to its directory, or set another key_file");
}

void SleepFor(Millis span) {
  const timespec left{span.count / 1000, static_cast<long>(span.count % 1000 * 1'000'000)};
  static_cast<void>(::nanosleep(&left, nullptr));
}

bool WriteDurably(int file, ConstBytes octets) {
  return ::write(file, octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()) &&
         ::fsync(file) == 0;
}

bool SyncDirectoryOf(const std::string& file) {
  const posix::Descriptor directory(
      ::open(DirectoryOf(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.valid() && ::fsync(directory.get()) == 0;
}

/// Gives the name `path` to a file that has the key whole. Who holds the lock on the temporary file
/// is alone in this; who waited for it finds the key made. What a killed process left is used
/// again.
/// @return 0, or an errno
int InstallKey(const std::string& path, ConstBytes key) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  const std::string temporary = path + ".new";
  const posix::Descriptor file(::open(temporary.c_str(), kFlags, 0600));
  if (!file.valid() || ::flock(file.get(), LOCK_EX) != 0) {
    return errno;
  }
  if (::access(path.c_str(), F_OK) == 0) {
    ::unlink(temporary.c_str());
    return 0;
  }
  if (::fchmod(file.get(), 0600) == 0 && ::ftruncate(file.get(), 0) == 0 &&
      WriteDurably(file.get(), key) && ::rename(temporary.c_str(), path.c_str()) == 0 &&
      SyncDirectoryOf(path)) {
    return 0;
  }
  const int error = errno;
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

std::string DirectoryOf(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, std::max<std::size_t>(slash, 1));
}

Problem StoreKey::LoadIfAny(const std::string& path) {
  SecretBuffer content;
  const int error = ReadFile(path, octets_.size(), content);
  if (error == ENOENT) {
    return {};
  }
  if (error != 0 && error != EFBIG) {
    return StorageProblem("read the key", path, ErrorText(error),
                          "see to the file, or set another key_file");
  }
  if (error == EFBIG || content.size() != octets_.size()) {
    return {ExitCode::kStorage, Join({"the key ", path,
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

Problem ActAsOwner(const std::string& path) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(path.c_str(), &about) != 0 || about.st_uid == 0) {
    return {};
  }
  if (::setegid(about.st_gid) == 0 && ::seteuid(about.st_uid) == 0) {
    return {};
  }
  return StorageProblem("act as the owner of", path, ErrorText(errno),
                        "call as that user, or set another path in [store]");
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
  const int flags = lasts_ ? O_RDWR | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  file_ = ::open(path_.c_str(), flags, 0600);
  if (file_ < 0) {
    return Attempt::kFailed;
  }
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (::fcntl(file_, F_OFD_SETLK, &whole) != 0) {
    const int error = errno;
    ::close(file_);
    file_ = -1;
    errno = error;
    return error == EAGAIN || error == EACCES || error == EINTR ? Attempt::kHeldByOther
                                                                : Attempt::kFailed;
  }
  // Between open and lock the file may have been removed: then the lock means nothing.
  struct stat about {};
  if (::fstat(file_, &about) == 0 && about.st_nlink > 0) {
    return Attempt::kTaken;
  }
  ::close(file_);
  file_ = -1;
  return Attempt::kHeldByOther;
}

Problem StoreLock::Take(const TokenStore& store, Millis at_most) {
  constexpr Millis kFirstSleep{5};
  constexpr Millis kLongestSleep{100};
  path_ = store.lock_path();
  lasts_ = store.is_ring();
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
    if (!lasts_) {
      ::unlink(path_.c_str());
    }
    ::close(file_);
    file_ = -1;
  }
}

}  // namespace connect_auth::program
