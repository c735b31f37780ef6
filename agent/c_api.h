// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The agent from C11: agent/agent.h and the headers of port/, which say more of each call. Left
/// out are provisioning, and tunnels through proxies. Nothing here allocates, waits or keeps
/// anything outside of the objects that the caller lends; no C++ library is needed to link it. (An
/// mbedTLS that serves others as well does allocate: agent/tls/README.md.)
///
/// Pointers are not NULL unless it says that they may be. An agent is used by one thread at a time,
/// not from within the functions of its tables, and stays where it was created.
///
/// Texts are NUL-terminated unless they come with a size. Moments and spans are milliseconds on the
/// clock that the caller brings; `INT64_MAX` is never. One agent is started at a time in an image.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Outcome of an operation: what the caller does next. Those of port/status.h.
typedef uint8_t connect_auth_status;
enum {
  CONNECT_AUTH_OK,
  CONNECT_AUTH_PENDING,              ///< Not finished; nothing went wrong. Call again.
  CONNECT_AUTH_INVALID_ARGUMENT,     ///< Caller bug or bad configuration. Retrying cannot help.
  CONNECT_AUTH_FAILED_PRECONDITION,  ///< Right call, wrong moment.
  CONNECT_AUTH_BUFFER_TOO_SMALL,     ///< A buffer the caller lent cannot hold the data.
  CONNECT_AUTH_OUT_OF_MEMORY,        ///< The TLS arena is exhausted. Make it larger.
  CONNECT_AUTH_MALFORMED,            ///< The peer broke the protocol. Retry with back-off.
  CONNECT_AUTH_TIMEOUT,              ///< The deadline passed. Retry with back-off.
  CONNECT_AUTH_CLOSED,               ///< Orderly end of stream; no more bytes will come.
  CONNECT_AUTH_UNAVAILABLE,          ///< Transient failure of platform or peer.
  CONNECT_AUTH_REJECTED,             ///< The server understood and said no.
  CONNECT_AUTH_UNTRUSTED,            ///< The peer's certificate is not trusted for this host.
  CONNECT_AUTH_CERTIFICATE_DATE,     ///< As that, but only the dates are wrong: check the clock.
  CONNECT_AUTH_NEEDS_CODE,           ///< The code is spent; a person must give a new one.
  CONNECT_AUTH_NOT_FOUND,            ///< No such record or no such value.
  CONNECT_AUTH_CORRUPT,              ///< A record exists but failed its integrity check.
};

/// Octets of a read or write, >= 0, or a negated status: -1 is not an error, but "not yet". What is
/// neither, nor fits the buffer, counts as UNAVAILABLE.
typedef int32_t connect_auth_count;

// --- What the device brings ---------------------------------------------------------------------

/// port/clock.h
struct connect_auth_clock {
  void* context;  ///< Handed to each function, as in the tables below.
  /// Milliseconds since a start in this boot. Never backwards, counts sleep, does not wrap.
  int64_t (*now)(void* context);
  /// Seconds since 1970. OK, or UNAVAILABLE: nobody knows. NULL: nobody ever does.
  connect_auth_status (*wall_time)(void* context, int64_t* seconds);
  /// Differs from boot to boot; 0: not known. NULL: likewise.
  uint64_t (*boot_id)(void* context);
};

/// port/network.h, with all that is promised there: no call blocks.
struct connect_auth_connection {
  void* context;
  /// @param host  Not NUL-terminated.
  /// @return OK, PENDING, INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE
  connect_auth_status (*connect)(void* context, const char* host, size_t host_size, uint16_t port);
  /// @return >= 1; or PENDING, UNAVAILABLE, FAILED_PRECONDITION, negated
  connect_auth_count (*write)(void* context, const uint8_t* data, size_t size);
  /// @return >= 1; or PENDING, CLOSED, UNAVAILABLE, FAILED_PRECONDITION, negated
  connect_auth_count (*read)(void* context, uint8_t* into, size_t size);
  void (*close)(void* context);
};

/// port/storage.h. Names are NUL-terminated here.
struct connect_auth_storage {
  void* context;
  /// @return >= 0; or NOT_FOUND, BUFFER_TOO_SMALL, INVALID_ARGUMENT, UNAVAILABLE, negated
  connect_auth_count (*load)(void* context, const char* name, uint8_t* into, size_t size);
  /// @return OK, INVALID_ARGUMENT, UNAVAILABLE
  connect_auth_status (*store)(void* context, const char* name, const uint8_t* record, size_t size);
  /// @return OK, INVALID_ARGUMENT, UNAVAILABLE
  connect_auth_status (*erase)(void* context, const char* name);
  /// @return OK, PENDING, UNAVAILABLE
  connect_auth_status (*idle)(void* context);
};

/// port/entropy.h
struct connect_auth_entropy {
  void* context;
  /// @return OK, UNAVAILABLE
  connect_auth_status (*fill)(void* context, uint8_t* into, size_t size);
};

/// port/flash.h
struct connect_auth_flash {
  void* context;
  uint32_t block_bytes;
  uint32_t block_count;
  uint32_t program_bytes;
  bool reprogrammable;
  /// Each @return OK, INVALID_ARGUMENT, UNAVAILABLE
  connect_auth_status (*read)(void* context, uint32_t address, uint8_t* into, size_t size);
  connect_auth_status (*program)(void* context, uint32_t address, const uint8_t* data, size_t size);
  connect_auth_status (*erase)(void* context, uint32_t block);
};

#ifndef __cplusplus
/// port/log.h: the device defines it where CONNECT_AUTH_LOG_LEVEL is not 0.
///
/// @param level    1 error, 2 warning, 3 info, 4 debug.
/// @param message  A literal.
/// @param value    What the message says it is; 0: nothing.
void connect_auth_write_log(uint8_t level, const char* message, int64_t value);
#endif

/// For devices that keep nothing: there is no record, and none can be stored.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit
extern const struct connect_auth_storage connect_auth_no_storage;

/// Octets of a ring, as of an agent below.
#if UINTPTR_MAX <= 0xFFFFFFFFu
#define CONNECT_AUTH_RING_BYTES 80
#else
#define CONNECT_AUTH_RING_BYTES 96
#endif

/// A storage in raw NOR flash, agent/store/ring_storage.h. Room aligned to 8 octets; what is in it
/// is nobody else's.
struct connect_auth_ring {
  uint64_t opaque[CONNECT_AUTH_RING_BYTES / 8];
};

/// @param flash  Borrowed for the life of the ring.
void connect_auth_ring_create(struct connect_auth_ring* ring,
                              const struct connect_auth_flash* flash);
/// @return OK, INVALID_ARGUMENT, UNAVAILABLE: `RingStorage::Mount`
connect_auth_status connect_auth_ring_mount(struct connect_auth_ring* ring);

/// All borrowed for the life of the agent, the tables included.
struct connect_auth_ports {
  const struct connect_auth_clock* clock;
  const struct connect_auth_connection* connection;
  const struct connect_auth_entropy* entropy;
  struct connect_auth_ring* ring;              ///< NULL: the next.
  const struct connect_auth_storage* storage;  ///< Not looked at where there is a ring.
};

/// `Agent::Memory`. All borrowed for the life of the agent; none may overlap another.
struct connect_auth_memory {
  uint8_t* tls_arena;  ///< See agent/tls/README.md for what suffices.
  size_t tls_arena_size;
  uint8_t* io;  ///< The longest token, twice, the refresh token, and 1600 octets.
  size_t io_size;
  uint8_t* token;  ///< As long as the longest token.
  size_t token_size;
  uint8_t* refresh_token;  ///< NULL: none is kept.
  size_t refresh_token_size;
  uint8_t* tls_session;  ///< NULL: no TLS session is resumed.
  size_t tls_session_size;
};

// --- What it is to do ---------------------------------------------------------------------------

enum { CONNECT_AUTH_ENCODING_PLAIN, CONNECT_AUTH_ENCODING_FORM };
enum {
  CONNECT_AUTH_GRANT_PASSWORD,
  CONNECT_AUTH_GRANT_AUTHORIZATION_CODE,
  CONNECT_AUTH_GRANT_CLIENT_CREDENTIALS,
};

/// `Settings` of agent/settings.h, which has the ranges. What it points at is borrowed for as long
/// as the agent uses the settings; NULL is an empty text. Begin with the default settings.
struct connect_auth_settings {
  const char* url;  ///< `https://host[:port]`
  const char* token_path;
  const uint8_t* authorities;  ///< PEM, with a NUL at its end that counts, or one DER.
  size_t authorities_size;
  const uint8_t* backup_authorities;
  size_t backup_authorities_size;
  const char* pins;
  int64_t trust_least_time_s;  ///< `Trust::least_time`, seconds since 1970.

  /// `Identity` of agent/tls/identity.h. INVALID_ARGUMENT where the library was built without it.
  const uint8_t* certificates;
  size_t certificates_size;
  const uint8_t* key;
  size_t key_size;
  uint32_t psa_key;

  const char* client_id;
  const char* client_secret;
  uint8_t auth_encoding;  ///< CONNECT_AUTH_ENCODING_...

  uint8_t grant;  ///< CONNECT_AUTH_GRANT_...
  const char* username;
  const char* password;
  const char* code;
  const char* redirect_uri;
  const char* code_verifier;

  const uint8_t* record_key;  ///< 32 octets; NULL: nothing is stored.
  const uint8_t* device_id;   ///< NULL: random for this start.
  size_t device_id_size;

  int64_t timeout_ms;
  int64_t connect_timeout_ms;
  int64_t keep_alive_ms;
  int64_t renewal_margin_ms;
  int64_t store_gain_ms;
  int64_t default_lifetime_ms;
  int64_t retry_period_ms;       ///< `BackoffPlan`
  int64_t slow_retry_period_ms;  ///< likewise
  int64_t boot_spread_ms;        ///< likewise
  int64_t latch_wait_ms;
  int64_t least_time_s;  ///< `Settings::least_time`, seconds since 1970.
  bool renews_ahead;
};

/// Those that agent/settings.h has a default of are set; all others are 0.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit
extern const struct connect_auth_settings connect_auth_default_settings;

// --- The agent ----------------------------------------------------------------------------------

/// Octets of an agent, a multiple of 8: where pointers have 32 bits, and 64.
#if UINTPTR_MAX <= 0xFFFFFFFFu
#define CONNECT_AUTH_AGENT_BYTES 1792
#else
#define CONNECT_AUTH_AGENT_BYTES 2432
#endif

/// Room for an agent, aligned to 8 octets. What is in it is nobody else's.
struct connect_auth_agent {
  uint64_t opaque[CONNECT_AUTH_AGENT_BYTES / 8];
};

/// Makes an agent that is not started. Nothing else may be called before.
void connect_auth_agent_create(struct connect_auth_agent* agent,
                               const struct connect_auth_ports* ports,
                               const struct connect_auth_memory* memory);
/// Stops it, and wipes what it holds. Nothing but creation may follow.
void connect_auth_agent_destroy(struct connect_auth_agent* agent);

/// @return OK, INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_MEMORY, UNAVAILABLE: `Agent::Start`
connect_auth_status connect_auth_agent_start(struct connect_auth_agent* agent,
                                             const struct connect_auth_settings* settings);
void connect_auth_agent_stop(struct connect_auth_agent* agent);
/// @return OK, INVALID_ARGUMENT, FAILED_PRECONDITION: `Agent::ChangeSettings`
connect_auth_status connect_auth_agent_change_settings(
    struct connect_auth_agent* agent, const struct connect_auth_settings* settings);

/// @return OK, PENDING, REJECTED, NEEDS_CODE and others: `Agent::RequestToken`
connect_auth_status connect_auth_agent_request_token(struct connect_auth_agent* agent,
                                                     int64_t min_valid_ms);
/// @return likewise, and TIMEOUT: `Agent::AwaitToken`
connect_auth_status connect_auth_agent_await_token(struct connect_auth_agent* agent,
                                                   int64_t min_valid_ms, int64_t until);
/// @return as of request_token: `Agent::RequestRenewal`
connect_auth_status connect_auth_agent_request_renewal(struct connect_auth_agent* agent);
/// The API answered 401 to the token of this generation: `Agent::RejectToken`
void connect_auth_agent_reject_token(struct connect_auth_agent* agent, uint32_t generation);
/// @return OK, UNAVAILABLE, FAILED_PRECONDITION: `Agent::ForgetRefusal`
connect_auth_status connect_auth_agent_forget_refusal(struct connect_auth_agent* agent);
/// @return OK, INVALID_ARGUMENT, BUFFER_TOO_SMALL, FAILED_PRECONDITION: `Agent::TakeToken`
connect_auth_status connect_auth_agent_take_token(struct connect_auth_agent* agent,
                                                  const char* token, int32_t lifetime_s);

/// Advances what is going on by one step. @return as of `Agent::Poll`; PENDING: sleep until
/// `wants`, then call again.
connect_auth_status connect_auth_agent_poll(struct connect_auth_agent* agent);

/// What a sleeping caller waits for on the connection.
enum {
  CONNECT_AUTH_WANTS_NOTHING,    ///< Only the time matters.
  CONNECT_AUTH_WANTS_CONNECTED,  ///< A name resolved, an address answered.
  CONNECT_AUTH_WANTS_READABLE,
  CONNECT_AUTH_WANTS_WRITABLE,
  CONNECT_AUTH_WANTS_EITHER,
};
struct connect_auth_wants {
  int64_t until;     ///< In the past: poll at once. INT64_MAX: never.
  uint8_t interest;  ///< CONNECT_AUTH_WANTS_...
};
struct connect_auth_wants connect_auth_agent_wants(const struct connect_auth_agent* agent);

/// House-keeping of the storage: to be called until OK when there is nothing better to do.
/// @return OK, PENDING, UNAVAILABLE, FAILED_PRECONDITION: `Agent::Idle`
connect_auth_status connect_auth_agent_idle(struct connect_auth_agent* agent);
/// Wipes token and sessions here and in storage.
/// @return OK, UNAVAILABLE, FAILED_PRECONDITION: `Agent::Forget`
connect_auth_status connect_auth_agent_forget(struct connect_auth_agent* agent);

/// A part of something; not NUL-terminated. NULL may stand for none.
struct connect_auth_bytes {
  const uint8_t* data;
  size_t size;
};

/// The present token, a secret; of size 0: there is none. Borrowed until the next call that is not
/// one of those below.
struct connect_auth_bytes connect_auth_agent_token(const struct connect_auth_agent* agent);
uint32_t connect_auth_agent_token_generation(const struct connect_auth_agent* agent);
/// @return OK; NOT_FOUND: there is no token; UNAVAILABLE: its age is not known
connect_auth_status connect_auth_agent_remaining_life(const struct connect_auth_agent* agent,
                                                      int64_t* remaining_ms);
bool connect_auth_agent_is_requesting_token(const struct connect_auth_agent* agent);
bool connect_auth_agent_needs_code(const struct connect_auth_agent* agent);
bool connect_auth_agent_has_refresh_token(const struct connect_auth_agent* agent);
/// Whether the server refused the credentials, which are left alone therefore.
bool connect_auth_agent_is_refused(const struct connect_auth_agent* agent);
bool connect_auth_agent_store_failed(const struct connect_auth_agent* agent);
bool connect_auth_agent_tls_resumed(const struct connect_auth_agent* agent);
int64_t connect_auth_agent_next_attempt(const struct connect_auth_agent* agent);
uint8_t connect_auth_agent_failures(const struct connect_auth_agent* agent);
uint32_t connect_auth_agent_writes(const struct connect_auth_agent* agent);
size_t connect_auth_agent_arena_used(const struct connect_auth_agent* agent);

/// What storage held at the start: `StateStore::Stored`, which explains it.
enum {
  CONNECT_AUTH_STORED_NOTHING,
  CONNECT_AUTH_STORED_OPENED,
  CONNECT_AUTH_STORED_OTHER_KEY,
  CONNECT_AUTH_STORED_OTHER_CONFIGURATION,
  CONNECT_AUTH_STORED_DAMAGED,
  CONNECT_AUTH_STORED_UNREADABLE,
};
/// @return CONNECT_AUTH_STORED_...
uint8_t connect_auth_agent_stored(const struct connect_auth_agent* agent);

/// What was done since the start: `Agent::Counters`, which explains it.
struct connect_auth_counters {
  uint32_t token_requests;
  uint32_t tokens;
  uint32_t refusals;
  uint32_t api_requests;
  uint32_t rejections;
  uint32_t resumed;
};
struct connect_auth_counters connect_auth_agent_counters(const struct connect_auth_agent* agent);

/// Why an operation failed: those of agent/failure.h, which explains them.
enum {
  CONNECT_AUTH_REASON_NONE,
  CONNECT_AUTH_REASON_URL_NOT_HTTPS,
  CONNECT_AUTH_REASON_URL_MALFORMED,
  CONNECT_AUTH_REASON_URL_HAS_PATH,
  CONNECT_AUTH_REASON_TOKEN_PATH_MALFORMED,
  CONNECT_AUTH_REASON_NO_AUTHORITIES,
  CONNECT_AUTH_REASON_AUTHORITIES_UNREADABLE,
  CONNECT_AUTH_REASON_PIN_MALFORMED,
  CONNECT_AUTH_REASON_CLIENT_ID_EMPTY,
  CONNECT_AUTH_REASON_CLIENT_ID_COLON,
  CONNECT_AUTH_REASON_CLIENT_ID_CHARACTER,
  CONNECT_AUTH_REASON_CLIENT_SECRET_EMPTY,
  CONNECT_AUTH_REASON_CLIENT_SECRET_COLON,
  CONNECT_AUTH_REASON_CLIENT_SECRET_CHARACTER,
  CONNECT_AUTH_REASON_USERNAME_EMPTY,
  CONNECT_AUTH_REASON_USERNAME_CHARACTER,
  CONNECT_AUTH_REASON_PASSWORD_EMPTY,
  CONNECT_AUTH_REASON_PASSWORD_CHARACTER,
  CONNECT_AUTH_REASON_CODE_CHARACTER,
  CONNECT_AUTH_REASON_REDIRECT_URI_CHARACTER,
  CONNECT_AUTH_REASON_AMBIGUOUS_GRANT,
  CONNECT_AUTH_REASON_DURATION_OUT_OF_RANGE,
  CONNECT_AUTH_REASON_RECORD_KEY_SIZE,
  CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_INCOMPLETE,
  CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_UNREADABLE,
  CONNECT_AUTH_REASON_CLIENT_KEY_UNREADABLE,
  CONNECT_AUTH_REASON_CLIENT_KEY_ENCRYPTED,
  CONNECT_AUTH_REASON_CLIENT_KEY_MISMATCH,
  CONNECT_AUTH_REASON_REQUEST_TARGET,
  CONNECT_AUTH_REASON_REQUEST_METHOD,
  CONNECT_AUTH_REASON_REQUEST_TOO_LARGE,
  CONNECT_AUTH_REASON_RESPONSE_TOO_LARGE,
  CONNECT_AUTH_REASON_TOKEN_TOO_LONG,
  CONNECT_AUTH_REASON_ARENA_EXHAUSTED,
  CONNECT_AUTH_REASON_NO_ENTROPY,
  CONNECT_AUTH_REASON_TLS_UNUSABLE,
  CONNECT_AUTH_REASON_STORAGE_FAILED,
  CONNECT_AUTH_REASON_BODY_SOURCE,
  CONNECT_AUTH_REASON_NAME_NOT_FOUND,
  CONNECT_AUTH_REASON_NO_CONNECTION,
  CONNECT_AUTH_REASON_CONNECTION_LOST,
  CONNECT_AUTH_REASON_PROXY_UNREACHABLE,
  CONNECT_AUTH_REASON_PROXY_SILENT,
  CONNECT_AUTH_REASON_PROXY_AUTHENTICATION,
  CONNECT_AUTH_REASON_PROXY_REFUSED,
  CONNECT_AUTH_REASON_PROXY_MALFORMED,
  CONNECT_AUTH_REASON_CONNECT_TIMEOUT,
  CONNECT_AUTH_REASON_OPERATION_TIMEOUT,
  CONNECT_AUTH_REASON_NOT_TLS,
  CONNECT_AUTH_REASON_TLS_REFUSED,
  CONNECT_AUTH_REASON_TLS_FAILED,
  CONNECT_AUTH_REASON_TLS_TRUNCATED,
  CONNECT_AUTH_REASON_CERTIFICATE_NOT_TRUSTED,
  CONNECT_AUTH_REASON_CERTIFICATE_WRONG_HOST,
  CONNECT_AUTH_REASON_CERTIFICATE_UNSUITABLE,
  CONNECT_AUTH_REASON_CERTIFICATE_NOT_PINNED,
  CONNECT_AUTH_REASON_CERTIFICATE_EXPIRED,
  CONNECT_AUTH_REASON_CERTIFICATE_NOT_YET_VALID,
  CONNECT_AUTH_REASON_CLOCK_UNKNOWN,
  CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_MISSING,
  CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_EXPIRED,
  CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_REFUSED,
  CONNECT_AUTH_REASON_STATUS_LINE,
  CONNECT_AUTH_REASON_FIELD_SYNTAX,
  CONNECT_AUTH_REASON_HEAD_TOO_LARGE,
  CONNECT_AUTH_REASON_INTERIM_FLOOD,
  CONNECT_AUTH_REASON_UPGRADE,
  CONNECT_AUTH_REASON_CONTENT_LENGTH,
  CONNECT_AUTH_REASON_TRANSFER_CODING,
  CONNECT_AUTH_REASON_CONFLICTING_LENGTH,
  CONNECT_AUTH_REASON_CONTENT_CODING,
  CONNECT_AUTH_REASON_CHUNK_SYNTAX,
  CONNECT_AUTH_REASON_TRUNCATED,
  CONNECT_AUTH_REASON_UNEXPECTED_STATUS,
  CONNECT_AUTH_REASON_NOT_JSON,
  CONNECT_AUTH_REASON_JSON_TOO_LARGE,
  CONNECT_AUTH_REASON_TOKEN_MISSING,
  CONNECT_AUTH_REASON_TOKEN_CHARACTER,
  CONNECT_AUTH_REASON_TOKEN_TYPE,
  CONNECT_AUTH_REASON_EXPIRES_IN,
  CONNECT_AUTH_REASON_REDIRECTED,
  CONNECT_AUTH_REASON_WRONG_PATH,
  CONNECT_AUTH_REASON_REFUSED,
  CONNECT_AUTH_REASON_BUSY,
  CONNECT_AUTH_REASON_LATCHED,
  CONNECT_AUTH_REASON_CODE_EMPTY,
  CONNECT_AUTH_REASON_CODE_REFUSED,
  CONNECT_AUTH_REASON_CODE_SPENT,
};

/// The `error` of an error response (RFC 6749 section 5.2): likewise.
enum {
  CONNECT_AUTH_OAUTH_NONE,
  CONNECT_AUTH_OAUTH_INVALID_REQUEST,
  CONNECT_AUTH_OAUTH_INVALID_CLIENT,
  CONNECT_AUTH_OAUTH_INVALID_GRANT,
  CONNECT_AUTH_OAUTH_UNAUTHORIZED_CLIENT,
  CONNECT_AUTH_OAUTH_UNSUPPORTED_GRANT_TYPE,
  CONNECT_AUTH_OAUTH_INVALID_SCOPE,
  CONNECT_AUTH_OAUTH_TEMPORARY,
  CONNECT_AUTH_OAUTH_OTHER,
};

/// `Failure` of agent/failure.h; holds no secret.
struct connect_auth_failure {
  connect_auth_status status;
  uint8_t reason;       ///< CONNECT_AUTH_REASON_...
  uint8_t oauth_error;  ///< CONNECT_AUTH_OAUTH_...
  uint16_t http_status;
  uint32_t retry_after_s;
  int32_t tls_error;
  struct connect_auth_bytes peer_text;  ///< Borrowed until the next call that can fail.
};
/// Why the last operation failed.
struct connect_auth_failure connect_auth_agent_last_failure(const struct connect_auth_agent* agent);
/// Why there is no (new) token; status OK if the last attempt brought one.
struct connect_auth_failure connect_auth_agent_last_token_failure(
    const struct connect_auth_agent* agent);

// --- Requests to the API ------------------------------------------------------------------------

/// agent/http/body_source.h
struct connect_auth_body_source {
  void* context;
  size_t size;  ///< SIZE_MAX: not known before.
  /// @return >= 1; or PENDING, CLOSED or another status, negated
  connect_auth_count (*read)(void* context, uint8_t* into, size_t size);
  /// @return false: it cannot go back. NULL: it never can.
  bool (*rewind)(void* context);
};

/// agent/http/extra_fields.h. `used` begins as 0, and is nobody else's.
struct connect_auth_extra_fields {
  uint8_t* room;
  size_t room_size;
  size_t used;
};
/// @return OK, INVALID_ARGUMENT, BUFFER_TOO_SMALL: `ExtraFields::Add`
connect_auth_status connect_auth_extra_fields_add(struct connect_auth_extra_fields* fields,
                                                  const char* name, const char* value);

/// agent/session/api_request.h. What it points at is borrowed until the operation ends.
struct connect_auth_api_request {
  const char* method;  ///< NULL: GET
  const char* target;
  const char* content_type;  ///< NULL: left out
  const uint8_t* body;
  size_t body_size;
  const struct connect_auth_body_source* body_source;    ///< NULL: the body above
  const struct connect_auth_extra_fields* extra_fields;  ///< NULL: none
  uint8_t* head_copy;
  size_t head_copy_size;
};
/// @return PENDING, INVALID_ARGUMENT, BUFFER_TOO_SMALL, FAILED_PRECONDITION: `Agent::RequestApi`
connect_auth_status connect_auth_agent_request_api(struct connect_auth_agent* agent,
                                                   const struct connect_auth_api_request* request);
/// 0: none came yet.
uint16_t connect_auth_agent_api_status(const struct connect_auth_agent* agent);
struct connect_auth_bytes connect_auth_agent_api_head(const struct connect_auth_agent* agent);
/// The next piece of the response's content, to be taken after each poll. Borrowed, as the head is,
/// until the next poll, request, stop, change of settings or forgetting.
struct connect_auth_bytes connect_auth_agent_take_body(struct connect_auth_agent* agent);

#ifdef __cplusplus
}  // extern "C"
#endif
