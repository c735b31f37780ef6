// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/tls/digest.h"
#include "port/bytes.h"
#include "port/clock.h"

struct mbedtls_ssl_context;

namespace connect_auth {

/// The newest TLS session that can be resumed, in a form that can be stored. One at a time.
///
/// In the room that the owner lends; all numbers are big-endian, all times in seconds since 1970:
///
///     offset  size
///          0    32  binding: the digest of whom the session was made with, and whom one trusted
///         32     8  since: when the ticket came
///         40     8  until: when ticket or session is over, at most that of the next
///         48     8  trusted until: when the certificates that were verified no longer count
///         56     n  the session, as mbedTLS writes it; holds secrets
class SessionCache {
 public:
  static constexpr std::size_t kHeaderBytes = 56;

  /// @param room  kHeaderBytes and the session; a session that does not fit is not kept. Empty:
  ///              none is, ever. Borrowed for the life of this object.
  explicit constexpr SessionCache(Bytes room) : room_(room) {}
  ~SessionCache() { Drop(); }
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  bool enabled() const { return room_.size() > kHeaderBytes; }
  bool empty() const { return size_ == 0; }
  /// Octets of the room that are in use: what is to be stored.
  std::size_t size() const { return size_; }

  /// Believes that `size` octets at the front of the room are what such an object held before. They
  /// must be authentic; what is in them is checked when it is used. Times that no session has:
  /// there is none then.
  void Adopt(std::size_t size);

  /// Forgets the session and wipes it.
  void Drop();

  /// Meaningful unless `empty()`; the header says what they are.
  UnixSeconds since() const { return TimeAt(kSinceAt); }
  UnixSeconds until() const { return TimeAt(kUntilAt); }
  UnixSeconds trusted_until() const { return TimeAt(kTrustedUntilAt); }

  /// Whether the session may be offered to whom `binding` stands for.
  bool IsGoodFor(const Digest& binding, UnixSeconds now) const;

  /// Makes `ssl` offer the session. One that mbedTLS does not take is dropped.
  ///
  /// @param ssl  Set up, and its handshake not begun.
  /// @param now  Not before `since()`. Tells how old the ticket is, whatever time mbedTLS is told.
  /// @return false  It is not offered.
  bool OfferTo(mbedtls_ssl_context& ssl, UnixSeconds now);

  /// Keeps the session of `ssl` in place of the present one, if it can be resumed. If not, there is
  /// none afterwards, unless the present one was resumed. The server's certificate, which no
  /// session needs any more, is freed.
  ///
  /// @param ssl            Its handshake is over.
  /// @param resumed        The present session was resumed by it.
  /// @param trusted_until  When the certificates that this session goes back to no longer count.
  void TakeFrom(mbedtls_ssl_context& ssl, bool resumed, const Digest& binding, UnixSeconds now,
                UnixSeconds trusted_until);

 private:
  static constexpr std::size_t kSinceAt = 32;
  static constexpr std::size_t kUntilAt = 40;
  static constexpr std::size_t kTrustedUntilAt = 48;
  static constexpr std::size_t kTimeBytes = 8;

  ConstBytes session() const { return ConstBytes(room_).first(size_).subspan(kHeaderBytes); }
  bool Contains(ConstBytes ticket) const;
  UnixSeconds TimeAt(std::size_t offset) const;
  void PutTime(std::size_t offset, UnixSeconds time);

  Bytes room_;
  std::size_t size_ = 0;
};

}  // namespace connect_auth
