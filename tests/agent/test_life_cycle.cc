// SPDX-License-Identifier: Apache-2.0
//
// The rules that the agent keeps over time. What one operation does is in test_agent.cc, what comes
// of all of them together in tests/simulator.
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "agent/agent.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::TlsPeer;

constexpr std::string_view kDeviceId = "device 7";
constexpr Millis kNoMatter{0};
constexpr Millis kHour = Millis::Seconds(3600);
constexpr std::string_view kUnavailable =
    "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 1200\r\n\r\n";
constexpr std::string_view kBroken = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kRefusal =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";
constexpr std::string_view kStale =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 25\r\n\r\n{\"error\":\"invalid_grant\"}";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kLongToken =
    R"({"access_token":"T","token_type":"bearer","expires_in":3600})";
constexpr std::string_view kUnauthorized =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\ndenied";

std::array<std::uint8_t, 96 * 1024> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token_room;
std::array<std::uint8_t, 256> refresh_room;
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {7, 7, 7};

/// A device whose agent sees to its token by itself.
struct Device {
  explicit Device(const tests::PeerOptions& options = {})
      : peer(options, {}), agent({clock, peer, storage, entropy}, Memory()) {
    clock.Reboot(1);
    clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
    settings = tests::PageSettings();
    settings.trust.authorities = peer.ca_pem();
    settings.record_key = kKey;
    settings.renews_ahead = true;
    settings.device_id = AsBytes(kDeviceId);
    Grant(3600);
  }

  static Agent::Memory Memory() { return {arena, io, token_room, refresh_room}; }

  /// From now on the server gives out tokens that live so long; with a refresh token, if wanted.
  void Grant(int seconds, const char* refresh_token = nullptr) {
    std::array<char, 160> body{};
    char* at = body.data();
    at += std::snprintf(at, 100, "{\"access_token\":\"T%d\",\"token_type\":\"bearer\"", ++tokens);
    at += std::snprintf(at, 30, ",\"expires_in\":%d", seconds);
    at += refresh_token == nullptr
              ? 0
              : std::snprintf(at, 40, ",\"refresh_token\":\"%s\"", refresh_token);
    std::snprintf(at, 2, "}");
    std::snprintf(reply.data(), reply.size(), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                  std::string_view(body.data()).size(), body.data());
    peer.SetReply(reply.data());
  }

  /// Nothing tells the time but a response; it is not before `least`.
  void LoseClock(UnixSeconds least) {
    clock.ForgetWallTime();
    settings.backoff.boot_spread = Millis{0};
    settings.trust.least_time = least;
    settings.least_time = least;
  }
  void ReplyAt(std::time_t time, std::string_view content) {
    std::array<char, 40> date{};
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time));
    std::snprintf(reply.data(), reply.size(),
                  "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %zu\r\n\r\n%.*s", date.data(),
                  content.size(), static_cast<int>(content.size()), content.data());
    peer.SetReply(reply.data());
  }

  void Start() { assert_int_equal(agent.Start(settings), Status::kOk); }
  /// With credentials that the server refuses, and has refused once.
  void StartRefused() {
    settings.backoff.boot_spread = Millis{0};
    peer.SetReply(kRefusal);
    Start();
    Pass(Millis::Seconds(1));
  }
  void UseCode(std::string_view code) {
    settings.grant = connect_auth::Grant::kAuthorizationCode;
    settings.password = SecretView();
    settings.code = SecretView(code);
  }
  void UseClientAlone() {
    settings.grant = connect_auth::Grant::kClientCredentials;
    settings.username = {};
    settings.password = SecretView();
  }
  void Restart() {
    agent.Stop();
    Start();
  }

  /// Lets time pass, and the agent do what it wants to, to the end of what it has begun.
  void Pass(Millis span) {
    const Instant end = clock.Now() + span;
    for (;;) {
      const Status status = agent.Poll();
      if (status == Status::kPending) {
        clock.Advance(Millis{1});
        continue;
      }
      const Instant next = agent.wants().until;
      if (next > end) {
        break;
      }
      clock.Advance(next > clock.Now() ? next - clock.Now() : Millis{1});
    }
    clock.Advance(end > clock.Now() ? end - clock.Now() : Millis{0});
  }

  std::uint32_t requests() const { return agent.counters().token_requests; }
  std::string_view token() const { return agent.token().text().Reveal(); }

  TlsPeer peer;
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  fake::FakeStorage<> storage;
  Settings settings;
  std::array<char, 400> reply{};
  int tokens = 0;
  Agent agent;
};

Status RunToEnd(Device& device) {
  Status status = device.agent.Poll();
  while (status == Status::kPending) {
    device.clock.Advance(Millis{1});
    status = device.agent.Poll();
  }
  return status;
}

void life_cycle_first_attempt_waits_for_the_devices_turn(void**) {
  Device device;
  device.Start();
  const Instant turn = device.agent.next_attempt();
  assert_true(turn > device.clock.Now());
  assert_true(turn < device.clock.Now() + device.settings.backoff.boot_spread);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
  assert_int_equal(device.agent.Poll(), Status::kOk);
  assert_int_equal(device.peer.connects(), 0);
  assert_true(device.agent.wants().until == turn);

  device.Pass(device.settings.backoff.boot_spread);

  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(device.requests(), 1);
}

void life_cycle_explicit_request_does_not_wait_for_its_turn(void**) {
  Device device;
  device.Start();
  assert_int_equal(device.agent.RequestRenewal(), Status::kPending);
  assert_int_equal(RunToEnd(device), Status::kOk);
  assert_int_equal(device.agent.RequestRenewal(), Status::kOk);  // It just came.
  assert_int_equal(device.requests(), 1);
}

void life_cycle_token_is_replaced_ahead_of_need_for_as_long_as_it_goes(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  const std::uint32_t before = device.requests();
  for (int minute = 0; minute < 24 * 60; ++minute) {
    device.Grant(3600);
    device.Pass(Millis::Seconds(60));
    assert_int_equal(device.agent.RequestToken(Millis::Seconds(300)), Status::kOk);
  }
  // Between 7/10 and 8/10 of the lifetime, after one that scatters the fleet.
  assert_in_range(device.requests() - before, 24 * 10 / 8, 24 * 10 / 7 + 2);
}

void life_cycle_short_lives_never_make_a_loop(void**) {
  for (const int seconds : {0, 1, 14, 30, 59, 60, 600}) {
    Device device;
    device.settings.backoff.boot_spread = Millis{0};
    device.Grant(seconds);
    device.Start();
    for (int tenth = 0; tenth < 36000; ++tenth) {
      static_cast<void>(device.agent.RequestToken(Millis::Seconds(10)));
      device.Pass(Millis{100});
    }
    assert_in_range(device.requests(), 6, 3600 / 15 + 1);
    assert_false(device.agent.token().empty());
  }
}

void life_cycle_callers_join_the_request_under_way(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.Start();
  for (int caller = 0; caller < 10; ++caller) {
    assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
  }
  assert_int_equal(device.agent.RequestRenewal(), Status::kPending);
  assert_int_equal(RunToEnd(device), Status::kOk);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(device.requests(), 1);
}

void life_cycle_waiters_have_their_own_patience(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.peer.SetReply(kBroken);
  device.Start();
  const Instant soon = device.clock.Now() + Millis::Seconds(5);
  const Instant late = device.clock.Now() + kHour;
  assert_int_equal(device.agent.AwaitToken(kNoMatter, soon), Status::kPending);
  assert_int_equal(RunToEnd(device), Status::kUnavailable);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kUnavailable);
  assert_int_equal(device.agent.last_token_failure().reason, Reason::kBusy);
  assert_int_equal(device.agent.AwaitToken(kNoMatter, late), Status::kPending);
  device.Pass(Millis::Seconds(5));
  assert_int_equal(device.agent.AwaitToken(kNoMatter, soon), Status::kTimeout);
  device.Grant(3600);
  device.Pass(device.settings.backoff.period);
  assert_int_equal(device.agent.AwaitToken(kNoMatter, late), Status::kOk);
  assert_int_equal(device.requests(), 2);
}

void life_cycle_awaited_token_is_asked_for_once(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.Start();
  const Instant late = device.clock.Now() + kHour;
  assert_int_equal(device.agent.AwaitToken(kNoMatter, late), Status::kPending);
  device.Pass(Millis::Seconds(60));
  assert_int_equal(device.agent.AwaitToken(kNoMatter, late), Status::kOk);
  assert_int_equal(device.requests(), 1);
}

void life_cycle_patience_ends_while_a_code_is_under_way(void**) {
  tests::PeerOptions silent;
  silent.closes = false;
  Device device(silent);
  device.UseCode("code 1");
  device.settings.backoff.boot_spread = Millis{0};
  device.peer.SetReply("");
  device.Start();
  const Instant soon = device.clock.Now() + Millis::Seconds(2);
  assert_int_equal(device.agent.AwaitToken(kNoMatter, soon), Status::kPending);
  while (device.clock.Now() < soon) {
    assert_int_equal(device.agent.Poll(), Status::kPending);
    device.clock.Advance(Millis{10});
  }
  assert_int_equal(device.agent.AwaitToken(kNoMatter, soon), Status::kTimeout);
}

void life_cycle_latch_opens_also_where_its_age_is_not_known(void**) {
  Device device;
  device.StartRefused();
  device.agent.Stop();
  device.clock.Reboot(2);
  device.settings.trust.least_time = UnixSeconds{std::time(nullptr) - 1000};
  device.Start();
  device.Pass(Millis::Seconds(11 * 3600));
  assert_int_equal(device.requests(), 0);
  device.Pass(Millis::Seconds(13 * 3600));
  assert_int_equal(device.requests(), 1);
}

void life_cycle_latch_opens_also_where_looking_at_the_clock_takes_time(void**) {
  Device device;
  device.StartRefused();
  device.clock.Advance(Millis::Seconds(25 * 3600));
  device.clock.SetReadingTakes(Millis{1});
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
}

void life_cycle_store_that_cannot_be_read_does_not_forget_which_code_was_spent(void**) {
  Device device;
  device.UseCode("code 1");
  device.settings.backoff.boot_spread = Millis{0};
  device.Start();
  device.Pass(Millis::Seconds(1));
  assert_int_equal(device.requests(), 1);
  device.agent.Stop();
  device.storage.SetFailing(true);
  device.Start();
  assert_int_equal(device.agent.Forget(), Status::kUnavailable);
  device.storage.SetFailing(false);
  assert_int_equal(device.agent.Forget(), Status::kOk);
  device.Pass(Millis::Seconds(60));
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kNeedsCode);
  assert_int_equal(device.requests(), 0);
}

void life_cycle_old_token_serves_through_an_outage(void**) {
  Device device;
  device.Start();
  device.Pass(Millis::Seconds(300));
  const std::string_view first = device.token();
  device.peer.SetReply(kBroken);
  while (device.agent.remaining_life().value() > Millis::Seconds(10)) {
    assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
    assert_true(device.token() == first);
    device.Pass(Millis::Seconds(5));
  }
  assert_in_range(device.requests(), 2, 2 + 3600 / 300);
  device.Pass(Millis::Seconds(20));
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kUnavailable);
  assert_true(device.agent.next_attempt() <= device.clock.Now() + device.settings.backoff.period);

  device.Grant(3600);
  device.Pass(device.settings.backoff.period);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

void life_cycle_retry_after_is_a_floor(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.peer.SetReply(kUnavailable);
  device.Start();
  device.Pass(Millis::Seconds(1));
  assert_int_equal(device.requests(), 1);
  assert_true(device.agent.next_attempt() >= device.clock.Now() + Millis::Seconds(1199));
  device.Grant(3600);
  for (int second = 0; second < 1190; ++second) {
    assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kUnavailable);
    assert_int_equal(device.agent.RequestRenewal(), Status::kUnavailable);
    device.Pass(Millis::Seconds(1));
  }
  assert_int_equal(device.requests(), 1);
  device.Pass(Millis::Seconds(10) + device.settings.backoff.period);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

void life_cycle_refused_credentials_are_left_alone_through_a_thousand_restarts(void**) {
  Device device;
  device.StartRefused();
  assert_int_equal(device.requests(), 1);
  for (int restart = 0; restart < 1000; ++restart) {
    device.Restart();
    assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kRejected);
    assert_int_equal(device.agent.RequestRenewal(), Status::kRejected);
    assert_int_equal(device.agent.last_token_failure().http_status, 401);
    device.Pass(Millis::Seconds(30));
  }
  assert_int_equal(device.agent.counters().token_requests, 0);
  // Every 12 to 24 hours it is tried once more, and refused again.
  device.Pass(Millis::Seconds(10L * 86400));
  assert_in_range(device.agent.counters().token_requests, 10, 20);
  assert_int_equal(device.agent.counters().refusals, device.agent.counters().token_requests);
}

void life_cycle_latch_is_released_by_other_credentials_or_by_somebody(void**) {
  Device device;
  device.StartRefused();
  assert_true(device.agent.latch().is_set());

  assert_int_equal(device.agent.ForgetRefusal(), Status::kOk);
  device.Pass(Millis::Seconds(1));
  assert_int_equal(device.agent.counters().refusals, 2);
  device.Grant(3600);
  device.settings.password = SecretView("another");
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kOk);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
  assert_int_equal(RunToEnd(device), Status::kOk);
  assert_false(device.agent.latch().is_set());
  device.Restart();
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_false(device.agent.latch().is_set());
}

void life_cycle_other_credentials_after_a_restart_are_worth_a_try(void**) {
  Device device;
  device.StartRefused();
  device.settings.client_secret = SecretView("mended");
  device.Grant(3600);
  device.Restart();
  device.Pass(Millis::Seconds(1));
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

void life_cycle_latch_without_a_timer_waits_for_somebody(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.settings.latch_wait = Millis{0};
  device.peer.SetReply(kRefusal);
  device.Start();
  device.Pass(Millis::Seconds(30L * 86400));
  assert_int_equal(device.requests(), 1);
  assert_true(device.agent.next_attempt() == Instant::Never());
  assert_int_equal(device.agent.AwaitToken(kNoMatter, Instant::Never()), Status::kRejected);
}

void life_cycle_settings_that_are_wrong_change_nothing(void**) {
  Device device;
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kFailedPrecondition);
  device.Start();
  device.Pass(kHour);
  Settings wrong = device.settings;
  wrong.client_id = "a:b";
  assert_int_equal(device.agent.ChangeSettings(wrong), Status::kInvalidArgument);
  assert_int_equal(device.agent.last_failure().reason, Reason::kClientIdColon);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

void life_cycle_settings_for_another_user_leave_no_token(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  device.settings.timeout = Millis::Seconds(20);
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kOk);
  assert_false(device.agent.token().empty());
  device.settings.username = "Somebody";
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kOk);
  assert_true(device.agent.token().empty());
}

void life_cycle_refresh_token_is_used_and_rotated(void**) {
  Device device;
  device.Grant(3600, "first");
  device.Start();
  device.Pass(Millis::Seconds(300));
  device.Grant(3600, "second");
  device.Pass(kHour);
  assert_true(device.peer.received().find("grant_type=refresh_token&refresh_token=first") !=
              std::string_view::npos);
  device.Restart();
  device.Pass(kHour);
  assert_true(device.peer.received().ends_with("grant_type=refresh_token&refresh_token=second"));
}

void life_cycle_refused_refresh_token_gives_way_to_the_password(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.Grant(3600, "first");
  device.Start();
  device.Pass(Millis::Seconds(300));
  device.peer.SetReply(kStale);
  device.Pass(kHour);
  // The refresh token was refused, and then, by this server, the password as well.
  assert_false(device.agent.has_refresh_token());
  assert_int_equal(device.agent.counters().refusals, 1);
  assert_true(device.agent.latch().is_set());
  assert_true(
      device.peer.received().ends_with("grant_type=password&username=Administrator&password=1"));
}

void life_cycle_client_without_user_renews_its_token_again_and_again(void**) {
  Device device;
  device.UseClientAlone();
  device.Start();
  device.Pass(Millis::Seconds(3 * 3600));
  assert_in_range(device.requests(), 3, 5);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_true(device.peer.received().ends_with("\r\n\r\ngrant_type=client_credentials"));
}

void life_cycle_refused_client_without_user_is_left_alone_until_its_secret_changes(void**) {
  Device device;
  device.UseClientAlone();
  device.StartRefused();
  device.Restart();
  device.Pass(kHour);
  assert_true(device.agent.latch().is_set());
  assert_int_equal(device.requests(), 0);  // Since the restart.
  device.settings.client_secret = SecretView("another");
  device.Grant(3600);
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kOk);
  device.Pass(kHour);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

/// RFC 6749 section 4.4.3 says that a server should send none; one that does is taken at its word.
void life_cycle_refused_refresh_token_gives_way_to_the_client_alone(void**) {
  Device device;
  device.UseClientAlone();
  device.Grant(3600, "first");
  device.Start();
  device.Pass(Millis::Seconds(300));
  device.peer.SetReply(kStale);
  device.Pass(kHour);
  assert_false(device.agent.has_refresh_token());
  assert_true(device.peer.received().find("grant_type=refresh_token&refresh_token=first") !=
              std::string_view::npos);
  assert_true(device.peer.received().ends_with("\r\n\r\ngrant_type=client_credentials"));
}

void life_cycle_refused_refresh_token_of_a_code_needs_another_code(void**) {
  Device device;
  device.UseCode("code 1");
  device.Grant(3600, "first");
  device.Start();
  device.Pass(kHour);
  device.peer.SetReply(kStale);
  device.Pass(kHour);
  assert_false(device.agent.has_refresh_token());
  assert_int_equal(device.agent.RequestToken(kHour), Status::kNeedsCode);
  assert_int_equal(device.agent.AwaitToken(kHour, Instant::Never()), Status::kNeedsCode);
  assert_true(device.agent.next_attempt() == Instant::Never());

  device.settings.code = SecretView("code 2");
  device.Grant(3600);
  assert_int_equal(device.agent.ChangeSettings(device.settings), Status::kOk);
  device.Pass(kHour);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_true(device.peer.received().ends_with("grant_type=authorization_code&code=code+2"));
}

void life_cycle_refresh_token_of_a_code_outlives_a_refusal_without_a_name(void**) {
  Device device;
  device.UseCode("code 1");
  device.Grant(3600, "first");
  device.Start();
  device.Pass(kHour);
  device.peer.SetReply(
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 20\r\n\r\n{\"ErrorMessage\":\"x\"}");
  device.Pass(kHour);
  assert_true(device.agent.has_refresh_token());
  assert_true(device.agent.latch().is_set());
  device.Grant(3600, "second");
  device.Pass(Millis::Seconds(24 * 3600));
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
}

/// Makes an API request to its end. @return the status that is shown
std::uint16_t CallApi(Device& device) {
  ApiRequest request;
  request.target = "/Connect/api/devices";
  assert_int_equal(device.agent.RequestApi(request), Status::kPending);
  const Status status = RunToEnd(device);
  return status == Status::kOk ? device.agent.api_status() : std::uint16_t{0};
}

void life_cycle_api_that_refuses_every_token_costs_few_requests(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  const std::uint32_t before = device.requests();
  for (int minute = 0; minute < 24 * 60; ++minute) {
    device.Pass(Millis::Seconds(60));
    device.agent.RejectToken(device.agent.token_generation());
    device.Grant(3600);
  }
  assert_in_range(device.requests() - before, 24, 24 * 10 / 7 + 2 * 24 + 10);
}

void life_cycle_late_refusal_of_an_older_token_changes_nothing(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  const std::uint32_t old = device.agent.token_generation() - 1;
  const std::uint32_t requests = device.requests();
  device.agent.RejectToken(old);
  device.Pass(Millis::Seconds(1));
  assert_int_equal(device.requests(), requests);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);

  device.agent.RejectToken(device.agent.token_generation());
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
  device.agent.RejectToken(device.agent.token_generation());
  assert_int_equal(RunToEnd(device), Status::kOk);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(device.requests(), requests + 1);
}

void life_cycle_api_is_called_with_the_present_token(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  device.peer.SetReply(kHello);
  assert_int_equal(CallApi(device), 200);
  assert_true(AsText(device.agent.TakeBody()) == "hello");
}

void life_cycle_refusal_of_a_token_that_just_came_is_shown(void**) {
  Device device;
  device.settings.backoff.boot_spread = Millis{0};
  device.Start();
  device.Pass(Millis::Seconds(1));
  device.peer.SetReply(kUnauthorized);
  assert_int_equal(CallApi(device), 401);
  assert_true(AsText(device.agent.TakeBody()) == "denied");
  assert_int_equal(device.requests(), 1);
}

void life_cycle_time_is_learned_and_a_token_outlives_a_reboot_without_a_clock(void**) {
  Device device;
  const std::int64_t now = std::time(nullptr);
  device.LoseClock(UnixSeconds{now - 1000});
  device.Start();
  device.ReplyAt(now, kLongToken);
  device.Pass(Millis::Seconds(2));
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_true(device.agent.clock().is_learned());
  assert_in_range(device.agent.clock().WallTime().value().count, now, now + 3);

  device.agent.Stop();
  device.clock.Reboot(2);
  device.peer.SetReply(kBroken);
  device.Start();
  // Its age is not known: it will do, and is to be replaced.
  assert_int_equal(device.agent.remaining_life().status(), Status::kUnavailable);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(device.agent.RequestToken(Millis::Seconds(1)), Status::kPending);
  device.agent.Stop();
  device.clock.SetWallTime(UnixSeconds{now + 100});
  device.Start();
  assert_in_range(device.agent.remaining_life().value().count, 3'495'000, 3'500'000);
}

/// Without a battery, each start would ask for a token: an API request beforehand spares that.
void life_cycle_token_of_unknown_age_has_its_time_as_soon_as_that_is_learned(void**) {
  Device device;
  const std::int64_t now = std::time(nullptr);
  device.LoseClock(UnixSeconds{now - 1000});
  device.ReplyAt(now, kLongToken);
  device.Start();
  device.Pass(Millis::Seconds(2));
  assert_int_equal(device.requests(), 1);
  device.agent.Stop();
  device.clock.Reboot(2);
  device.ReplyAt(now + 100, "hello");
  device.Start();
  assert_true(device.agent.next_attempt() <= device.clock.Now());

  assert_int_equal(CallApi(device), 200);

  assert_in_range(device.agent.remaining_life().value().count, 3'495'000, 3'500'000);
  assert_true(device.agent.next_attempt() > device.clock.Now() + Millis::Seconds(200));
  device.Pass(Millis::Seconds(100));
  assert_int_equal(device.requests(), 0);
}

void life_cycle_forgotten_token_is_asked_for_again_only_if_it_is_wanted(void**) {
  Device device;
  device.Start();
  device.Pass(kHour);
  const std::uint32_t requests = device.requests();
  assert_int_equal(device.agent.Forget(), Status::kOk);
  device.Pass(Millis::Seconds(86400));
  assert_int_equal(device.requests(), requests);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
  assert_int_equal(RunToEnd(device), Status::kOk);
}

void life_cycle_refusal_is_not_forgotten_in_the_middle_of_something(void**) {
  Device device;
  assert_int_equal(device.agent.ForgetRefusal(), Status::kFailedPrecondition);
  device.StartRefused();
  device.storage.SetReadOnly(true);
  assert_int_equal(device.agent.ForgetRefusal(), Status::kUnavailable);
  assert_int_equal(device.agent.last_failure().reason, Reason::kStorageFailed);
  assert_int_equal(device.agent.RequestToken(kNoMatter), Status::kPending);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(life_cycle_first_attempt_waits_for_the_devices_turn),
      cmocka_unit_test(life_cycle_explicit_request_does_not_wait_for_its_turn),
      cmocka_unit_test(life_cycle_token_is_replaced_ahead_of_need_for_as_long_as_it_goes),
      cmocka_unit_test(life_cycle_short_lives_never_make_a_loop),
      cmocka_unit_test(life_cycle_callers_join_the_request_under_way),
      cmocka_unit_test(life_cycle_waiters_have_their_own_patience),
      cmocka_unit_test(life_cycle_awaited_token_is_asked_for_once),
      cmocka_unit_test(life_cycle_patience_ends_while_a_code_is_under_way),
      cmocka_unit_test(life_cycle_latch_opens_also_where_its_age_is_not_known),
      cmocka_unit_test(life_cycle_latch_opens_also_where_looking_at_the_clock_takes_time),
      cmocka_unit_test(life_cycle_store_that_cannot_be_read_does_not_forget_which_code_was_spent),
      cmocka_unit_test(life_cycle_old_token_serves_through_an_outage),
      cmocka_unit_test(life_cycle_retry_after_is_a_floor),
      cmocka_unit_test(life_cycle_refused_credentials_are_left_alone_through_a_thousand_restarts),
      cmocka_unit_test(life_cycle_latch_is_released_by_other_credentials_or_by_somebody),
      cmocka_unit_test(life_cycle_other_credentials_after_a_restart_are_worth_a_try),
      cmocka_unit_test(life_cycle_latch_without_a_timer_waits_for_somebody),
      cmocka_unit_test(life_cycle_settings_that_are_wrong_change_nothing),
      cmocka_unit_test(life_cycle_settings_for_another_user_leave_no_token),
      cmocka_unit_test(life_cycle_refresh_token_is_used_and_rotated),
      cmocka_unit_test(life_cycle_refused_refresh_token_gives_way_to_the_password),
      cmocka_unit_test(life_cycle_client_without_user_renews_its_token_again_and_again),
      cmocka_unit_test(
          life_cycle_refused_client_without_user_is_left_alone_until_its_secret_changes),
      cmocka_unit_test(life_cycle_refused_refresh_token_gives_way_to_the_client_alone),
      cmocka_unit_test(life_cycle_refused_refresh_token_of_a_code_needs_another_code),
      cmocka_unit_test(life_cycle_refresh_token_of_a_code_outlives_a_refusal_without_a_name),
      cmocka_unit_test(life_cycle_api_that_refuses_every_token_costs_few_requests),
      cmocka_unit_test(life_cycle_late_refusal_of_an_older_token_changes_nothing),
      cmocka_unit_test(life_cycle_api_is_called_with_the_present_token),
      cmocka_unit_test(life_cycle_refusal_of_a_token_that_just_came_is_shown),
      cmocka_unit_test(life_cycle_time_is_learned_and_a_token_outlives_a_reboot_without_a_clock),
      cmocka_unit_test(life_cycle_token_of_unknown_age_has_its_time_as_soon_as_that_is_learned),
      cmocka_unit_test(life_cycle_forgotten_token_is_asked_for_again_only_if_it_is_wanted),
      cmocka_unit_test(life_cycle_refusal_is_not_forgotten_in_the_middle_of_something),
  };
  return cmocka_run_group_tests_name("agent/life_cycle", tests, nullptr, nullptr);
}
