// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/file_storage.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "platform/posix/descriptor.h"

namespace connect_auth::posix {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kParentMode = 0755;

/// The name of a record's file, or of its temporary file. A record's name has no dot, so that
/// the two never meet.
class FileName {
 public:
  static FileName Record(std::string_view name) { return FileName("", name, ""); }
  static FileName Temporary(std::string_view name) { return FileName(".", name, ".new"); }

  const char* get() const { return text_.data(); }

 private:
  FileName(std::string_view before, std::string_view name, std::string_view after) {
    char* end = text_.data();
    for (const std::string_view part : {before, name, after}) {
      end += part.copy(end, part.size());
    }
  }

  std::array<char, 1 + Storage::kMaxNameBytes + 4 + 1> text_{};
};

/// Makes the entries of `directory` durable.
bool Sync(int directory) {
  return ::fsync(directory) == 0;
}

/// Waits until no other process changes the directory, but not for one that was stopped meanwhile.
/// Released when the descriptor is closed.
bool Lock(int directory) {
  constexpr int kTries = 200;
  constexpr timespec kPause = {0, 10'000'000};
  for (int i = 0; ::flock(directory, LOCK_EX | LOCK_NB) != 0; ++i) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || i == kTries) {
      return false;
    }
    static_cast<void>(::nanosleep(&kPause, nullptr));
  }
  return true;
}

bool Remove(int directory, const char* name) {
  return ::unlinkat(directory, name, 0) == 0 || errno == ENOENT;
}

bool WriteAll(int file, ConstBytes data) {
  while (!data.empty()) {
    const ssize_t written = ::write(file, data.data(), data.size());
    if (written > 0) {
      data = data.subspan(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool ReadAll(int file, Bytes into) {
  while (!into.empty()) {
    const ssize_t got = ::read(file, into.data(), into.size());
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (got == 0) {
      errno = EIO;  // Shorter than it said: somebody else truncated it.
      return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

int Open(const char* directory) {
  return ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/// A path under work, cut short and restored while its parents are made.
class Path {
 public:
  /// @return false when `path` is too long; errno says so.
  bool Set(std::string_view path) {
    if (path.size() >= text_.size()) {
      errno = ENAMETOOLONG;
      return false;
    }
    size_ = path.copy(text_.data(), path.size());
    while (size_ > 1 && text_[size_ - 1] == '/') {
      text_[--size_] = '\0';
    }
    return true;
  }

  /// Makes the directory and what is missing above it.
  bool MakeDirectories() {
    for (std::size_t i = 1; i < size_; ++i) {
      if (text_[i] == '/' && text_[i - 1] != '/' && !MakeOne(i, kParentMode)) {
        return false;
      }
    }
    return MakeOne(size_, kDirectoryMode);
  }

 private:
  /// Makes the directory that the first `size` characters name, durably.
  bool MakeOne(std::size_t size, mode_t mode) {
    const char after = text_[size];
    text_[size] = '\0';
    const bool made = ::mkdir(text_.data(), mode) == 0;
    const bool fine = made ? SyncParent(size) : errno == EEXIST;
    text_[size] = after;
    return fine;
  }

  bool SyncParent(std::size_t size) {
    std::size_t slash = std::string_view(text_.data(), size).rfind('/');
    if (slash == std::string_view::npos) {
      const Descriptor here(Open("."));
      return here.valid() && Sync(here.get());
    }
    slash += slash == 0 ? 1 : 0;
    const char after = text_[slash];
    text_[slash] = '\0';
    const Descriptor parent(Open(text_.data()));
    text_[slash] = after;
    return parent.valid() && Sync(parent.get());
  }

  std::array<char, PATH_MAX> text_{};
  std::size_t size_ = 0;
};

}  // namespace

IoResult FileStorage::Load(std::string_view name, Bytes into) {
  if (!IsRecordName(name)) {
    return IoResult::Error(Status::kInvalidArgument);
  }
  const Descriptor directory(OpenDirectory(Missing::kReport));
  const FileName record = FileName::Record(name);
  // O_NONBLOCK: should somebody have put a FIFO there, the open must not wait for its writer.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  const Descriptor file(directory.valid() ? ::openat(directory.get(), record.get(), kFlags) : -1);
  if (!file.valid()) {
    return IoResult::Error(errno == ENOENT ? Status::kNotFound : Fail());
  }
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) {
    return IoResult::Error(Fail());
  }
  if (!S_ISREG(about.st_mode)) {
    errno = EINVAL;
    return IoResult::Error(Fail());
  }
  if (about.st_size > static_cast<off_t>(kMaxRecordBytes) ||
      static_cast<std::size_t>(about.st_size) > into.size()) {
    return IoResult::Error(Status::kBufferTooSmall);
  }
  const std::size_t size = static_cast<std::size_t>(about.st_size);
  return ReadAll(file.get(), into.first(size)) ? IoResult::Bytes(size) : IoResult::Error(Fail());
}

Status FileStorage::Store(std::string_view name, ConstBytes record) {
  if (!IsRecordName(name) || record.size() > kMaxRecordBytes) {
    return Status::kInvalidArgument;
  }
  const Descriptor directory(OpenDirectory(Missing::kCreate));
  if (!directory.valid() || !Lock(directory.get())) {
    return Fail();
  }
  return Replace(directory.get(), name, record);
}

Status FileStorage::Replace(int directory, std::string_view name, ConstBytes record) {
  const FileName temporary = FileName::Temporary(name);
  const FileName target = FileName::Record(name);
  const Status written = WriteTemporary(directory, temporary.get(), record);
  if (written != Status::kOk) {
    return written;
  }
  if (::renameat(directory, temporary.get(), directory, target.get()) != 0) {
    const Status failed = Fail();
    Remove(directory, temporary.get());
    return failed;
  }
  return Sync(directory) ? Status::kOk : Fail();
}

Status FileStorage::WriteTemporary(int directory, const char* temporary, ConstBytes record) {
  // The lock is held: whatever is there belongs to a process that is gone. It is not reused but
  // removed, so that a file of another owner, mode or link count never becomes the record.
  if (!Remove(directory, temporary)) {
    return Fail();
  }
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const Descriptor file(::openat(directory, temporary, kFlags, kFileMode));
  if (!file.valid()) {
    return Fail();
  }
  // The sync comes before the rename: otherwise the name could become durable before the bytes.
  if (WriteAll(file.get(), record) && ::fsync(file.get()) == 0) {
    return Status::kOk;
  }
  const Status failed = Fail();
  Remove(directory, temporary);
  return failed;
}

Status FileStorage::Erase(std::string_view name) {
  if (!IsRecordName(name)) {
    return Status::kInvalidArgument;
  }
  const Descriptor directory(OpenDirectory(Missing::kReport));
  if (!directory.valid()) {
    return errno == ENOENT ? Status::kOk : Fail();
  }
  const bool erased =
      Lock(directory.get()) && Remove(directory.get(), FileName::Record(name).get()) &&
      Remove(directory.get(), FileName::Temporary(name).get()) && Sync(directory.get());
  return erased ? Status::kOk : Fail();
}

/// @return a descriptor, or -1 with errno.
int FileStorage::OpenDirectory(Missing missing) {
  const int directory = Open(directory_);
  if (directory >= 0 || errno != ENOENT || missing == Missing::kReport) {
    return directory;
  }
  Path path;
  return path.Set(directory_) && path.MakeDirectories() ? Open(directory_) : -1;
}

Status FileStorage::Fail() {
  last_error_ = errno;
  return Status::kUnavailable;
}

}  // namespace connect_auth::posix
