// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/session_cache.h"

#include <algorithm>

#include "agent/config.h"
#include "agent/encoding/byte_order.h"
#include "agent/tls/engine.h"
#include "mbedtls/platform.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"
#include "port/log.h"

// mbedTLS 3.6 has no public way to see what a session holds, nor to write the one of a connection
// without a copy of it, certificate and all. MBEDTLS_PRIVATE() marks where this looks inside.

namespace connect_auth {
namespace {

/// mbedTLS calls back into the engine's object, and a linker goes through an archive once: this
/// sees to it that it is there by then, whoever else of the agent is linked.
[[gnu::used]] const auto kCalledBack = &Engine::refused_allocations;

/// A session that is loaded on its way into a connection. What it points at lies in the arena.
class LoadedSession {
 public:
  explicit LoadedSession(ConstBytes from) {
    mbedtls_ssl_session_init(&session_);
    valid_ = mbedtls_ssl_session_load(&session_, from.data(), from.size()) == 0 && IsVerified();
  }
  ~LoadedSession() { mbedtls_ssl_session_free(&session_); }
  LoadedSession(const LoadedSession&) = delete;
  LoadedSession& operator=(const LoadedSession&) = delete;

  /// mbedTLS took the time when the ticket came from a clock that may not have been set then, or
  /// not be set now.
  void SetAge([[maybe_unused]] std::int64_t seconds) {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    session_.MBEDTLS_PRIVATE(ticket_reception_time) = mbedtls_ms_time() - seconds * 1000;
#endif
  }

  bool SetOn(mbedtls_ssl_context& ssl) const {
    return valid_ && mbedtls_ssl_set_session(&ssl, &session_) == 0;
  }

 private:
  /// Only TLS 1.2's say what the verification came to.
  bool IsVerified() const {
    return session_.MBEDTLS_PRIVATE(tls_version) != MBEDTLS_SSL_VERSION_TLS1_2 ||
           session_.MBEDTLS_PRIVATE(verify_result) == 0;
  }

  mbedtls_ssl_session session_;
  bool valid_;
};

ConstBytes TicketOf(const mbedtls_ssl_session& session) {
  return {session.MBEDTLS_PRIVATE(ticket), session.MBEDTLS_PRIVATE(ticket_len)};
}

void FreeTicket(mbedtls_ssl_session& session) {
  unsigned char*& ticket = session.MBEDTLS_PRIVATE(ticket);
  std::size_t& size = session.MBEDTLS_PRIVATE(ticket_len);
  mbedtls_free(ticket);  // No secret: it was sent in the clear.
  ticket = nullptr;
  size = 0;
}

/// A ticket can be resumed, and with TLS 1.2 the session's number.
bool IsResumable(const mbedtls_ssl_session& session) {
  return !TicketOf(session).empty() ||
         (session.MBEDTLS_PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_2 &&
          session.MBEDTLS_PRIVATE(id_len) != 0);
}

/// How long the server says that its ticket is good, within our own limit. It says nothing of
/// sessions without a ticket, and may say 0 for "unspecified" (RFC 5077 section 3.3).
std::int64_t LifetimeOf(const mbedtls_ssl_session& session) {
  const std::int64_t hint = session.MBEDTLS_PRIVATE(ticket_lifetime);
  const bool is_told = !TicketOf(session).empty() && hint != 0;
  return std::min(is_told ? hint : config::kMaxSessionAgeSeconds, config::kMaxSessionAgeSeconds);
}

void FreePeerCertificate([[maybe_unused]] mbedtls_ssl_session& session) {
#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
  mbedtls_x509_crt*& certificate = session.MBEDTLS_PRIVATE(peer_cert);
  if (certificate != nullptr) {
    mbedtls_x509_crt_free(certificate);
    mbedtls_free(certificate);
    certificate = nullptr;
  }
#endif
}

}  // namespace

void SessionCache::Adopt(std::size_t size) {
  size_ = size > kHeaderBytes && size <= room_.size() ? size : 0;
  if (!empty() && (since() < UnixSeconds{0} || until() < since())) {
    Drop();  // No session is like that, and what is subtracted later must not overflow.
  }
}

void SessionCache::Drop() {
  Wipe(room_.first(size_));
  size_ = 0;
}

bool SessionCache::IsGoodFor(const Digest& binding, UnixSeconds now) const {
  return !empty() && AsText(room_.first(binding.size())) == AsText(binding) && since() <= now &&
         now < until();
}

bool SessionCache::OfferTo(mbedtls_ssl_context& ssl, UnixSeconds now) {
  LoadedSession loaded(session());
  loaded.SetAge(now.count - since().count);
  if (loaded.SetOn(ssl)) {
    return true;
  }
  CONNECT_AUTH_LOG(kInfo, "tls: the kept session is of no use, octets", session().size());
  Drop();
  return false;
}

void SessionCache::TakeFrom(mbedtls_ssl_context& ssl, bool resumed, const Digest& binding,
                            UnixSeconds now, UnixSeconds trusted_until) {
  mbedtls_ssl_session& made = *ssl.MBEDTLS_PRIVATE(session);
  FreePeerCertificate(made);
  if (Contains(TicketOf(made))) {
    if (resumed) {
      return;  // The server has given nothing newer.
    }
    FreeTicket(made);  // The server has refused it.
  }
  Drop();
  if (!IsResumable(made)) {
    return;
  }
  std::size_t written = 0;
  const Bytes into = room_.subspan(kHeaderBytes);
  if (mbedtls_ssl_session_save(&made, into.data(), into.size(), &written) != 0) {
    CONNECT_AUTH_LOG(kInfo, "tls: no room for the session, octets", written);
    Wipe(into);
    return;
  }
  size_ = kHeaderBytes + written;
  CopyBytes(binding, room_);
  PutTime(kSinceAt, now);
  PutTime(kUntilAt, std::min(trusted_until, UnixSeconds{now.count + LifetimeOf(made)}));
  PutTime(kTrustedUntilAt, trusted_until);
}

/// Whether the present session has this ticket, or both have none.
bool SessionCache::Contains(ConstBytes ticket) const {
  return !empty() && AsText(session()).find(AsText(ticket)) != std::string_view::npos;
}

UnixSeconds SessionCache::TimeAt(std::size_t offset) const {
  return UnixSeconds{static_cast<std::int64_t>(GetBigEndian(room_.subspan(offset, kTimeBytes)))};
}

void SessionCache::PutTime(std::size_t offset, UnixSeconds time) {
  PutBigEndian(static_cast<std::uint64_t>(time.count), room_.subspan(offset, kTimeBytes));
}

}  // namespace connect_auth
