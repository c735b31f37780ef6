// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/random.h>
#include <sys/types.h>

#include <cstddef>

#include "port/entropy.h"

namespace connect_auth::posix {

/// The random generator of the kernel.
///
/// Early in boot, before the kernel has gathered entropy, it answers kUnavailable rather than
/// wait: on a headless device that wait can last for minutes.
class SystemEntropy final : public Entropy {
 public:
  /// The shape of getrandom(2).
  using Source = ssize_t (*)(void* into, std::size_t size, unsigned int flags);

  /// @param source  Replaced only by tests, which cannot bring a kernel back to early boot.
  constexpr explicit SystemEntropy(Source source = &::getrandom) : source_(source) {}

  Status Fill(Bytes into) override;

 private:
  Source source_;
};

}  // namespace connect_auth::posix
