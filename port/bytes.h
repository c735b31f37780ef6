// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace connect_auth {

/// Bytes that somebody else owns; the comment beside each use says until when.
using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

/// The octets of `text`; valid as long as `text` is.
inline ConstBytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The octets seen as text, not NUL-terminated; valid as long as `bytes` is.
inline std::string_view AsText(ConstBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A part of `text`, as `substr` gives it, but without the code to throw an exception that comes
/// with that.
///
/// @pre at <= text.size()
constexpr std::string_view Part(std::string_view text, std::size_t at,
                                std::size_t count = std::string_view::npos) {
  const std::size_t rest = text.size() - at;
  return {text.data() + at, count < rest ? count : rest};
}

/// Copies `from` to the front of `into`.
///
/// @pre from.size() <= into.size(); the two may overlap
inline void CopyBytes(ConstBytes from, Bytes into) {
  if (!from.empty()) {
    std::memmove(into.data(), from.data(), from.size());
  }
}

/// Sets every byte to zero, also where the compiler sees no later read.
inline void Wipe(Bytes bytes) {
  if (bytes.empty()) {
    return;
  }
  std::memset(bytes.data(), 0, bytes.size());
  // The compiler must assume that this reads the memory, so the memset stays.
  __asm__ __volatile__("" : : "r"(bytes.data()) : "memory");
}

}  // namespace connect_auth
