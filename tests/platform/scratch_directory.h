// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace connect_auth::test {

/// A fresh directory under $TMPDIR or /tmp.
class ScratchDirectory final {
 public:
  ScratchDirectory() {
    const char* const root = std::getenv("TMPDIR");
    std::snprintf(path_.data(), path_.size(), "%s/connect-auth-XXXXXX",
                  root != nullptr ? root : "/tmp");
    if (::mkdtemp(path_.data()) == nullptr) {
      std::perror(path_.data());
      std::abort();
    }
  }

  const char* path() const { return path_.data(); }

  /// Removes it with all that is in it. Not done by a destructor: a failed assertion jumps.
  void Remove() const { RemoveTree(AT_FDCWD, path_.data()); }

 private:
  static void RemoveTree(int parent, const char* name) {
    if (::unlinkat(parent, name, 0) == 0) {
      return;
    }
    // What cannot be opened for all that is left behind.
    [[maybe_unused]] const int changed = ::fchmodat(parent, name, 0700, 0);
    const int self = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* const entries = self >= 0 ? ::fdopendir(self) : nullptr;
    for (const dirent* entry = nullptr;
         entries != nullptr && (entry = ::readdir(entries)) != nullptr;) {
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
        RemoveTree(self, entry->d_name);
      }
    }
    if (entries != nullptr) {
      ::closedir(entries);
    }
    static_cast<void>(::unlinkat(parent, name, AT_REMOVEDIR));
  }

  std::array<char, 256> path_{};
};

/// Entries of a directory besides "." and ".."; -1 when it cannot be read.
inline int CountEntries(const char* path) {
  DIR* const entries = ::opendir(path);
  if (entries == nullptr) {
    return -1;
  }
  int count = -2;
  while (::readdir(entries) != nullptr) {
    ++count;
  }
  ::closedir(entries);
  return count;
}

/// Descriptors that this process has open.
inline int CountDescriptors() {
  return CountEntries("/proc/self/fd") - 1;
}

}  // namespace connect_auth::test
