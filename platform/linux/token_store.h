// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/store/ring_storage.h"
#include "platform/linux/problem.h"
#include "platform/posix/file_flash.h"
#include "platform/posix/file_storage.h"
#include "platform/posix/mtd_flash.h"
#include "port/flash.h"
#include "port/storage.h"

namespace connect_auth::program {

enum class StoreKind : std::uint8_t {
  kFiles,  ///< A directory, or nothing yet: plain files.
  kImage,  ///< A regular file: a ring in emulated NOR.
  kMtd,    ///< A device: a ring in NOR, if it is /dev/mtdN.
};

/// What lies at `path` decides. Whether it can be a store is found out by `TokenStore::Open()`.
StoreKind StoreKindOf(const std::string& path);

/// `8 x 4096 octets in units of 1`
std::string ShapeOf(const FlashGeometry& geometry);

/// What the setting `path` in [store] stands for.
///
/// A ring may be shared by processes: each call locks the image or device (flock), surveys the
/// ring, which somebody else may have changed, and does its work. An area that is neither blank nor
/// a ring is somebody else's, and never written.
class TokenStore final : public Storage {
 public:
  explicit TokenStore(std::string path) : path_(std::move(path)), files_(path_.c_str()) {}
  TokenStore(const TokenStore&) = delete;
  TokenStore& operator=(const TokenStore&) = delete;

  /// Finds out what is there. Changes nothing.
  ///
  /// @return  A problem (kStorage): it cannot be a store.
  Problem Open();

  IoResult Load(std::string_view name, Bytes into) override;
  Status Store(std::string_view name, ConstBytes record) override;
  Status Erase(std::string_view name) override;
  Status Idle() override;

  const std::string& path() const { return path_; }
  bool is_ring() const { return ring_.has_value(); }
  /// In words.
  std::string_view kind() const;
  /// @pre `is_ring()`
  FlashGeometry geometry() const { return flash_->geometry(); }
  /// How often the ring moved; 0: also, it was not used yet.
  ///
  /// @pre `is_ring()`
  std::uint32_t moves() const { return ring_->moves(); }
  /// The file to be locked by whoever asks for a token. A ring's is the ring itself.
  std::string lock_path() const { return is_ring() ? path_ : path_ + "/lock"; }
  /// Why the last call failed.
  std::string LastError() const;

 private:
  Problem OpenFiles() const;
  Problem OpenImage();
  Problem OpenMtd();
  bool HoldsSomethingElse();
  template <typename Work>
  Status OnRing(bool changes, Work work);

  std::string path_;
  StoreKind kind_ = StoreKind::kFiles;
  posix::FileStorage files_;
  std::optional<posix::FileFlash> image_;
  std::optional<posix::MtdFlash> mtd_;
  Flash* flash_ = nullptr;
  std::optional<RingStorage> ring_;
  int lock_error_ = 0;
  bool foreign_ = false;    // The area is somebody else's.
  bool too_large_ = false;  // The last record that could not be stored was.
};

}  // namespace connect_auth::program
