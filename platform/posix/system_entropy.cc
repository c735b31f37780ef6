// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/system_entropy.h"

#include <cerrno>

namespace connect_auth::posix {

Status SystemEntropy::Fill(Bytes into) {
  while (!into.empty()) {
    const ssize_t got = source_(into.data(), into.size(), GRND_NONBLOCK);
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return Status::kUnavailable;
    }
  }
  return Status::kOk;
}

}  // namespace connect_auth::posix
