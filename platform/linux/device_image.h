// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/store/ring_storage.h"
#include "platform/linux/problem.h"
#include "platform/posix/file_flash.h"
#include "port/bytes.h"

namespace connect_auth::program {

/// The image of a device's NOR flash, in which only the area of the settings is changed. One
/// process at a time.
///
/// One that is missing or empty is made as a whole part, erased, under another name, and gets its
/// own when the settings are in it: so there is never half an image.
class DeviceImage {
 public:
  explicit DeviceImage(std::string path) : path_(std::move(path)) {}
  DeviceImage(const DeviceImage&) = delete;
  DeviceImage& operator=(const DeviceImage&) = delete;

  /// Looks at what is there.
  ///
  /// @return  A problem (kStorage): it is no image of the part, cannot be read, or the area of the
  ///          settings holds something else.
  Problem Open();

  /// The sealed settings that it holds; empty: none. Valid as long as this object.
  ConstBytes settings() const { return settings_; }

  /// Replaces the settings. After a crash there are the old ones or the new ones.
  ///
  /// @return  A problem (kStorage).
  /// @pre `Open()` found no problem
  Problem Store(ConstBytes record);

 private:
  Problem OpenPart();
  Problem OpenSettings();
  Problem Refuse(std::string_view cause) const;
  bool HoldsSomethingElse();

  std::string path_;
  std::string new_path_;  // Not empty: the image is in the making, there.
  std::optional<posix::FileFlash> area_;
  std::optional<RingStorage> ring_;
  std::vector<std::uint8_t> settings_;
};

}  // namespace connect_auth::program
