// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/device_image.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/provisioning/provision_record.h"
#include "platform/linux/text.h"
#include "port/storage.h"

namespace connect_auth::program {
namespace {

// Of the part on the board, S25SL12801.
constexpr std::uint32_t kPartBlocks = 256;
constexpr FlashGeometry kPart = {Provision::kBlockBytes, kPartBlocks, 1, true};
constexpr FlashGeometry kArea = {Provision::kBlockBytes, Provision::kBlocks, 1, true};

bool IsErased(ConstBytes octets) {
  return std::all_of(octets.begin(), octets.end(),
                     [](std::uint8_t octet) { return octet == 0xFF; });
}

}  // namespace

Problem DeviceImage::Refuse(std::string_view cause) const {
  return {ExitCode::kStorage,
          Join({"the image ", path_, " cannot be used: ", cause, "; name another file"})};
}

Problem DeviceImage::Open() {
  const Problem problem = OpenPart();
  return problem.exists() ? problem : OpenSettings();
}

/// Finds the part, or makes one.
Problem DeviceImage::OpenPart() {
  struct stat about {};
  const bool exists = ::stat(path_.c_str(), &about) == 0;
  if (!exists && errno != ENOENT) {
    return Refuse(ErrorText(errno));
  }
  if (exists && !S_ISREG(about.st_mode)) {
    return Refuse("it is not a file");
  }
  if (exists && about.st_size != 0) {
    return about.st_size == kPart.size()
               ? Problem()
               : Refuse(Join({"it has ", Decimal(about.st_size), " octets, and the part ",
                              Decimal(kPart.size())}));
  }
  new_path_ = path_ + ".new";
  ::unlink(new_path_.c_str());  // A process that was killed may have left it.
  posix::FileFlash part(new_path_.c_str(), kPart);
  std::array<std::uint8_t, 1> first;
  // To look at it makes it.
  return part.Read(0, first) == Status::kOk ? Problem() : Refuse(ErrorText(part.last_error()));
}

Problem DeviceImage::OpenSettings() {
  area_.emplace(new_path_.empty() ? path_.c_str() : new_path_.c_str(), kArea);
  ring_.emplace(*area_);
  if (ring_->Mount() != Status::kOk) {
    return Refuse(ErrorText(area_->last_error()));
  }
  if (ring_->moves() == 0 && HoldsSomethingElse()) {
    return Refuse("where a device has its settings it holds something else, not changed");
  }
  settings_.resize(Storage::kMaxRecordBytes);
  const IoResult loaded = ring_->Load(Provision::kName, settings_);
  settings_.resize(loaded.ok() ? loaded.bytes() : 0);
  return loaded.ok() || loaded.status() == Status::kNotFound
             ? Problem()
             : Refuse(ErrorText(area_->last_error()));
}

/// Whether the area is neither erased nor has a block that a ring prepared.
bool DeviceImage::HoldsSomethingElse() {
  std::vector<std::uint8_t> block(kArea.block_bytes);
  const Mark erased_mark = RingStorage::LayoutOf(kArea).MarkOf(0);
  bool erased = true;
  for (std::uint32_t at = 0; at < kArea.size(); at += kArea.block_bytes) {
    if (area_->Read(at, block) != Status::kOk) {
      return true;
    }
    if (std::equal(erased_mark.begin(), erased_mark.end(), block.begin())) {
      return false;
    }
    erased = erased && IsErased(block);
  }
  return !erased;
}

Problem DeviceImage::Store(ConstBytes record) {
  if (ring_->Store(Provision::kName, record) != Status::kOk) {
    return Refuse(ErrorText(area_->last_error()));
  }
  const bool named = new_path_.empty() || ::rename(new_path_.c_str(), path_.c_str()) == 0;
  return named ? Problem() : Refuse(ErrorText(errno));
}

}  // namespace connect_auth::program
