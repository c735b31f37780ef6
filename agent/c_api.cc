// SPDX-License-Identifier: Apache-2.0
#include "agent/c_api.h"

#include <cstring>
#include <new>
#include <string_view>

#include "agent/agent.h"
#include "agent/http/body_source.h"
#include "agent/http/extra_fields.h"
#include "agent/settings.h"
#include "agent/store/ring_storage.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "port/flash.h"
#include "port/network.h"
#include "port/result.h"
#include "port/storage.h"

namespace connect_auth {
namespace {

std::string_view TextOf(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text, std::strlen(text));
}

connect_auth_bytes BytesOf(ConstBytes bytes) {
  return {bytes.data(), bytes.size()};
}

connect_auth_status CodeOf(Status status) {
  return static_cast<connect_auth_status>(status);
}

/// What is no status is none that somebody could act on.
Status StatusOf(int code) {
  return code >= 0 && code <= CONNECT_AUTH_CORRUPT ? static_cast<Status>(code)
                                                   : Status::kUnavailable;
}

/// @param least, most  What a success lies between.
IoResult ResultOf(connect_auth_count count, connect_auth_count least, std::size_t most) {
  if (count >= least && static_cast<std::size_t>(count) <= most) {
    return IoResult::Bytes(static_cast<std::size_t>(count));
  }
  const Status status =
      count < 0 && count >= -CONNECT_AUTH_CORRUPT ? StatusOf(-count) : Status::kUnavailable;
  return IoResult::Error(status);
}

class TableClock final : public Clock {
 public:
  explicit TableClock(const connect_auth_clock& table) : table_(table) {}

  Instant Now() const override { return Instant{table_.now(table_.context)}; }

  Result<UnixSeconds> WallTime() const override {
    UnixSeconds time;
    return table_.wall_time != nullptr &&
                   table_.wall_time(table_.context, &time.count) == CONNECT_AUTH_OK
               ? Result<UnixSeconds>(time)
               : Result<UnixSeconds>(Status::kUnavailable);
  }

  std::uint64_t boot_id() const override {
    return table_.boot_id == nullptr ? 0 : table_.boot_id(table_.context);
  }

 private:
  const connect_auth_clock& table_;
};

class TableConnection final : public Connection {
 public:
  explicit TableConnection(const connect_auth_connection& table) : table_(table) {}

  Status Connect(std::string_view host, std::uint16_t port) override {
    return StatusOf(table_.connect(table_.context, host.data(), host.size(), port));
  }
  IoResult Write(ConstBytes data) override {
    return ResultOf(table_.write(table_.context, data.data(), data.size()), 1, data.size());
  }
  IoResult Read(Bytes into) override {
    return ResultOf(table_.read(table_.context, into.data(), into.size()), 1, into.size());
  }
  void Close() override { table_.close(table_.context); }

 private:
  const connect_auth_connection& table_;
};

class TableStorage final : public Storage {
 public:
  explicit TableStorage(const connect_auth_storage* table) : table_(table) {}

  IoResult Load(std::string_view name, Bytes into) override {
    return ResultOf(table_->load(table_->context, name.data(), into.data(), into.size()), 0,
                    into.size());
  }
  Status Store(std::string_view name, ConstBytes record) override {
    return StatusOf(table_->store(table_->context, name.data(), record.data(), record.size()));
  }
  Status Erase(std::string_view name) override {
    return StatusOf(table_->erase(table_->context, name.data()));
  }
  Status Idle() override { return StatusOf(table_->idle(table_->context)); }

 private:
  const connect_auth_storage* table_;
};

class TableEntropy final : public Entropy {
 public:
  explicit TableEntropy(const connect_auth_entropy& table) : table_(table) {}

  Status Fill(Bytes into) override {
    return StatusOf(table_.fill(table_.context, into.data(), into.size()));
  }

 private:
  const connect_auth_entropy& table_;
};

class TableBodySource final : public BodySource {
 public:
  void Use(const connect_auth_body_source* table) { table_ = table; }

  std::size_t size() const override { return table_->size; }
  IoResult Read(Bytes into) override {
    return ResultOf(table_->read(table_->context, into.data(), into.size()), 1, into.size());
  }
  bool Rewind() override { return table_->rewind != nullptr && table_->rewind(table_->context); }

 private:
  const connect_auth_body_source* table_ = nullptr;
};

class TableFlash final : public Flash {
 public:
  explicit TableFlash(const connect_auth_flash& table) : table_(table) {}

  FlashGeometry geometry() const override {
    return {table_.block_bytes, table_.block_count, table_.program_bytes, table_.reprogrammable};
  }
  Status Read(std::uint32_t address, Bytes into) override {
    return StatusOf(table_.read(table_.context, address, into.data(), into.size()));
  }
  Status Program(std::uint32_t address, ConstBytes data) override {
    return StatusOf(table_.program(table_.context, address, data.data(), data.size()));
  }
  Status Erase(std::uint32_t block) override {
    return StatusOf(table_.erase(table_.context, block));
  }

 private:
  const connect_auth_flash& table_;
};

Agent::Memory MemoryOf(const connect_auth_memory& memory) {
  return {{memory.tls_arena, memory.tls_arena_size},
          {memory.io, memory.io_size},
          {memory.token, memory.token_size},
          {memory.refresh_token, memory.refresh_token_size},
          {memory.tls_session, memory.tls_session_size}};
}

Trust TrustOf(const connect_auth_settings& from) {
  return {.authorities = {from.authorities, from.authorities_size},
          .backup_authorities = {from.backup_authorities, from.backup_authorities_size},
          .pins = TextOf(from.pins),
          .least_time = UnixSeconds{from.trust_least_time_s}};
}

/// Whether there is a meaning to what is no text.
bool IsKnown(const connect_auth_settings& settings) {
  return settings.grant <= CONNECT_AUTH_GRANT_CLIENT_CREDENTIALS &&
         settings.auth_encoding <= CONNECT_AUTH_ENCODING_FORM &&
         (CONNECT_AUTH_CLIENT_CERTIFICATE != 0 || settings.certificates_size == 0);
}

#if CONNECT_AUTH_CLIENT_CERTIFICATE
Identity IdentityOf(const connect_auth_settings& from) {
  return {.certificates = {from.certificates, from.certificates_size},
          .key = SecretView(AsText({from.key, from.key_size})),
          .psa_key = from.psa_key};
}
#endif

ConstBytes KeyOf(const std::uint8_t* key) {
  return {key, key == nullptr ? 0 : Settings::kRecordKeyBytes};
}

Settings SettingsOf(const connect_auth_settings& from) {
  return {
    .url = TextOf(from.url), .token_path = TextOf(from.token_path), .trust = TrustOf(from),
#if CONNECT_AUTH_CLIENT_CERTIFICATE
    .identity = IdentityOf(from),
#endif
    .client_id = TextOf(from.client_id), .client_secret = SecretView(TextOf(from.client_secret)),
    .auth_encoding = AuthEncoding{from.auth_encoding}, .grant = Grant{from.grant},
    .username = TextOf(from.username), .password = SecretView(TextOf(from.password)),
    .code = SecretView(TextOf(from.code)), .redirect_uri = TextOf(from.redirect_uri),
    .code_verifier = SecretView(TextOf(from.code_verifier)), .record_key = KeyOf(from.record_key),
    .timeout = Millis{from.timeout_ms}, .connect_timeout = Millis{from.connect_timeout_ms},
    .keep_alive = Millis{from.keep_alive_ms}, .renewal_margin = Millis{from.renewal_margin_ms},
    .store_gain = Millis{from.store_gain_ms}, .default_lifetime = Millis{from.default_lifetime_ms},
    .renews_ahead = from.renews_ahead, .device_id = {from.device_id, from.device_id_size},
    .backoff = {.period = Millis{from.retry_period_ms},
                .slow_period = Millis{from.slow_retry_period_ms},
                .boot_spread = Millis{from.boot_spread_ms}},
    .latch_wait = Millis{from.latch_wait_ms}, .least_time = UnixSeconds {
      from.least_time_s
    }
  };
}

constexpr connect_auth_settings DefaultSettings() {
  const Settings settings;
  connect_auth_settings made{};
  made.token_path = settings.token_path.data();
  made.timeout_ms = settings.timeout.count;
  made.connect_timeout_ms = settings.connect_timeout.count;
  made.keep_alive_ms = settings.keep_alive.count;
  made.renewal_margin_ms = settings.renewal_margin.count;
  made.default_lifetime_ms = settings.default_lifetime.count;
  made.retry_period_ms = settings.backoff.period.count;
  made.slow_retry_period_ms = settings.backoff.slow_period.count;
  made.boot_spread_ms = settings.backoff.boot_spread.count;
  made.latch_wait_ms = settings.latch_wait.count;
  return made;
}

connect_auth_failure FailureOf(const Failure& failure) {
  return {CodeOf(failure.status),
          static_cast<std::uint8_t>(failure.reason),
          static_cast<std::uint8_t>(failure.oauth_error),
          failure.http_status,
          failure.retry_after_s,
          failure.tls_error,
          BytesOf(AsBytes(failure.peer_text.view()))};
}

struct TableRing {
  explicit TableRing(const connect_auth_flash& table) : flash(table), storage(flash) {}

  TableFlash flash;
  RingStorage storage;
};

RingStorage& RingOf(connect_auth_ring* ring) {
  return reinterpret_cast<TableRing*>(ring->opaque)->storage;
}

/// The agent, and what makes ports of tables for it.
struct TableAgent {
  TableAgent(const connect_auth_ports& ports, const connect_auth_memory& memory)
      : clock(*ports.clock),
        connection(*ports.connection),
        storage(ports.storage),
        entropy(*ports.entropy),
        agent({clock, connection, StorageOf(ports), entropy}, MemoryOf(memory)) {}

  Storage& StorageOf(const connect_auth_ports& ports) {
    if (ports.ring != nullptr) {
      return RingOf(ports.ring);
    }
    return storage;
  }

  TableClock clock;
  TableConnection connection;
  TableStorage storage;
  TableEntropy entropy;
  TableBodySource body_source;
  ExtraFields extra_fields{Bytes()};
  Agent agent;
};

/// Whether the room that the header states fits, and wastes little.
template <typename Made, typename Room>
constexpr bool Fits() {
  constexpr std::size_t kNeeded = sizeof(Made);
  constexpr std::size_t kStated = sizeof(Room);
  constexpr std::size_t kMostWasted = 512;
  return kNeeded <= kStated && kStated < kNeeded + kMostWasted && alignof(Made) <= alignof(Room);
}
static_assert(Fits<TableAgent, connect_auth_agent>());
static_assert(Fits<TableRing, connect_auth_ring>());
static_assert(CONNECT_AUTH_CORRUPT == static_cast<int>(Status::kCorrupt));
static_assert(CONNECT_AUTH_WANTS_EITHER == static_cast<int>(Interest::kEither));
static_assert(CONNECT_AUTH_REASON_CODE_SPENT == static_cast<int>(Reason::kCodeSpent));
static_assert(CONNECT_AUTH_GRANT_CLIENT_CREDENTIALS == static_cast<int>(Grant::kClientCredentials));
static_assert(CONNECT_AUTH_ENCODING_FORM == static_cast<int>(AuthEncoding::kForm));
static_assert(CONNECT_AUTH_STORED_UNREADABLE == static_cast<int>(Agent::Stored::kUnreadable));
static_assert(CONNECT_AUTH_OAUTH_OTHER == static_cast<int>(OAuthError::kOther));

TableAgent& Of(connect_auth_agent* agent) {
  return *reinterpret_cast<TableAgent*>(agent->opaque);
}
Agent& AgentOf(connect_auth_agent* agent) {
  return Of(agent).agent;
}
const Agent& AgentOf(const connect_auth_agent* agent) {
  return reinterpret_cast<const TableAgent*>(agent->opaque)->agent;
}

}  // namespace
}  // namespace connect_auth

using namespace connect_auth;  // NOLINT(google-build-using-namespace): C has none.

constinit const connect_auth_settings connect_auth_default_settings = DefaultSettings();

constinit const connect_auth_storage connect_auth_no_storage = {
    nullptr,
    [](void*, const char*, std::uint8_t*, std::size_t) {
      return -static_cast<connect_auth_count>(CONNECT_AUTH_NOT_FOUND);
    },
    [](void*, const char*, const std::uint8_t*, std::size_t) {
      return static_cast<connect_auth_status>(CONNECT_AUTH_UNAVAILABLE);
    },
    [](void*, const char*) { return static_cast<connect_auth_status>(CONNECT_AUTH_OK); },
    [](void*) { return static_cast<connect_auth_status>(CONNECT_AUTH_OK); }};

void connect_auth_agent_create(connect_auth_agent* agent, const connect_auth_ports* ports,
                               const connect_auth_memory* memory) {
  new (agent->opaque) TableAgent(*ports, *memory);
}

void connect_auth_agent_destroy(connect_auth_agent* agent) {
  Of(agent).~TableAgent();
}

connect_auth_status connect_auth_agent_start(connect_auth_agent* agent,
                                             const connect_auth_settings* settings) {
  return IsKnown(*settings) ? CodeOf(AgentOf(agent).Start(SettingsOf(*settings)))
                            : CodeOf(Status::kInvalidArgument);
}

void connect_auth_agent_stop(connect_auth_agent* agent) {
  AgentOf(agent).Stop();
}

connect_auth_status connect_auth_agent_change_settings(connect_auth_agent* agent,
                                                       const connect_auth_settings* settings) {
  return IsKnown(*settings) ? CodeOf(AgentOf(agent).ChangeSettings(SettingsOf(*settings)))
                            : CodeOf(Status::kInvalidArgument);
}

connect_auth_status connect_auth_agent_request_token(connect_auth_agent* agent,
                                                     int64_t min_valid_ms) {
  return CodeOf(AgentOf(agent).RequestToken(Millis{min_valid_ms}));
}

connect_auth_status connect_auth_agent_await_token(connect_auth_agent* agent, int64_t min_valid_ms,
                                                   int64_t until) {
  return CodeOf(AgentOf(agent).AwaitToken(Millis{min_valid_ms}, Instant{until}));
}

connect_auth_status connect_auth_agent_request_renewal(connect_auth_agent* agent) {
  return CodeOf(AgentOf(agent).RequestRenewal());
}

void connect_auth_agent_reject_token(connect_auth_agent* agent, uint32_t generation) {
  AgentOf(agent).RejectToken(generation);
}

connect_auth_status connect_auth_agent_forget_refusal(connect_auth_agent* agent) {
  return CodeOf(AgentOf(agent).ForgetRefusal());
}

connect_auth_status connect_auth_agent_take_token(connect_auth_agent* agent, const char* token,
                                                  int32_t lifetime_s) {
  return CodeOf(AgentOf(agent).TakeToken(SecretView(TextOf(token)), lifetime_s));
}

connect_auth_status connect_auth_agent_poll(connect_auth_agent* agent) {
  return CodeOf(AgentOf(agent).Poll());
}

connect_auth_wants connect_auth_agent_wants(const connect_auth_agent* agent) {
  const Wants wants = AgentOf(agent).wants();
  return {wants.until.millis, static_cast<std::uint8_t>(wants.interest)};
}

connect_auth_status connect_auth_agent_idle(connect_auth_agent* agent) {
  return CodeOf(AgentOf(agent).Idle());
}

connect_auth_status connect_auth_agent_forget(connect_auth_agent* agent) {
  return CodeOf(AgentOf(agent).Forget());
}

connect_auth_bytes connect_auth_agent_token(const connect_auth_agent* agent) {
  return BytesOf(AsBytes(AgentOf(agent).token().text().Reveal()));
}

uint32_t connect_auth_agent_token_generation(const connect_auth_agent* agent) {
  return AgentOf(agent).token_generation();
}

connect_auth_status connect_auth_agent_remaining_life(const connect_auth_agent* agent,
                                                      int64_t* remaining_ms) {
  const Result<Millis> life = AgentOf(agent).remaining_life();
  *remaining_ms = life.value_or(Millis{0}).count;
  return CodeOf(life.status());
}

bool connect_auth_agent_is_requesting_token(const connect_auth_agent* agent) {
  return AgentOf(agent).is_requesting_token();
}

bool connect_auth_agent_needs_code(const connect_auth_agent* agent) {
  return AgentOf(agent).needs_code();
}

bool connect_auth_agent_has_refresh_token(const connect_auth_agent* agent) {
  return AgentOf(agent).has_refresh_token();
}

bool connect_auth_agent_is_refused(const connect_auth_agent* agent) {
  return AgentOf(agent).latch().is_set();
}

bool connect_auth_agent_store_failed(const connect_auth_agent* agent) {
  return AgentOf(agent).store_failed();
}

bool connect_auth_agent_tls_resumed(const connect_auth_agent* agent) {
  return AgentOf(agent).tls_resumed();
}

int64_t connect_auth_agent_next_attempt(const connect_auth_agent* agent) {
  return AgentOf(agent).next_attempt().millis;
}

uint8_t connect_auth_agent_failures(const connect_auth_agent* agent) {
  return AgentOf(agent).failures();
}

uint32_t connect_auth_agent_writes(const connect_auth_agent* agent) {
  return AgentOf(agent).writes();
}

size_t connect_auth_agent_arena_used(const connect_auth_agent* agent) {
  return AgentOf(agent).arena_used();
}

uint8_t connect_auth_agent_stored(const connect_auth_agent* agent) {
  return static_cast<uint8_t>(AgentOf(agent).stored());
}

connect_auth_counters connect_auth_agent_counters(const connect_auth_agent* agent) {
  const Agent::Counters& counters = AgentOf(agent).counters();
  return {counters.token_requests, counters.tokens,     counters.refusals,
          counters.api_requests,   counters.rejections, counters.resumed};
}

connect_auth_failure connect_auth_agent_last_failure(const connect_auth_agent* agent) {
  return FailureOf(AgentOf(agent).last_failure());
}

connect_auth_failure connect_auth_agent_last_token_failure(const connect_auth_agent* agent) {
  return FailureOf(AgentOf(agent).last_token_failure());
}

connect_auth_status connect_auth_extra_fields_add(connect_auth_extra_fields* fields,
                                                  const char* name, const char* value) {
  if (fields->used > fields->room_size) {
    return CONNECT_AUTH_BUFFER_TOO_SMALL;
  }
  ExtraFields more({fields->room, fields->room_size}, fields->used);
  const Status status = more.Add(TextOf(name), TextOf(value));
  fields->used = more.lines().size();
  return CodeOf(status);
}

connect_auth_status connect_auth_agent_request_api(connect_auth_agent* agent,
                                                   const connect_auth_api_request* request) {
  TableAgent& table = Of(agent);
  const TableBodySource source_before = table.body_source;
  const ExtraFields fields_before = table.extra_fields;
  ApiRequest made;
  if (request->method != nullptr) {
    made.method = TextOf(request->method);
  }
  made.target = TextOf(request->target);
  made.content_type = TextOf(request->content_type);
  made.body = {request->body, request->body_size};
  if (request->body_source != nullptr) {
    table.body_source.Use(request->body_source);
    made.body_source = &table.body_source;
  }
  if (request->extra_fields != nullptr) {
    const connect_auth_extra_fields& fields = *request->extra_fields;
    table.extra_fields = ExtraFields({fields.room, fields.room_size}, fields.used);
    made.extra_fields = &table.extra_fields;
  }
  made.head_copy = {request->head_copy, request->head_copy_size};
  const Status status = table.agent.RequestApi(made);
  if (status == Status::kFailedPrecondition) {  // The one that is under way goes on with its own.
    table.body_source = source_before;
    table.extra_fields = fields_before;
  }
  return CodeOf(status);
}

uint16_t connect_auth_agent_api_status(const connect_auth_agent* agent) {
  return AgentOf(agent).api_status();
}

connect_auth_bytes connect_auth_agent_api_head(const connect_auth_agent* agent) {
  return BytesOf(AgentOf(agent).api_head());
}

connect_auth_bytes connect_auth_agent_take_body(connect_auth_agent* agent) {
  return BytesOf(AgentOf(agent).TakeBody());
}

void connect_auth_ring_create(connect_auth_ring* ring, const connect_auth_flash* flash) {
  new (ring->opaque) TableRing(*flash);
}

connect_auth_status connect_auth_ring_mount(connect_auth_ring* ring) {
  return CodeOf(RingOf(ring).Mount());
}
