// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

namespace connect_auth::posix {

/// Owns a file descriptor for the length of a scope.
class Descriptor final {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (valid()) {
      ::close(number_);
    }
  }

  bool valid() const { return number_ >= 0; }
  int get() const { return number_; }

 private:
  int number_;
};

}  // namespace connect_auth::posix
