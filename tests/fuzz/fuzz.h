// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "port/bytes.h"

namespace connect_auth::fuzz {

/// What each target defines: looks at one input, and ends the program where a property is broken.
///
/// @param input  Borrowed during the call.
void Run(ConstBytes input);

/// Ends the program, so that whoever drives the target sees it, unless `holds`.
inline void Check(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "property broken: %s\n", property);
    std::abort();
  }
}

/// Octets in memory that ends where they do: the address sanitizer sees who reads on.
class Exact {
 public:
  explicit Exact(ConstBytes octets)
      : octets_(std::make_unique<std::uint8_t[]>(octets.size())), size_(octets.size()) {
    CopyBytes(octets, bytes());
  }
  explicit Exact(std::size_t size) : octets_(std::make_unique<std::uint8_t[]>(size)), size_(size) {}

  Bytes bytes() const { return {octets_.get(), size_}; }
  std::string_view text() const { return AsText(bytes()); }

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::size_t size_;
};

/// An input whose last octets are choices, so that the front of a file in the corpus reads as the
/// format that is fuzzed. An input that is too short has zeros there.
class Input {
 public:
  explicit Input(ConstBytes octets) : rest_(octets) {}

  bool empty() const { return rest_.empty(); }
  ConstBytes rest() const { return rest_; }

  /// Takes an octet off the end.
  std::uint8_t Octet() {
    if (rest_.empty()) {
      return 0;
    }
    const std::uint8_t octet = rest_.back();
    rest_ = rest_.first(rest_.size() - 1);
    return octet;
  }
  bool Flag() { return Octet() % 2 != 0; }
  /// @return  0..limit-1, of one octet. @pre 0 < limit <= 256
  std::size_t Below(std::size_t limit) { return Octet() % limit; }
  /// A number of that many octets.
  std::uint64_t Number(std::size_t octets) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < octets; ++i) {
      number = number << 8 | Octet();
    }
    return number;
  }
  /// Takes up to `size` octets off the front.
  ConstBytes Take(std::size_t size) {
    const ConstBytes taken = rest_.first(size < rest_.size() ? size : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ConstBytes rest_;
};

/// The sizes of the pieces that a stream arrives in.
class Pieces {
 public:
  /// @param seed  0: all at once. 1: octet by octet. Other: sizes of 1 to 16 that it decides.
  explicit Pieces(std::uint32_t seed) : seed_(seed), state_(seed) {}

  /// Takes the next piece off the front of `rest`. @pre it is not empty
  ConstBytes Next(ConstBytes& rest) {
    state_ = state_ * 1664525 + 1013904223;
    const std::size_t drawn = seed_ < 2 ? 1 : (state_ >> 28) + 1;
    const std::size_t size = seed_ == 0 || drawn > rest.size() ? rest.size() : drawn;
    const ConstBytes piece = rest.first(size);
    rest = rest.subspan(size);
    return piece;
  }

 private:
  std::uint32_t seed_;
  std::uint32_t state_;
};

}  // namespace connect_auth::fuzz
