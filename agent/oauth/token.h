// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/http/ascii.h"
#include "agent/secret.h"
#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth {

/// The moment a token was asked for, on every clock there was. Its lifetime counts from here: the
/// server's own start is a little later, so the token never looks younger than it is.
struct Anchor {
  Instant sent;
  std::uint64_t boot_id = 0;  ///< Of the boot in which `sent` was read; 0: unknown.
  UnixSeconds wall;           ///< 0: unknown.

  static Anchor Now(const Clock& clock) {
    return {clock.Now(), clock.boot_id(), clock.WallTime().value_or(UnixSeconds{0})};
  }
};

/// Whether a token of this text, which may be empty, can travel in an Authorization field: VSCHAR
/// of RFC 6749 A.12 but for the blank.
[[gnu::noinline]] constexpr bool IsTokenText(std::string_view text) {
  for (const char c : text) {  // Not AllAre: a token is long.
    if (c <= 0x20 || c >= 0x7F) {
      return false;
    }
  }
  return true;
}

/// An access token. Wipes itself; is neither copied nor printed.
class Token {
 public:
  /// @param storage  Limits the token's length. Borrowed for the life of this object.
  explicit constexpr Token(Bytes storage) : storage_(storage) {}
  ~Token() { Wipe(); }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  /// Replaces the token.
  ///
  /// @param text        Copied.
  /// @param lifetime_s  Seconds, counted from `anchor`.
  /// @return kOk              The new token stands.
  /// @return kBufferTooSmall  It is longer than the storage; the old token stands.
  Status Assign(SecretView text, std::int32_t lifetime_s, const Anchor& anchor) {
    if (text.size() > storage_.size()) {
      return Status::kBufferTooSmall;
    }
    Wipe();
    CopyBytes(AsBytes(text.Reveal()), storage_);
    size_ = text.size();
    lifetime_s_ = lifetime_s;
    anchor_ = anchor;
    return Status::kOk;
  }

  void Wipe() {
    connect_auth::Wipe(storage_.first(size_));
    size_ = 0;
    lifetime_s_ = 0;
    anchor_ = Anchor();
  }

  bool empty() const { return size_ == 0; }
  SecretView text() const { return SecretView(AsText(storage_.first(size_))); }
  std::int32_t lifetime_s() const { return lifetime_s_; }
  const Anchor& anchor() const { return anchor_; }

 private:
  Bytes storage_;
  std::size_t size_ = 0;
  std::int32_t lifetime_s_ = 0;
  Anchor anchor_;
};

}  // namespace connect_auth
