// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/linux/problem.h"

namespace connect_auth::program {

/// Tells init scripts which process the service is. Locked while it lives, so that a number that a
/// killed service left behind is known for what it is.
class PidFile {
 public:
  PidFile() = default;
  ~PidFile() { Remove(); }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  /// @return  A problem (kUsage): it cannot be written, or another service has it.
  Problem Write(const std::string& path);

  void Remove();

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace connect_auth::program
