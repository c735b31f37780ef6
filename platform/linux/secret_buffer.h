// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "agent/secret.h"
#include "platform/linux/swap.h"
#include "port/bytes.h"

namespace connect_auth::program {

/// Octets that may be secret: on the heap, wiped before they are given back, never copied.
class SecretBuffer {
 public:
  SecretBuffer() = default;
  ~SecretBuffer() { Clear(); }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  /// Sees to room for `size` octets; what is there stays.
  ///
  /// @return  Whether there was memory for it.
  bool Reserve(std::size_t size) {
    if (size <= capacity_) {
      return true;
    }
    std::unique_ptr<std::uint8_t[]> larger(new (std::nothrow) std::uint8_t[size]);
    if (larger == nullptr) {
      return false;
    }
    CopyBytes(bytes(), Bytes(larger.get(), size));
    Wipe(bytes());
    octets_ = std::move(larger);
    capacity_ = size;
    return true;
  }

  /// @return  Whether there was memory for it.
  bool Append(ConstBytes more) {
    const std::size_t size = size_ + more.size();
    if (size > capacity_ && !Reserve(std::max(size, 2 * capacity_))) {
      return false;
    }
    CopyBytes(more, room());
    size_ += more.size();
    return true;
  }

  /// For what lives as long as the process: as `KeepOutOfSwap`.
  void Keep() const { static_cast<void>(KeepOutOfSwap(octets_.get(), capacity_)); }

  /// What was reserved and is not filled.
  Bytes room() { return Bytes(octets_.get(), capacity_).subspan(size_); }

  /// Counts octets that were put into `room()`.
  ///
  /// @pre count <= room().size()
  void Fill(std::size_t count) { size_ += count; }

  /// Drops octets at the end.
  ///
  /// @pre size <= this->size()
  void Shorten(std::size_t size) {
    Wipe(bytes().subspan(size));
    size_ = size;
  }

  void Clear() {
    Wipe(bytes());
    octets_.reset();
    size_ = 0;
    capacity_ = 0;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  Bytes bytes() { return {octets_.get(), size_}; }
  ConstBytes bytes() const { return {octets_.get(), size_}; }
  SecretView view() const { return SecretView(AsText(bytes())); }

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace connect_auth::program
