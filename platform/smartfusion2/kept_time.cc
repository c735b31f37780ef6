// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/kept_time.h"

#include <cstdint>

namespace connect_auth::smartfusion2 {
namespace {

struct Kept {
  std::int64_t seconds;
  std::int64_t check;
};

// What memory holds after power came on does not look like that.
constexpr std::int64_t kMark = 0x6B65707420746D65;

[[gnu::section(".noinit")]] Kept kept;

}  // namespace

void KeepTime(UnixSeconds now) {
  kept = {now.count, now.count ^ kMark};
}

Result<UnixSeconds> KeptTime() {
  if ((kept.seconds ^ kMark) != kept.check) {
    return Status::kUnavailable;
  }
  return UnixSeconds{kept.seconds};
}

}  // namespace connect_auth::smartfusion2
