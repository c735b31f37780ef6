// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "port/storage.h"

namespace connect_auth::posix {

/// Records as files, each named after its record, in one directory.
///
/// A store writes a temporary file beside the record (".token.new"), syncs it, renames it over
/// the record and syncs the directory. No moment exists at which the record is neither the old
/// one nor the new one. A temporary file that a crash left behind is removed by the next store.
///
/// Several processes may share the directory: writers take turns by flock(2) on it; readers
/// need no lock. The directory must be on a file system with that lock (not on old NFS).
///
/// Files have mode 0600. A missing directory is made with mode 0700 at the first store, and its
/// missing parents with 0755; the mode of one that exists is left to its owner.
class FileStorage final : public Storage {
 public:
  /// @param directory  NUL-terminated path. Borrowed for the life of this object.
  constexpr explicit FileStorage(const char* directory) : directory_(directory) {}
  FileStorage(const FileStorage&) = delete;
  FileStorage& operator=(const FileStorage&) = delete;

  IoResult Load(std::string_view name, Bytes into) override;
  Status Store(std::string_view name, ConstBytes record) override;

  /// Unlinks the file. It is not overwritten first: on flash media and on journaling file systems
  /// that would wear the medium and still not reach the old blocks. Records are sealed; what
  /// must be unreadable for good is made so by destroying the key.
  Status Erase(std::string_view name) override;

  /// Has nothing to do: the file system keeps house.
  Status Idle() override { return Status::kOk; }

  /// The errno of the last failure, for messages.
  int last_error() const { return last_error_; }

 private:
  enum class Missing : bool { kReport, kCreate };

  int OpenDirectory(Missing missing);
  Status WriteTemporary(int directory, const char* temporary, ConstBytes record);
  Status Replace(int directory, std::string_view name, ConstBytes record);
  Status Fail();

  const char* directory_;
  int last_error_ = 0;
};

}  // namespace connect_auth::posix
