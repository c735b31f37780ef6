// SPDX-License-Identifier: Apache-2.0
//
// Each function of the C interface does what its counterpart does, seen through tables of functions
// over the fakes. What those do is tested elsewhere.
#include "agent/c_api.h"

#include <array>
#include <ctime>
#include <string>
#include <string_view>

#include "agent/settings.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_body_source.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::TlsPeer;

constexpr std::string_view kTokenReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n"
    "{\"access_token\":\"AbC-_123\",\"token_type\":\"bearer\",\"expires_in\":3600}";
constexpr std::string_view kRefusal =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";
constexpr std::string_view kApiReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n[]";
constexpr std::size_t kApiRequestBytes = 226;  // Of the one below, its content included.
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {7, 7, 7};
constexpr std::int64_t kHour = 3600 * 1000;

connect_auth_count CountOf(IoResult result) {
  return result.ok() ? static_cast<connect_auth_count>(result.bytes())
                     : -static_cast<connect_auth_count>(result.status());
}

connect_auth_status CodeOf(Status status) {
  return static_cast<connect_auth_status>(status);
}

template <typename T>
T& In(void* context) {
  return *static_cast<T*>(context);
}

/// A device whose ports are tables.
struct Device {
  Device() : peer({}, kTokenReply) {
    fake_clock.Reboot(1);
    fake_clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
    settings.url = "https://server.domain.tld";
    settings.authorities = peer.ca_pem().data();
    settings.authorities_size = peer.ca_pem().size();
    settings.client_id = "Application1";
    settings.client_secret = "Application1Password";
    settings.username = "Administrator";
    settings.password = "1";
    settings.record_key = kKey.data();
    connect_auth_agent_create(&agent, &ports, &memory);
  }
  ~Device() { connect_auth_agent_destroy(&agent); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void Start() { assert_int_equal(connect_auth_agent_start(&agent, &settings), CONNECT_AUTH_OK); }

  connect_auth_status RunToEnd(connect_auth_status status) {
    while (status == CONNECT_AUTH_PENDING) {
      const connect_auth_wants wants = connect_auth_agent_wants(&agent);
      waited_for_network = waited_for_network || wants.interest != CONNECT_AUTH_WANTS_NOTHING;
      fake_clock.Advance(Millis{1});
      status = connect_auth_agent_poll(&agent);
      const connect_auth_bytes piece = connect_auth_agent_take_body(&agent);
      body += AsText({piece.data, piece.size});
    }
    return status;
  }

  void FetchToken() {
    assert_int_equal(RunToEnd(connect_auth_agent_request_token(&agent, 0)), CONNECT_AUTH_OK);
  }

  std::string_view token() const {
    const connect_auth_bytes text = connect_auth_agent_token(&agent);
    return AsText({text.data, text.size});
  }

  TlsPeer peer;
  fake::FakeClock fake_clock;
  fake::FakeEntropy fake_entropy;
  fake::FakeStorage<> fake_storage;
  connect_auth_clock clock = {
      &fake_clock, [](void* context) { return In<fake::FakeClock>(context).Now().millis; },
      [](void* context, std::int64_t* seconds) {
        const Result<UnixSeconds> time = In<fake::FakeClock>(context).WallTime();
        *seconds = time.value_or(UnixSeconds{0}).count;
        return CodeOf(time.status());
      },
      [](void* context) { return In<fake::FakeClock>(context).boot_id(); }};
  connect_auth_connection connection = {
      &peer,
      [](void* context, const char* host, std::size_t size, std::uint16_t port) {
        return CodeOf(In<TlsPeer>(context).Connect({host, size}, port));
      },
      [](void* context, const std::uint8_t* data, std::size_t size) {
        return CountOf(In<TlsPeer>(context).Write({data, size}));
      },
      [](void* context, std::uint8_t* into, std::size_t size) {
        return CountOf(In<TlsPeer>(context).Read({into, size}));
      },
      [](void* context) { In<TlsPeer>(context).Close(); }};
  connect_auth_entropy entropy = {
      &fake_entropy, [](void* context, std::uint8_t* into, std::size_t size) {
        return CodeOf(In<fake::FakeEntropy>(context).Fill({into, size}));
      }};
  connect_auth_storage storage = {
      &fake_storage,
      [](void* context, const char* name, std::uint8_t* into, std::size_t size) {
        return CountOf(In<fake::FakeStorage<>>(context).Load(name, {into, size}));
      },
      [](void* context, const char* name, const std::uint8_t* record, std::size_t size) {
        return CodeOf(In<fake::FakeStorage<>>(context).Store(name, {record, size}));
      },
      [](void* context, const char* name) {
        return CodeOf(In<fake::FakeStorage<>>(context).Erase(name));
      },
      [](void* context) { return CodeOf(In<fake::FakeStorage<>>(context).Idle()); }};
  connect_auth_ports ports = {&clock, &connection, &entropy, nullptr, &storage};
  std::array<std::uint8_t, 96 * 1024> arena{};
  std::array<std::uint8_t, 4096> io{};
  std::array<std::uint8_t, 1024> token_room{};
  std::array<std::uint8_t, 640> session_room{};
  connect_auth_memory memory = {arena.data(),        arena.size(),       io.data(), io.size(),
                                token_room.data(),   token_room.size(),  nullptr,   0,
                                session_room.data(), session_room.size()};
  connect_auth_settings settings = connect_auth_default_settings;
  connect_auth_agent agent;
  std::string body;
  bool waited_for_network = false;
};

void defaults_are_those_of_cpp(void**) {
  const connect_auth_settings made = connect_auth_default_settings;
  const Settings wanted;
  assert_true(made.token_path == wanted.token_path);
  assert_int_equal(made.auth_encoding, wanted.auth_encoding);
  assert_int_equal(made.grant, wanted.grant);
  assert_int_equal(made.timeout_ms, wanted.timeout.count);
  assert_int_equal(made.connect_timeout_ms, wanted.connect_timeout.count);
  assert_int_equal(made.keep_alive_ms, wanted.keep_alive.count);
  assert_int_equal(made.renewal_margin_ms, wanted.renewal_margin.count);
  assert_int_equal(made.store_gain_ms, wanted.store_gain.count);
  assert_int_equal(made.default_lifetime_ms, wanted.default_lifetime.count);
  assert_int_equal(made.renews_ahead, wanted.renews_ahead);
  assert_int_equal(made.retry_period_ms, wanted.backoff.period.count);
  assert_int_equal(made.slow_retry_period_ms, wanted.backoff.slow_period.count);
  assert_int_equal(made.boot_spread_ms, wanted.backoff.boot_spread.count);
  assert_int_equal(made.latch_wait_ms, wanted.latch_wait.count);
  assert_int_equal(made.least_time_s, wanted.least_time.count);
  assert_int_equal(made.trust_least_time_s, wanted.trust.least_time.count);
}

void a_token_is_fetched_renewed_and_found_again(void**) {
  Device device;
  assert_int_equal(connect_auth_agent_poll(&device.agent), CONNECT_AUTH_FAILED_PRECONDITION);
  device.Start();
  std::int64_t left = 0;
  assert_int_equal(connect_auth_agent_remaining_life(&device.agent, &left), CONNECT_AUTH_NOT_FOUND);

  assert_int_equal(connect_auth_agent_request_token(&device.agent, 0), CONNECT_AUTH_PENDING);
  assert_true(connect_auth_agent_is_requesting_token(&device.agent));
  assert_int_equal(device.RunToEnd(CONNECT_AUTH_PENDING), CONNECT_AUTH_OK);

  assert_false(connect_auth_agent_is_requesting_token(&device.agent));
  assert_true(device.waited_for_network);
  assert_true(device.token() == "AbC-_123");
  assert_int_equal(connect_auth_agent_token_generation(&device.agent), 1);
  assert_int_equal(connect_auth_agent_remaining_life(&device.agent, &left), CONNECT_AUTH_OK);
  assert_in_range(left, kHour - 10000, kHour);
  assert_int_equal(connect_auth_agent_writes(&device.agent), 1);
  assert_false(connect_auth_agent_store_failed(&device.agent));
  assert_false(connect_auth_agent_has_refresh_token(&device.agent));
  assert_in_range(connect_auth_agent_arena_used(&device.agent), 10000, device.arena.size());
  assert_int_equal(connect_auth_agent_idle(&device.agent), CONNECT_AUTH_OK);

  device.fake_clock.Advance(Millis{60000});
  assert_int_equal(device.RunToEnd(connect_auth_agent_request_renewal(&device.agent)),
                   CONNECT_AUTH_OK);
  assert_true(connect_auth_agent_tls_resumed(&device.agent));
  const connect_auth_counters counters = connect_auth_agent_counters(&device.agent);
  assert_int_equal(counters.token_requests, 2);
  assert_int_equal(counters.tokens, 2);
  assert_int_equal(counters.resumed, 1);
  assert_int_equal(counters.refusals + counters.api_requests + counters.rejections, 0);
  assert_int_equal(connect_auth_agent_stored(&device.agent), CONNECT_AUTH_STORED_NOTHING);
  connect_auth_agent_stop(&device.agent);
  device.Start();
  assert_int_equal(connect_auth_agent_stored(&device.agent), CONNECT_AUTH_STORED_OPENED);
  assert_true(device.token() == "AbC-_123");
  assert_int_equal(connect_auth_agent_forget(&device.agent), CONNECT_AUTH_OK);
  assert_true(device.token().empty());
}

void a_refusal_is_told_and_forgotten(void**) {
  Device device;
  device.peer.SetReply(kRefusal);
  device.Start();
  assert_int_equal(device.RunToEnd(connect_auth_agent_request_token(&device.agent, 0)),
                   CONNECT_AUTH_REJECTED);
  const connect_auth_failure failure = connect_auth_agent_last_failure(&device.agent);
  assert_int_equal(failure.status, CONNECT_AUTH_REJECTED);
  assert_int_equal(failure.reason, CONNECT_AUTH_REASON_REFUSED);
  assert_int_equal(failure.oauth_error, CONNECT_AUTH_OAUTH_INVALID_CLIENT);
  assert_int_equal(failure.http_status, 401);
  assert_int_equal(connect_auth_agent_last_token_failure(&device.agent).reason,
                   CONNECT_AUTH_REASON_REFUSED);
  assert_true(connect_auth_agent_is_refused(&device.agent));
  assert_int_equal(connect_auth_agent_failures(&device.agent), 0);  // It did not try in vain.
  assert_true(connect_auth_agent_next_attempt(&device.agent) > device.fake_clock.Now().millis);
  assert_int_equal(connect_auth_agent_await_token(&device.agent, 0, INT64_MAX),
                   CONNECT_AUTH_REJECTED);

  device.peer.SetReply(kTokenReply);
  device.fake_clock.Advance(Millis{60000});
  assert_int_equal(connect_auth_agent_forget_refusal(&device.agent), CONNECT_AUTH_OK);
  assert_false(connect_auth_agent_is_refused(&device.agent));
  device.FetchToken();
}

void settings_are_changed_and_wrong_ones_refused(void**) {
  Device device;
  device.settings.url = nullptr;
  assert_int_equal(connect_auth_agent_start(&device.agent, &device.settings),
                   CONNECT_AUTH_INVALID_ARGUMENT);
  device.settings.url = "https://server.domain.tld";
  device.Start();
  device.settings.grant = CONNECT_AUTH_GRANT_AUTHORIZATION_CODE;
  device.settings.password = nullptr;
  device.settings.pins = nullptr;
  assert_int_equal(connect_auth_agent_change_settings(&device.agent, &device.settings),
                   CONNECT_AUTH_OK);
  assert_true(connect_auth_agent_needs_code(&device.agent));
  assert_int_equal(connect_auth_agent_request_token(&device.agent, 0), CONNECT_AUTH_NEEDS_CODE);
  device.settings.code = "4e7e!code";
  assert_int_equal(connect_auth_agent_change_settings(&device.agent, &device.settings),
                   CONNECT_AUTH_OK);
  device.FetchToken();
  assert_true(device.peer.received().find("code=4e7e%21code") != std::string_view::npos);
}

void a_client_may_ask_for_itself(void**) {
  Device device;
  device.settings.grant = CONNECT_AUTH_GRANT_CLIENT_CREDENTIALS;
  device.settings.username = nullptr;
  device.settings.password = nullptr;
  device.Start();
  device.FetchToken();
  assert_true(device.peer.received().find("grant_type=client_credentials") !=
              std::string_view::npos);
}

void settings_without_a_meaning_are_refused(void**) {
  Device device;
  device.settings.grant = 7;
  assert_int_equal(connect_auth_agent_start(&device.agent, &device.settings),
                   CONNECT_AUTH_INVALID_ARGUMENT);
  device.settings.grant = CONNECT_AUTH_GRANT_PASSWORD;
  device.settings.auth_encoding = 2;
  assert_int_equal(connect_auth_agent_start(&device.agent, &device.settings),
                   CONNECT_AUTH_INVALID_ARGUMENT);
}

void a_table_that_answers_nonsense_is_unavailable(void**) {
  for (const connect_auth_count nonsense : {-256, INT32_MIN, INT32_MAX, 0}) {
    static connect_auth_count answer;
    answer = nonsense;
    Device device;
    device.connection.write = [](void*, const std::uint8_t*, std::size_t) { return answer; };
    device.Start();
    assert_int_equal(device.RunToEnd(connect_auth_agent_request_token(&device.agent, 0)),
                     CONNECT_AUTH_UNAVAILABLE);
  }
}

void a_request_in_the_middle_of_another_changes_nothing(void**) {
  Device device;
  device.Start();
  assert_int_equal(connect_auth_agent_take_token(&device.agent, "t", 600), CONNECT_AUTH_OK);
  device.peer.SetReply(kApiReply);
  const auto read = [](void* context, std::uint8_t* into, std::size_t) {
    into[0] = static_cast<std::uint8_t>(*static_cast<const char*>(context));
    return connect_auth_count{1};
  };
  char first = 'A';
  char second = 'B';
  const connect_auth_body_source sources[] = {{&first, 3, read, nullptr},
                                              {&second, 3, read, nullptr}};
  connect_auth_api_request request = {"POST",      "/a",    nullptr, nullptr, 0,
                                      &sources[0], nullptr, nullptr, 0};
  device.peer.ReplyAfter(1000);
  assert_int_equal(connect_auth_agent_request_api(&device.agent, &request), CONNECT_AUTH_PENDING);
  request.body_source = &sources[1];
  assert_int_equal(connect_auth_agent_request_api(&device.agent, &request),
                   CONNECT_AUTH_FAILED_PRECONDITION);
  while (device.peer.received().find("\r\n\r\n") == std::string_view::npos ||
         !device.peer.received().ends_with("AAA")) {
    assert_int_equal(connect_auth_agent_poll(&device.agent), CONNECT_AUTH_PENDING);
    device.fake_clock.Advance(Millis{1});
  }
}

#if CONNECT_AUTH_CLIENT_CERTIFICATE
void a_certificate_that_is_none_is_told(void**) {
  Device device;
  constexpr std::array<std::uint8_t, 4> kNothing{1, 2, 3, 4};
  device.settings.certificates = kNothing.data();
  device.settings.certificates_size = kNothing.size();
  device.settings.key = kNothing.data();
  device.settings.key_size = kNothing.size();
  device.Start();
  assert_int_not_equal(device.RunToEnd(connect_auth_agent_request_token(&device.agent, 0)),
                       CONNECT_AUTH_OK);
  assert_int_equal(connect_auth_agent_last_failure(&device.agent).reason,
                   CONNECT_AUTH_REASON_CLIENT_CERTIFICATE_UNREADABLE);
}
#endif

void an_api_request_goes_with_fields_and_content(void**) {
  Device device;
  device.Start();
  assert_int_equal(connect_auth_agent_take_token(&device.agent, "b0rr0w3d", 600), CONNECT_AUTH_OK);
  device.peer.SetReply(kApiReply);
  device.peer.ReplyAfter(kApiRequestBytes);
  fake::FakeBodySource content(AsBytes("some content"), 12, 5);
  const connect_auth_body_source source = {
      &content, content.size(),
      [](void* context, std::uint8_t* into, std::size_t size) {
        return CountOf(In<fake::FakeBodySource>(context).Read({into, size}));
      },
      [](void* context) { return In<fake::FakeBodySource>(context).Rewind(); }};
  std::array<std::uint8_t, 64> room;
  std::array<std::uint8_t, 256> head;
  connect_auth_extra_fields fields = {room.data(), room.size(), 0};
  assert_int_equal(connect_auth_extra_fields_add(&fields, "X-One", "1"), CONNECT_AUTH_OK);
  assert_int_equal(connect_auth_extra_fields_add(&fields, "X-Two", "2"), CONNECT_AUTH_OK);
  assert_int_equal(connect_auth_extra_fields_add(&fields, "Host", "other"),
                   CONNECT_AUTH_INVALID_ARGUMENT);
  const connect_auth_api_request request = {
      "POST",     "/Connect/api/devices", "text/plain", nullptr, 0, &source, &fields, head.data(),
      head.size()};

  assert_int_equal(device.RunToEnd(connect_auth_agent_request_api(&device.agent, &request)),
                   CONNECT_AUTH_OK);

  const std::string_view sent = device.peer.received();
  for (const std::string_view part :
       {"POST /Connect/api/devices HTTP/1.1\r\n", "Authorization: Bearer b0rr0w3d\r\n",
        "X-One: 1\r\nX-Two: 2\r\n", "some content"}) {
    assert_true(sent.find(part) != std::string_view::npos);
  }
  assert_int_equal(sent.size(), kApiRequestBytes);
  assert_int_equal(connect_auth_agent_api_status(&device.agent), 200);
  const connect_auth_bytes kept = connect_auth_agent_api_head(&device.agent);
  assert_true(AsText({kept.data, kept.size}).find("X-A: b\r\n") != std::string_view::npos);
  assert_true(device.body == "[]");
}

void a_refused_token_is_replaced(void**) {
  Device device;
  device.Start();
  device.FetchToken();
  device.fake_clock.Advance(Millis{60000});
  connect_auth_agent_reject_token(&device.agent, 1);
  device.FetchToken();
  assert_int_equal(connect_auth_agent_token_generation(&device.agent), 2);
}

void records_lie_in_flash_or_nowhere(void**) {
  static constexpr FlashGeometry kGeometry = {.block_bytes = 4096, .block_count = 4};
  static std::array<std::uint8_t, kGeometry.size()> medium;
  fake::FakeFlash flash(medium, kGeometry);
  flash.Blank();
  const connect_auth_flash table = {
      &flash,
      kGeometry.block_bytes,
      kGeometry.block_count,
      kGeometry.program_bytes,
      true,
      [](void* context, std::uint32_t address, std::uint8_t* into, std::size_t size) {
        return CodeOf(In<fake::FakeFlash>(context).Read(address, {into, size}));
      },
      [](void* context, std::uint32_t address, const std::uint8_t* data, std::size_t size) {
        return CodeOf(In<fake::FakeFlash>(context).Program(address, {data, size}));
      },
      [](void* context, std::uint32_t block) {
        return CodeOf(In<fake::FakeFlash>(context).Erase(block));
      }};
  connect_auth_ring ring;
  connect_auth_ring_create(&ring, &table);
  assert_int_equal(connect_auth_ring_mount(&ring), CONNECT_AUTH_OK);
  Device device;
  device.ports.ring = &ring;
  device.ports.storage = nullptr;
  connect_auth_agent_destroy(&device.agent);
  connect_auth_agent_create(&device.agent, &device.ports, &device.memory);
  device.Start();
  device.FetchToken();
  connect_auth_agent_destroy(&device.agent);

  connect_auth_ring_create(&ring, &table);  // After a restart.
  connect_auth_agent_create(&device.agent, &device.ports, &device.memory);
  device.Start();
  assert_true(device.token() == "AbC-_123");
  connect_auth_agent_destroy(&device.agent);

  device.ports.ring = nullptr;
  device.ports.storage = &connect_auth_no_storage;
  connect_auth_agent_create(&device.agent, &device.ports, &device.memory);
  device.Start();
  assert_true(device.token().empty());
  device.FetchToken();
  assert_true(connect_auth_agent_store_failed(&device.agent));
  assert_int_equal(connect_auth_agent_idle(&device.agent), CONNECT_AUTH_OK);
  assert_int_equal(connect_auth_agent_forget(&device.agent), CONNECT_AUTH_OK);
}

void a_clock_need_not_know_more_than_spans(void**) {
  Device device;
  device.clock.wall_time = nullptr;
  device.clock.boot_id = nullptr;
  device.Start();
  assert_int_equal(device.RunToEnd(connect_auth_agent_request_token(&device.agent, 0)),
                   CONNECT_AUTH_CERTIFICATE_DATE);
  assert_int_equal(connect_auth_agent_last_failure(&device.agent).reason,
                   CONNECT_AUTH_REASON_CLOCK_UNKNOWN);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
    cmocka_unit_test(defaults_are_those_of_cpp),
    cmocka_unit_test(a_token_is_fetched_renewed_and_found_again),
    cmocka_unit_test(a_refusal_is_told_and_forgotten),
    cmocka_unit_test(settings_are_changed_and_wrong_ones_refused),
    cmocka_unit_test(a_client_may_ask_for_itself),
    cmocka_unit_test(settings_without_a_meaning_are_refused),
    cmocka_unit_test(a_table_that_answers_nonsense_is_unavailable),
    cmocka_unit_test(a_request_in_the_middle_of_another_changes_nothing),
#if CONNECT_AUTH_CLIENT_CERTIFICATE
    cmocka_unit_test(a_certificate_that_is_none_is_told),
#endif
    cmocka_unit_test(an_api_request_goes_with_fields_and_content),
    cmocka_unit_test(a_refused_token_is_replaced),
    cmocka_unit_test(records_lie_in_flash_or_nowhere),
    cmocka_unit_test(a_clock_need_not_know_more_than_spans),
  };
  return cmocka_run_group_tests_name("agent/c_api", tests, nullptr, nullptr);
}
