// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "port/bytes.h"

namespace connect_auth {

/// A secret that somebody else stores. It has no `<<` and no conversion to text, so it cannot be
/// printed by accident; whoever needs the octets says `Reveal()`.
class SecretView {
 public:
  constexpr SecretView() = default;
  /// @param octets  Borrowed for the life of this object.
  explicit constexpr SecretView(std::string_view octets) : octets_(octets) {}

  constexpr std::string_view Reveal() const { return octets_; }
  constexpr bool empty() const { return octets_.empty(); }
  constexpr std::size_t size() const { return octets_.size(); }

 private:
  std::string_view octets_;
};

/// A secret in memory that the owner lends. Wipes itself; is neither copied nor printed.
class HeldSecret {
 public:
  /// @param storage  Limits the secret's length. Borrowed for the life of this object.
  explicit constexpr HeldSecret(Bytes storage) : storage_(storage) {}
  ~HeldSecret() { Wipe(); }
  HeldSecret(const HeldSecret&) = delete;
  HeldSecret& operator=(const HeldSecret&) = delete;

  /// Replaces the secret.
  ///
  /// @param octets  Copied.
  /// @return false  It is longer than the storage: none is held.
  bool Assign(SecretView octets) {
    Wipe();
    if (octets.size() > storage_.size()) {
      return false;
    }
    CopyBytes(AsBytes(octets.Reveal()), storage_);
    size_ = octets.size();
    return true;
  }

  void Wipe() {
    connect_auth::Wipe(storage_.first(size_));
    size_ = 0;
  }

  SecretView view() const { return SecretView(AsText(storage_.first(size_))); }

 private:
  Bytes storage_;
  std::size_t size_ = 0;
};

/// Wipes a range of bytes when it goes out of scope, on every path.
class ScopedWipe {
 public:
  /// @param bytes  Borrowed for the life of this object.
  explicit ScopedWipe(Bytes bytes) : bytes_(bytes) {}
  ~ScopedWipe() { Wipe(bytes_); }
  ScopedWipe(const ScopedWipe&) = delete;
  ScopedWipe& operator=(const ScopedWipe&) = delete;

 private:
  Bytes bytes_;
};

}  // namespace connect_auth
