// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "agent/settings.h"
#include "platform/linux/problem.h"
#include "platform/linux/token_store.h"
#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth::program {

/// The key that seals what is stored, here or on a device. Wipes itself.
class StoreKey {
 public:
  StoreKey() = default;
  ~StoreKey() { Wipe(octets_); }
  StoreKey(const StoreKey&) = delete;
  StoreKey& operator=(const StoreKey&) = delete;

  /// Reads the key; makes one first where there is none.
  ///
  /// @return  A problem (kStorage).
  Problem LoadOrMake(const std::string& path);

  /// Reads the key where there is one; else `octets()` stays empty.
  Problem LoadIfAny(const std::string& path);

  ConstBytes octets() const { return loaded_ ? ConstBytes(octets_) : ConstBytes(); }

 private:
  std::array<std::uint8_t, Settings::kRecordKeyBytes> octets_{};
  bool loaded_ = false;
};

std::string DirectoryOf(const std::string& file);

/// Has root act as the user to whom a store belongs, such as the service's, for the rest of this
/// process: what it writes there has to be that user's, who could not read it otherwise.
///
/// @return  A problem (kStorage).
Problem ActAsOwner(const std::string& path);

/// Makes the directory and what is missing above it; its own mode is then 0700.
///
/// @param path  Does not end in a slash, unless it is the root.
/// @return  A problem (kStorage).
Problem MakeStoreDirectory(const std::string& path);

/// Lets one process at a time ask for a token and store it: a lock of an open file description
/// (fcntl(2)) on the file `lock` in the store's directory, or on the ring. So it does not get in
/// the way of the flock(2) that a store takes for a moment. A lock file is removed with the lock;
/// one that a killed process left behind does no harm.
class StoreLock {
 public:
  StoreLock() = default;
  ~StoreLock() { Release(); }
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  /// Waits for the lock.
  ///
  /// @param store    Open; a directory exists. Borrowed during the call.
  /// @param at_most  How long.
  /// @return  A problem: kUnreachable when another process keeps it, else kStorage.
  Problem Take(const TokenStore& store, Millis at_most);

  void Release();
  bool held() const { return file_ >= 0; }

 private:
  enum class Attempt : std::uint8_t { kTaken, kHeldByOther, kFailed };

  Attempt TryOnce();

  std::string path_;
  int file_ = -1;
  bool lasts_ = false;  // The file is more than a lock.
};

}  // namespace connect_auth::program
