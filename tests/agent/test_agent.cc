// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_body_source.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"
#include "tests/support/tls_peer.h"

namespace connect_auth {
namespace {

using tests::TlsPeer;

constexpr std::string_view kTokenReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n"
    "{\"access_token\":\"AbC-_123\",\"token_type\":\"bearer\",\"expires_in\":3600}";
constexpr std::string_view kWithRefresh =
    "HTTP/1.1 200 OK\r\nContent-Length: 93\r\n\r\n"
    "{\"access_token\":\"AbC-_123\",\"token_type\":\"bearer\",\"expires_in\":3600,"
    "\"refresh_token\":\"r3fr35h\"}";
constexpr std::string_view kSecondReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n"
    "{\"access_token\":\"XyZ-_789\",\"token_type\":\"bearer\",\"expires_in\":3600}";
constexpr std::string_view kRefusal =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";
constexpr std::string_view kStaleCode =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 25\r\n\r\n{\"error\":\"invalid_grant\"}";
constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {7, 7, 7};
constexpr Millis kNoMatter{0};

std::array<std::uint8_t, 96 * 1024> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token_room;
std::array<std::uint8_t, 640> session_room;

/// A device: what survives a restart of the agent.
struct Device {
  explicit Device(const tests::PeerOptions& options = {}) : peer(options, kTokenReply) {
    clock.Reboot(1);
    clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
    settings = tests::PageSettings();
    settings.trust.authorities = peer.ca_pem();
    settings.record_key = kKey;
  }

  Agent::Ports ports() { return {clock, peer, storage, entropy}; }
  static Agent::Memory memory() { return {arena, io, token_room}; }
  static Agent::Memory memory_with_session() { return {arena, io, token_room, {}, session_room}; }

  TlsPeer peer;
  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  fake::FakeStorage<> storage;
  Settings settings;
};

Status RunToEnd(Agent& agent, Device& device) {
  for (;;) {
    const Status status = agent.Poll();
    if (status != Status::kPending) {
      return status;
    }
    device.clock.Advance(Millis{1});
  }
}

Status Renew(Agent& agent, Device& device) {
  device.clock.Advance(kLeastPause);
  const Status status = agent.RequestRenewal();
  return status == Status::kPending ? RunToEnd(agent, device) : status;
}

std::size_t RequestsReceived(const Device& device) {
  std::size_t count = 0;
  std::string_view text = device.peer.received();
  for (std::size_t at = text.find("POST "); at != std::string_view::npos; at = text.find("POST ")) {
    ++count;
    text.remove_prefix(at + 1);
  }
  return count;
}

void UseCode(Device& device, std::string_view code) {
  device.settings.grant = Grant::kAuthorizationCode;
  device.settings.password = SecretView();
  device.settings.code = SecretView(code);
}

bool IsWiped(ConstBytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

void agent_fetches_a_token_and_keeps_it(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_true(agent.token().empty());
  assert_int_equal(agent.remaining_life().status(), Status::kNotFound);

  assert_int_equal(agent.RequestToken(kNoMatter), Status::kPending);
  assert_int_equal(RunToEnd(agent, device), Status::kOk);

  assert_true(agent.token().text().Reveal() == "AbC-_123");
  assert_true(agent.remaining_life().value() <= Millis::Seconds(3600));
  assert_true(agent.remaining_life().value() > Millis::Seconds(3590));
  assert_false(agent.store_failed());
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(RequestsReceived(device), 1);
}

void agent_finds_its_token_again_after_a_restart(void**) {
  Device device;
  {
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
  }
  assert_true(IsWiped(token_room));
  assert_true(IsWiped(arena));
  assert_true(IsWiped(io));
  Agent agent(device.ports(), Device::memory());

  assert_int_equal(agent.Start(device.settings), Status::kOk);

  assert_true(agent.token().text().Reveal() == "AbC-_123");
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(RequestsReceived(device), 1);
}

void agent_stores_nothing_in_the_clear(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  std::array<std::uint8_t, 512> record{};
  const IoResult loaded = device.storage.Load("state", record);
  assert_true(loaded.ok());
  assert_true(AsText(record).find("AbC-_123") == std::string_view::npos);
}

void agent_asks_anew_when_the_token_grows_old_or_its_age_is_unknown(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  device.clock.Advance(Millis::Seconds(3600 - 61));
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(agent.RequestToken(Millis::Seconds(120)), Status::kPending);
  assert_int_equal(RunToEnd(agent, device), Status::kOk);
  device.clock.Advance(Millis::Seconds(3600 - 59));
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kPending);
  assert_int_equal(RunToEnd(agent, device), Status::kOk);

  device.clock.Reboot(2);  // The wall clock is not known yet.
  assert_int_equal(agent.remaining_life().status(), Status::kUnavailable);
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kPending);
}

void agent_keeps_the_present_token_until_a_new_one_is_there(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);

  device.peer.SetReply(kRefusal);
  assert_int_equal(Renew(agent, device), Status::kRejected);
  assert_int_equal(agent.last_failure().oauth_error, OAuthError::kInvalidClient);
  assert_true(agent.token().text().Reveal() == "AbC-_123");

  device.peer.SetReply(kSecondReply);
  assert_int_equal(agent.ForgetRefusal(), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_true(agent.token().text().Reveal() == "XyZ-_789");
  assert_int_equal(agent.last_failure().status, Status::kOk);
}

void agent_gives_out_a_token_that_it_could_not_store(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  device.storage.SetReadOnly(true);

  assert_int_equal(Renew(agent, device), Status::kOk);

  assert_true(agent.store_failed());
  assert_true(agent.token().text().Reveal() == "AbC-_123");
}

void agent_works_without_storage_when_it_has_no_key(void**) {
  Device device;
  device.settings.record_key = {};
  device.storage.SetFailing(true);
  UseCode(device, "code");
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_false(agent.store_failed());
}

void agent_ignores_what_another_configuration_or_key_has_stored(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  agent.Stop();

  Settings other = device.settings;
  other.username = "Somebody";
  assert_int_equal(agent.Start(other), Status::kOk);
  assert_true(agent.token().empty());
  agent.Stop();
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kOtherKey = {8};
  other = device.settings;
  other.record_key = kOtherKey;
  assert_int_equal(agent.Start(other), Status::kOk);
  assert_true(agent.token().empty());
  agent.Stop();
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_false(agent.token().empty());
}

void agent_keeps_a_code_that_was_stopped_before_it_was_sent(void**) {
  Device device;
  UseCode(device, "the code");
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(agent.RequestRenewal(), Status::kPending);
  assert_int_equal(agent.Poll(), Status::kPending);
  agent.Stop();

  assert_int_equal(agent.Start(device.settings), Status::kOk);

  assert_int_equal(Renew(agent, device), Status::kOk);
}

void agent_says_when_storage_cannot_be_read(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_true(agent.stored() == Agent::Stored::kNothing);
  agent.Stop();
  device.storage.SetFailing(true);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_true(agent.stored() == Agent::Stored::kUnreadable);
}

void agent_does_not_send_a_code_while_it_cannot_read_whether_it_is_spent(void**) {
  Device device;
  UseCode(device, "the code");
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  agent.Stop();

  device.storage.SetFailing(true);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kUnavailable);
  assert_int_equal(agent.last_failure().reason, Reason::kStorageFailed);
  device.storage.SetFailing(false);
  assert_int_equal(Renew(agent, device), Status::kNeedsCode);
  assert_int_equal(RequestsReceived(device), 1);
}

void agent_reads_a_refusal_that_it_could_not_read_at_the_start(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  device.peer.SetReply(kRefusal);
  assert_int_equal(Renew(agent, device), Status::kRejected);
  agent.Stop();

  device.storage.SetFailing(true);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  device.storage.SetFailing(false);
  assert_int_equal(Renew(agent, device), Status::kRejected);
  assert_int_equal(agent.last_failure().reason, Reason::kLatched);
  assert_int_equal(RequestsReceived(device), 1);

  Settings other = device.settings;
  other.password = SecretView("2");
  agent.Stop();
  device.storage.SetFailing(true);
  assert_int_equal(agent.Start(other), Status::kOk);
  device.storage.SetFailing(false);
  device.peer.SetReply(kTokenReply);
  assert_int_equal(Renew(agent, device), Status::kOk);
}

void agent_knows_the_age_of_its_token_without_boot_id_or_time(void**) {
  Device device;
  device.clock.Reboot(0);
  device.settings.trust.least_time = UnixSeconds{std::time(nullptr)};
  device.settings.renews_ahead = true;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);

  device.clock.Advance(Millis::Seconds(100));
  assert_true(agent.remaining_life().value() <= Millis::Seconds(3500));
  assert_int_equal(agent.Poll(), Status::kOk);
  assert_int_equal(RequestsReceived(device), 1);

  agent.Stop();
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_false(agent.token().empty());
  assert_int_equal(agent.remaining_life().status(), Status::kUnavailable);
}

void agent_says_what_was_stored_and_goes_on_counting_writes(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(agent.writes(), 2);
  agent.Stop();

  Settings other = device.settings;
  other.client_id = "Other";
  assert_int_equal(agent.Start(other), Status::kOk);
  assert_true(agent.stored() == Agent::Stored::kOtherConfiguration);
  assert_int_equal(agent.writes(), 2);
  assert_int_equal(Renew(agent, device), Status::kOk);
  agent.Stop();
  assert_int_equal(agent.Start(other), Status::kOk);
  assert_true(agent.stored() == Agent::Stored::kOpened);
  assert_int_equal(agent.writes(), 3);
}

void agent_remembers_a_refusal_over_a_restart_until_a_token_comes(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_false(agent.latch().is_set());
  const std::uint32_t stores = device.storage.stores();

  device.peer.SetReply(kRefusal);
  assert_int_equal(Renew(agent, device), Status::kRejected);
  assert_int_equal(device.storage.stores(), stores + 1);
  for (int restart = 0; restart < 20; ++restart) {
    assert_int_equal(Renew(agent, device), Status::kRejected);
    agent.Stop();
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(agent.latch().http_status, 401);
    assert_int_equal(agent.latch().error, OAuthError::kInvalidClient);
    assert_true(agent.token().text().Reveal() == "AbC-_123");
    assert_int_equal(Renew(agent, device), Status::kRejected);
    assert_int_equal(agent.last_failure().reason, Reason::kLatched);
    assert_int_equal(agent.last_failure().http_status, 401);
  }
  assert_int_equal(RequestsReceived(device), 2);

  device.peer.SetReply(kSecondReply);
  device.clock.Advance(Millis::Seconds(24 * 3600));
  assert_int_equal(Renew(agent, device), Status::kOk);
  agent.Stop();
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_false(agent.latch().is_set());
}

void agent_keeps_a_refresh_token_where_there_is_room_for_it(void**) {
  for (const std::size_t room : {0U, 6U, 7U}) {
    Device device;
    std::array<std::uint8_t, 7> refresh_room{};
    Agent::Memory memory = Device::memory();
    memory.refresh_token = Bytes(refresh_room).first(room);
    Agent agent(device.ports(), memory);
    device.peer.SetReply(kWithRefresh);
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    assert_true(agent.has_refresh_token() == (room == 7));

    device.peer.SetReply(kSecondReply);  // No other one is sent: the old one stays.
    assert_int_equal(Renew(agent, device), Status::kOk);
    agent.Stop();
    assert_true(IsWiped(refresh_room));
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_true(agent.has_refresh_token() == (room == 7));
    assert_true(agent.token().text().Reveal() == "XyZ-_789");

    assert_int_equal(agent.Forget(), Status::kOk);
    assert_false(agent.has_refresh_token());
    assert_true(IsWiped(refresh_room));
  }
}

void agent_spares_storage_where_a_new_token_gains_little(void**) {
  Device device;
  device.settings.store_gain = Millis::Seconds(600);
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  const std::uint32_t stores = device.storage.stores();

  device.clock.Advance(Millis::Seconds(500));
  device.peer.SetReply(kSecondReply);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(device.storage.stores(), stores);
  assert_false(agent.store_failed());
  agent.Stop();
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_true(agent.token().text().Reveal() == "AbC-_123");

  device.clock.Advance(Millis::Seconds(200));
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(device.storage.stores(), stores + 1);
  device.clock.Advance(Millis::Seconds(3601));
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(device.storage.stores(), stores + 2);
}

void agent_stores_a_token_that_gains_nothing_where_it_is_to_or_the_old_one_is_refused(void**) {
  constexpr std::string_view kShorter =
      "HTTP/1.1 200 OK\r\nContent-Length: 66\r\n\r\n"
      "{\"access_token\":\"XyZ-_789\",\"token_type\":\"bearer\",\"expires_in\":300}";
  for (const bool is_refused : {false, true}) {
    Device device;
    device.settings.store_gain = is_refused ? Millis::Seconds(600) : Millis{0};
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    device.peer.SetReply(kShorter);
    device.clock.Advance(kLeastPause);
    if (is_refused) {
      agent.RejectToken(agent.token_generation());
    }
    assert_int_equal(Renew(agent, device), Status::kOk);
    agent.Stop();
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_true(agent.token().text().Reveal() == "XyZ-_789");
  }
}

void agent_passes_house_keeping_on_when_it_is_idle(void**) {
  Device device;
  device.storage.SetIdleWork(2);
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Idle(), Status::kFailedPrecondition);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(agent.Idle(), Status::kPending);
  assert_int_equal(agent.Idle(), Status::kOk);
  device.storage.SetFailing(true);
  assert_int_equal(agent.Idle(), Status::kUnavailable);
  assert_int_equal(agent.RequestRenewal(), Status::kPending);
  assert_int_equal(agent.Idle(), Status::kFailedPrecondition);
}

void agent_remembers_a_spent_code_although_it_forgets_the_token(void**) {
  for (std::uint32_t failing = 0; failing < 5; ++failing) {
    Device device;
    UseCode(device, "the code");
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    device.storage.FailCall(failing == 0 ? 0 : device.storage.calls() + failing);

    const Status forgotten = agent.Forget();

    device.storage.FailCall(0);
    assert_true(agent.token().empty());
    assert_int_equal(agent.RequestRenewal(), Status::kNeedsCode);
    agent.Stop();
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_true(forgotten != Status::kOk || agent.token().empty());
    assert_int_equal(agent.RequestRenewal(), Status::kNeedsCode);
  }
}

void agent_survives_storage_that_holds_rubbish(void**) {
  std::array<std::uint8_t, 200> rubbish{};
  for (std::size_t size = 0; size < rubbish.size(); ++size) {
    Device device;
    rubbish.fill(static_cast<std::uint8_t>(size));
    assert_int_equal(device.storage.Store("state", Bytes(rubbish).first(size)), Status::kOk);
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_true(agent.token().empty());
    if (size == 0) {
      assert_int_equal(Renew(agent, device), Status::kOk);
    }
  }
}

void agent_forgets_its_token_here_and_in_storage(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Forget(), Status::kFailedPrecondition);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);

  assert_int_equal(agent.Forget(), Status::kOk);

  assert_true(agent.token().empty());
  std::array<std::uint8_t, 512> record{};
  assert_int_equal(device.storage.Load("state", record).status(), Status::kNotFound);
  device.storage.SetReadOnly(true);
  assert_int_equal(agent.Forget(), Status::kUnavailable);
  assert_int_equal(agent.last_failure().reason, Reason::kStorageFailed);
}

void agent_uses_a_code_once_across_restarts(void**) {
  Device device;
  UseCode(device, "the code");
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);

  assert_int_equal(Renew(agent, device), Status::kNeedsCode);
  assert_int_equal(agent.last_failure().reason, Reason::kCodeSpent);
  agent.Stop();
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kOk);
  assert_int_equal(agent.RequestRenewal(), Status::kNeedsCode);
  assert_int_equal(RequestsReceived(device), 1);

  agent.Stop();
  UseCode(device, "another code");
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
}

void agent_sends_a_code_before_a_refresh_token_and_needs_none_afterwards(void**) {
  Device device;
  std::array<std::uint8_t, 16> refresh_room{};
  Agent::Memory memory = Device::memory();
  memory.refresh_token = refresh_room;
  device.peer.SetReply(kWithRefresh);
  Agent agent(device.ports(), memory);
  const auto brings = [&](std::string_view code, std::string_view sent) {
    agent.Stop();
    UseCode(device, code);
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    const std::string_view received = device.peer.received();
    assert_true(received.substr(received.rfind("grant_type=")).starts_with(sent));
    assert_true(agent.needs_code());
  };

  brings("the code", "grant_type=authorization_code&code=the+code");
  brings("the code", "grant_type=refresh_token");
  brings("", "grant_type=refresh_token");
  brings("another", "grant_type=authorization_code&code=another");
  assert_int_equal(agent.Forget(), Status::kOk);
  agent.Stop();
  UseCode(device, "");
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kNeedsCode);
  assert_int_equal(agent.last_failure().reason, Reason::kCodeEmpty);
}

void agent_asks_for_a_new_code_when_the_server_refuses_it(void**) {
  Device device;
  UseCode(device, "stale");
  device.peer.SetReply(kStaleCode);
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kNeedsCode);
  assert_int_equal(agent.RequestRenewal(), Status::kNeedsCode);
  assert_int_equal(RequestsReceived(device), 1);
}

void agent_sends_no_code_that_it_cannot_mark_as_spent(void**) {
  Device device;
  UseCode(device, "the code");
  device.storage.SetReadOnly(true);
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kUnavailable);
  assert_int_equal(agent.last_failure().reason, Reason::kStorageFailed);
  assert_int_equal(RequestsReceived(device), 0);
}

/// Whichever port call fails: a code that may have left is never sent again, one that cannot have
/// left stays good.
void agent_never_replays_a_code_whichever_call_fails(void**) {
  for (std::uint32_t n = 1;; ++n) {
    Device device;
    UseCode(device, "the code");
    device.peer.FailCall(n);
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    const Status first = Renew(agent, device);
    if (device.peer.calls() < n) {
      assert_int_equal(first, Status::kOk);
      break;
    }
    device.peer.FailCall(0);
    const Status second = Renew(agent, device);
    assert_true(second == Status::kOk || second == Status::kNeedsCode);
    assert_true(RequestsReceived(device) <= 1);
  }
}

void agent_fails_cleanly_whichever_storage_call_fails(void**) {
  for (std::uint32_t n = 1; n < 8; ++n) {
    Device device;
    UseCode(device, "the code");
    device.storage.FailCall(n);
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    const Status status = Renew(agent, device);
    assert_true(status == Status::kOk || agent.last_failure().reason == Reason::kStorageFailed);
    assert_true(RequestsReceived(device) <= 1);
  }
}

/// A token for an agent that has just been started.
void RenewAfterRestart(Device& device) {
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
}

void agent_resumes_its_tls_session_also_after_a_restart(void**) {
  for (const int version : {12, 13}) {
    for (const bool tickets : {true, false}) {
      tests::PeerOptions options;
      options.tls_version = version;
      options.tickets = tickets;
      Device device(options);
      {
        Agent agent(device.ports(), Device::memory_with_session());
        assert_int_equal(agent.Start(device.settings), Status::kOk);
        assert_int_equal(Renew(agent, device), Status::kOk);
        assert_false(agent.tls_resumed());
        assert_int_equal(Renew(agent, device), Status::kOk);
        assert_true(agent.tls_resumed());
        assert_int_equal(device.peer.resumptions(), 1);
      }
      assert_true(IsWiped(session_room));

      for (std::uint32_t i = 2; i <= 3; ++i) {
        device.clock.Reboot(i);
        device.clock.SetWallTime(UnixSeconds{static_cast<std::int64_t>(std::time(nullptr))});
        RenewAfterRestart(device);
        assert_int_equal(device.peer.resumptions(), i);
      }
      assert_int_equal(RequestsReceived(device), 4);
      // The token each time; the session once.
      assert_int_equal(device.storage.stores(), 5);
      assert_int_equal(SequenceOf(device.storage.contents("tls_session")), 1);
    }
  }
}

void agent_resumes_for_api_requests_and_keeps_their_sessions(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_int_equal(device.storage.erases(), 0);
  assert_int_equal(device.storage.Erase("tls_session"), Status::kOk);
  device.peer.ForgetSessions();
  device.clock.Advance(Millis::Seconds(TlsSessionRecord::kLeastAge));
  ApiRequest request;
  request.target = "/api/devices";
  for (const bool resumed : {false, true}) {
    assert_int_equal(agent.RequestApi(request), Status::kPending);
    assert_int_equal(RunToEnd(agent, device), Status::kOk);
    assert_int_equal(agent.tls_resumed(), resumed);
  }
  assert_false(device.storage.contents("tls_session").empty());
}

void agent_resumes_nothing_without_room_for_a_session(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  for (int i = 0; i < 2; ++i) {
    assert_int_equal(Renew(agent, device), Status::kOk);
    assert_false(agent.tls_resumed());
  }
  assert_true(device.storage.contents("tls_session").empty());
}

void agent_resumes_nothing_under_another_trust(void**) {
  Device device;
  RenewAfterRestart(device);
  TlsPeer other({}, kTokenReply);
  device.settings.trust.backup_authorities = other.ca_pem();
  RenewAfterRestart(device);
  assert_int_equal(device.peer.resumptions(), 0);
  device.settings.trust.backup_authorities = {};
  device.settings.trust.pins = device.peer.ca_pin();
  RenewAfterRestart(device);
  assert_int_equal(device.peer.resumptions(), 0);
  device.settings.trust.pins = {};
  RenewAfterRestart(device);  // The record was too young to be replaced, and opens again.
  assert_int_equal(device.peer.resumptions(), 1);
}

void agent_gets_its_token_whatever_became_of_the_stored_session(void**) {
  constexpr std::size_t kBitStep = 101;
  Device device;
  RenewAfterRestart(device);
  const std::size_t bits = 8 * device.storage.contents("tls_session").size();
  assert_true(bits > 0);
  for (std::size_t bit = 0; bit < bits; bit += kBitStep) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    device.storage.contents("tls_session")[bit / 8] ^= mask;
    const std::uint32_t before = device.peer.resumptions();
    RenewAfterRestart(device);
    assert_int_equal(device.peer.resumptions(), before);
  }
  device.peer.ForgetSessions();
  RenewAfterRestart(device);
}

void agent_forgets_its_tls_session_with_the_token(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_false(device.storage.contents("tls_session").empty());
  device.storage.SetReadOnly(true);
  assert_int_equal(agent.Forget(), Status::kUnavailable);
  device.storage.SetReadOnly(false);

  assert_int_equal(agent.Forget(), Status::kOk);

  assert_true(device.storage.contents("tls_session").empty());
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_false(agent.tls_resumed());
}

void agent_needs_no_storage_that_works_to_resume(void**) {
  for (std::uint32_t n = 1; n <= 6; ++n) {
    Device device;
    device.storage.FailCall(n);
    RenewAfterRestart(device);
    RenewAfterRestart(device);
    assert_int_equal(RequestsReceived(device), 2);
  }
  Device device;
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  device.storage.SetFailing(true);
  for (const bool resumed : {false, true}) {
    assert_int_equal(Renew(agent, device), Status::kOk);
    assert_int_equal(agent.tls_resumed(), resumed);
  }
}

void agent_makes_api_requests_with_its_token(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  ApiRequest request;
  request.target = "/Connect/api/devices?x=1";
  assert_int_equal(agent.RequestApi(request), Status::kFailedPrecondition);
  assert_int_equal(Renew(agent, device), Status::kOk);
  device.peer.SetReply("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello");
  std::array<std::uint8_t, 64> head{};
  request.method = "PUT";
  request.content_type = "text/plain";
  request.body = AsBytes("content");
  request.head_copy = head;

  assert_int_equal(agent.RequestApi(request), Status::kPending);
  assert_int_equal(agent.api_status(), 0);
  assert_int_equal(agent.RequestApi(request), Status::kFailedPrecondition);
  assert_int_equal(RunToEnd(agent, device), Status::kOk);

  assert_int_equal(agent.api_status(), 201);
  assert_true(AsText(agent.TakeBody()) == "hello");
  assert_true(AsText(agent.api_head()) == "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n");
  constexpr std::string_view kWanted =
      "PUT /Connect/api/devices?x=1 HTTP/1.1\r\nHost: server.domain.tld\r\n"
      "Authorization: Bearer AbC-_123\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n"
      "Accept-Encoding: identity\r\nUser-Agent: connect-auth\r\n\r\ncontent";
  assert_true(device.peer.received().ends_with(kWanted));
}

/// Content that is longer than the I/O buffer.
ConstBytes LongContent() {
  static std::array<std::uint8_t, 100'000> content;
  for (std::size_t i = 0; i < content.size(); ++i) {
    content[i] = static_cast<std::uint8_t>('a' + i % 23);
  }
  return content;
}

/// What the peer does on a connection.
struct Turn {
  std::string_view reply;
  std::size_t reply_after;
};

/// Polls to the end, and has the peer answer each new connection with the next of `turns`.
template <std::size_t kCount>
Status RunThrough(const Turn (&turns)[kCount], Agent& agent, Device& device) {
  const std::uint32_t before = device.peer.connects();
  for (;;) {
    const std::uint32_t at = std::max(device.peer.connects(), before + 1) - before - 1;
    assert_true(at < kCount);
    device.peer.SetReply(turns[at].reply);
    device.peer.ReplyAfter(turns[at].reply_after);
    const Status status = agent.Poll();
    if (status != Status::kPending) {
      return status;
    }
    device.clock.Advance(Millis{1});
  }
}

constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr std::string_view kOtherTokenPlease =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

void agent_sends_content_of_a_source_again_after_a_401_if_it_can_be_rewound(void**) {
  constexpr std::string_view kHead =
      "POST /up HTTP/1.1\r\nHost: server.domain.tld\r\nAuthorization: Bearer XyZ-_789\r\n"
      "Content-Length: 100000\r\nAccept-Encoding: identity\r\nUser-Agent: connect-auth\r\n\r\n";
  for (const bool can_rewind : {true, false}) {
    Device device;
    Agent agent(device.ports(), Device::memory_with_session());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    device.clock.Advance(Millis::Seconds(60));
    fake::FakeBodySource source(LongContent(), LongContent().size(), 3000);
    source.SetRewindable(can_rewind);
    ApiRequest request;
    request.method = "POST";
    request.target = "/up";
    request.body_source = &source;
    assert_int_equal(agent.RequestApi(request), Status::kPending);
    const Turn turns[] = {{kOtherTokenPlease, 50'000},
                          {kSecondReply, 1},
                          {kNoContent, kHead.size() + LongContent().size()}};

    assert_int_equal(RunThrough(turns, agent, device), Status::kOk);

    assert_int_equal(source.rewinds(), 1);
    assert_int_equal(agent.api_status(), can_rewind ? 204 : 401);
    assert_int_equal(agent.counters().api_requests, can_rewind ? 2 : 1);
    assert_int_equal(agent.counters().token_requests, can_rewind ? 2 : 1);
    const std::string_view received = device.peer.received();
    const std::size_t at = received.rfind(kHead);
    assert_true((at != std::string_view::npos) == can_rewind);
    assert_true(!can_rewind || received.substr(at + kHead.size()) == AsText(LongContent()));
  }
}

void agent_announces_chunks_where_the_size_is_not_known(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  fake::FakeBodySource source(AsBytes("content"), BodySource::kUnknownSize, 5);
  ApiRequest request;
  request.method = "PUT";
  request.target = "/up";
  request.body_source = &source;
  assert_int_equal(agent.RequestApi(request), Status::kPending);
  constexpr std::string_view kWanted =
      "PUT /up HTTP/1.1\r\nHost: server.domain.tld\r\nAuthorization: Bearer AbC-_123\r\n"
      "Transfer-Encoding: chunked\r\nAccept-Encoding: identity\r\nUser-Agent: connect-auth\r\n\r\n"
      "5\r\nconte\r\n2\r\nnt\r\n0\r\n\r\n";
  const Turn turns[] = {{kNoContent, kWanted.size()}};

  assert_int_equal(RunThrough(turns, agent, device), Status::kOk);

  assert_int_equal(agent.api_status(), 204);
  assert_true(device.peer.received().ends_with(kWanted));
}

void agent_says_when_a_source_fails(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  fake::FakeBodySource source(LongContent(), LongContent().size(), 3000);
  source.FailRead(7, Status::kNotFound);
  ApiRequest request;
  request.method = "PUT";
  request.target = "/up";
  request.body_source = &source;
  assert_int_equal(agent.RequestApi(request), Status::kPending);
  const Turn turns[] = {{kNoContent, 100'000}};

  assert_int_equal(RunThrough(turns, agent, device), Status::kNotFound);

  assert_int_equal(agent.last_failure().reason, Reason::kBodySource);
  assert_int_equal(agent.api_status(), 0);
}

void agent_sees_the_answer_of_a_server_that_takes_no_more(void**) {
  constexpr std::string_view kTooLarge =
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large";
  for (const int version : {12, 13}) {
    for (const std::size_t chunk : {10U, 1000U, 65536U}) {
      tests::PeerOptions options;
      options.tls_version = version;
      Device device(options);
      Agent agent(device.ports(), Device::memory_with_session());
      assert_int_equal(agent.Start(device.settings), Status::kOk);
      assert_int_equal(Renew(agent, device), Status::kOk);
      device.peer.SetReply(kTooLarge);
      device.peer.ReplyAfter(20'000);
      device.peer.SetDeafAfter(20'000);
      device.peer.SetChunk(chunk);
      ApiRequest request;
      request.method = "PUT";
      request.target = "/up";
      request.body = LongContent();
      assert_int_equal(agent.RequestApi(request), Status::kPending);
      const Instant begun = device.clock.Now();

      Status status = Status::kPending;
      while (status == Status::kPending) {
        assert_true(agent.wants().interest != Interest::kWritable);  // It might never be.
        status = agent.Poll();
      }

      assert_int_equal(status, Status::kOk);
      assert_int_equal(agent.api_status(), 413);
      assert_true(AsText(agent.TakeBody()) == "too large");
      assert_true(device.clock.Now() == begun);
    }
  }
}

/// A device whose server keeps connections.
tests::PeerOptions KeepingPeer() {
  tests::PeerOptions options;
  options.keeps = true;
  return options;
}

Status Get(Agent& agent, Device& device, std::string_view reply) {
  ApiRequest request;
  request.target = "/api/devices";
  device.peer.SetReply(reply);
  const Status status = agent.RequestApi(request);
  return status == Status::kPending ? RunToEnd(agent, device) : status;
}

void agent_makes_its_requests_over_one_connection_while_they_follow_each_other(void**) {
  Device device(KeepingPeer());
  Agent agent(device.ports(), Device::memory_with_session());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  for (int i = 0; i < 3; ++i) {
    device.clock.Advance(Millis{3000});
    assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
    assert_int_equal(agent.api_status(), 204);
  }
  assert_int_equal(device.peer.connects(), 1);
  assert_int_equal(agent.counters().api_requests, 3);

  const Instant until = agent.wants().until;
  assert_true(until == device.clock.Now() + device.settings.keep_alive);
  device.clock.Advance(device.settings.keep_alive - Millis{1});
  assert_int_equal(agent.Poll(), Status::kOk);
  assert_true(device.peer.is_open());
  device.clock.Advance(Millis{1});
  assert_int_equal(agent.Poll(), Status::kOk);
  assert_false(device.peer.is_open());
  assert_true(agent.wants().until == Instant::Never());

  assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
  assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
  assert_int_equal(device.peer.connects(), 2);
  assert_int_equal(agent.counters().resumed, 1);  // Of connections, not of requests.
}

void agent_replaces_a_refused_token_over_the_same_connection(void**) {
  Device device(KeepingPeer());
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  device.clock.Advance(Millis::Seconds(60));
  ApiRequest request;
  request.target = "/api/devices";
  assert_int_equal(agent.RequestApi(request), Status::kPending);
  Status status = Status::kPending;
  while (status == Status::kPending) {
    const bool asks_for_token = agent.counters().api_requests == 1;
    const bool has_new_token = agent.counters().tokens == 2;
    device.peer.SetReply(has_new_token    ? kNoContent
                         : asks_for_token ? kSecondReply
                                          : kOtherTokenPlease);
    status = agent.Poll();
  }
  assert_int_equal(status, Status::kOk);
  assert_int_equal(agent.api_status(), 204);
  assert_int_equal(device.peer.connects(), 2);  // One for the first token, one for the rest.
}

void agent_notices_that_the_server_has_closed_the_kept_connection(void**) {
  Device device(KeepingPeer());
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  device.peer.HangUp();
  assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
  assert_int_equal(device.peer.connects(), 2);
  assert_int_equal(agent.counters().api_requests, 1);
}

void agent_closes_the_kept_connection_when_it_stops_or_gets_other_settings(void**) {
  Device device(KeepingPeer());
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_true(device.peer.is_open());
  assert_int_equal(agent.ChangeSettings(device.settings), Status::kOk);
  assert_false(device.peer.is_open());
  assert_int_equal(Renew(agent, device), Status::kOk);
  agent.Stop();
  assert_false(device.peer.is_open());
  assert_true(IsWiped(arena));
}

void agent_keeps_no_connection_where_it_is_not_to(void**) {
  Device device(KeepingPeer());
  device.settings.keep_alive = Millis{0};
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  assert_false(device.peer.is_open());
  assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
  assert_false(device.peer.is_open());
  std::size_t announced = 0;
  std::string_view text = device.peer.received();
  constexpr std::string_view kClose = "\r\nConnection: close\r\n";
  for (std::size_t at = text.find(kClose); at != std::string_view::npos; at = text.find(kClose)) {
    ++announced;
    text.remove_prefix(at + 1);
  }
  assert_int_equal(announced, 2);
}

/// Whichever port call fails on the kept connection or behind it: the code is marked before it is
/// sent, sent at most once, and not lost if it cannot have left.
void agent_never_replays_a_code_over_a_kept_connection(void**) {
  bool reconnected = false;
  for (std::uint32_t n = 1;; ++n) {
    Device device(KeepingPeer());
    Agent agent(device.ports(), Device::memory());
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    agent.Stop();
    UseCode(device, "the code");
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    assert_int_equal(Renew(agent, device), Status::kOk);
    agent.Stop();
    UseCode(device, "another code");
    assert_int_equal(agent.Start(device.settings), Status::kOk);
    device.clock.Advance(kLeastPause);
    assert_int_equal(Get(agent, device, kNoContent), Status::kOk);
    const std::uint32_t before = device.peer.calls();
    const std::size_t requests = RequestsReceived(device);
    const std::uint32_t connects = device.peer.connects();
    device.peer.SetReply(kTokenReply);
    device.peer.FailCall(before + n);

    assert_int_equal(agent.RequestRenewal(), Status::kPending);
    const Status first = RunToEnd(agent, device);
    reconnected = reconnected || (first == Status::kOk && device.peer.connects() > connects);
    const bool over = device.peer.calls() < before + n;
    device.peer.FailCall(0);
    const Status second = Renew(agent, device);

    assert_true(second == Status::kOk || second == Status::kNeedsCode);
    assert_true(RequestsReceived(device) <= requests + 1);
    if (over) {
      assert_int_equal(first, Status::kOk);
      break;
    }
  }
  assert_true(reconnected);
}

void agent_makes_requests_with_a_token_that_was_got_elsewhere(void**) {
  Device device;
  UseCode(device, "");
  device.settings.record_key = {};
  Agent agent(device.ports(), Device::memory());
  const SecretView token("t0k3n.of_another");
  assert_int_equal(agent.TakeToken(token, 60), Status::kFailedPrecondition);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  const std::string too_long(token_room.size() + 1, 'x');

  assert_int_equal(agent.TakeToken(token, 60), Status::kOk);
  assert_int_equal(agent.TakeToken(SecretView(too_long), 60), Status::kBufferTooSmall);
  for (const std::string_view text :
       {"", "two words", "t0k3n\r\nX-Smuggled: yes", "t\xC3\xB6ken"}) {
    assert_int_equal(agent.TakeToken(SecretView(text), 60), Status::kInvalidArgument);
  }
  for (const std::int32_t lifetime_s : {-1, config::kMaxLifetimeSeconds + 1}) {
    assert_int_equal(agent.TakeToken(token, lifetime_s), Status::kInvalidArgument);
  }
  assert_true(agent.token().text().Reveal() == token.Reveal());
  assert_true(agent.remaining_life().value() == Millis::Seconds(60));

  device.peer.SetReply("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  ApiRequest request;
  request.target = "/Connect/api/devices";
  assert_int_equal(agent.RequestApi(request), Status::kPending);
  assert_int_equal(agent.TakeToken(token, 60), Status::kFailedPrecondition);
  assert_int_equal(RunToEnd(agent, device), Status::kOk);
  assert_true(device.peer.received().find("Authorization: Bearer t0k3n.of_another\r\n") !=
              std::string_view::npos);

  // There is nobody to ask for another one.
  assert_int_equal(agent.api_status(), 401);
  assert_int_equal(RequestsReceived(device), 0);
  assert_int_equal(agent.RequestRenewal(), Status::kNeedsCode);
}

void agent_refuses_malformed_api_requests(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  constexpr struct {
    std::string_view method;
    std::string_view target;
    std::string_view type;
    Reason reason;
  } kCases[] = {
      {"GET", "https://evil.example/", "", Reason::kRequestTarget},
      {"GET", "//evil\r\nHost: x", "", Reason::kRequestTarget},
      {"GET", "", "", Reason::kRequestTarget},
      {"", "/", "", Reason::kRequestMethod},
      {"GE T", "/", "", Reason::kRequestMethod},
      {"GET\r\nX:", "/", "", Reason::kRequestMethod},
      {"CONNECT", "/", "", Reason::kRequestMethod},
      {"GET", "/", "a\r\nb", Reason::kRequestMethod},
  };
  for (const auto& wrong : kCases) {
    ApiRequest request;
    request.method = wrong.method;
    request.target = wrong.target;
    request.content_type = wrong.type;
    assert_int_equal(agent.RequestApi(request), Status::kInvalidArgument);
    assert_int_equal(agent.last_failure().reason, wrong.reason);
  }
}

void agent_says_when_a_buffer_is_too_small(void**) {
  Device device;
  std::array<std::uint8_t, 4> short_room{};
  Agent short_token(device.ports(), {arena, io, short_room});
  assert_int_equal(short_token.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(short_token, device), Status::kBufferTooSmall);
  assert_int_equal(short_token.last_failure().reason, Reason::kTokenTooLong);
  short_token.Stop();

  Agent short_io(device.ports(), {arena, Bytes(io).first(100), token_room});
  assert_int_equal(short_io.Start(device.settings), Status::kOk);
  assert_int_equal(short_io.RequestToken(kNoMatter), Status::kBufferTooSmall);
  assert_int_equal(short_io.last_failure().reason, Reason::kRequestTooLarge);
  short_io.Stop();

  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(Renew(agent, device), Status::kOk);
  static std::array<char, 4096> target;
  target.fill('/');
  ApiRequest request;
  request.target = {target.data(), target.size()};
  assert_int_equal(agent.RequestApi(request), Status::kBufferTooSmall);
  assert_int_equal(agent.last_failure().reason, Reason::kRequestTooLarge);
  agent.Stop();

  Agent short_arena(device.ports(), {Bytes(arena).first(1000), io, token_room});
  assert_int_equal(short_arena.Start(device.settings), Status::kOutOfMemory);
  assert_int_equal(short_arena.last_failure().reason, Reason::kArenaExhausted);
}

void agent_refuses_to_start_wrongly(void**) {
  Device device;
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Poll(), Status::kFailedPrecondition);
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kFailedPrecondition);
  assert_int_equal(agent.RequestRenewal(), Status::kFailedPrecondition);
  agent.RejectToken(agent.token_generation());
  assert_int_equal(agent.counters().rejections, 0);
  assert_true(agent.next_attempt() == Instant::Never());
  Settings wrong = device.settings;
  wrong.client_id = "a:b";
  assert_int_equal(agent.Start(wrong), Status::kInvalidArgument);
  assert_int_equal(agent.last_failure().reason, Reason::kClientIdColon);
  device.entropy.SetFailing(true);
  assert_int_equal(agent.Start(device.settings), Status::kUnavailable);
  assert_int_equal(agent.last_failure().reason, Reason::kNoEntropy);
  device.entropy.SetFailing(false);
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  assert_int_equal(agent.Start(device.settings), Status::kFailedPrecondition);
  assert_int_equal(agent.Poll(), Status::kOk);
  assert_true(agent.wants().until == Instant::Never());
}

void agent_times_out_and_tells_what_it_waits_for_meanwhile(void**) {
  tests::PeerOptions options;
  options.closes = false;
  Device device(options);
  device.peer.SetReply("");
  Agent agent(device.ports(), Device::memory());
  assert_int_equal(agent.Start(device.settings), Status::kOk);
  const Instant begun = device.clock.Now();
  assert_int_equal(agent.RequestToken(kNoMatter), Status::kPending);
  Status status = Status::kPending;
  Wants wants = agent.wants();
  while (status == Status::kPending) {
    wants = agent.wants();
    assert_true(wants.interest != Interest::kNothing || wants.until <= device.clock.Now());
    device.clock.Advance(Millis{100});
    status = agent.Poll();
  }
  assert_int_equal(status, Status::kTimeout);
  assert_int_equal(agent.last_failure().reason, Reason::kOperationTimeout);
  assert_true(wants.interest == Interest::kReadable);
  assert_true(wants.until == begun + device.settings.timeout);
  assert_true(device.clock.Now() == wants.until);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(agent_fetches_a_token_and_keeps_it),
      cmocka_unit_test(agent_finds_its_token_again_after_a_restart),
      cmocka_unit_test(agent_stores_nothing_in_the_clear),
      cmocka_unit_test(agent_asks_anew_when_the_token_grows_old_or_its_age_is_unknown),
      cmocka_unit_test(agent_keeps_the_present_token_until_a_new_one_is_there),
      cmocka_unit_test(agent_gives_out_a_token_that_it_could_not_store),
      cmocka_unit_test(agent_works_without_storage_when_it_has_no_key),
      cmocka_unit_test(agent_ignores_what_another_configuration_or_key_has_stored),
      cmocka_unit_test(agent_keeps_a_code_that_was_stopped_before_it_was_sent),
      cmocka_unit_test(agent_says_when_storage_cannot_be_read),
      cmocka_unit_test(agent_knows_the_age_of_its_token_without_boot_id_or_time),
      cmocka_unit_test(agent_does_not_send_a_code_while_it_cannot_read_whether_it_is_spent),
      cmocka_unit_test(agent_reads_a_refusal_that_it_could_not_read_at_the_start),
      cmocka_unit_test(agent_says_what_was_stored_and_goes_on_counting_writes),
      cmocka_unit_test(agent_remembers_a_refusal_over_a_restart_until_a_token_comes),
      cmocka_unit_test(agent_keeps_a_refresh_token_where_there_is_room_for_it),
      cmocka_unit_test(agent_spares_storage_where_a_new_token_gains_little),
      cmocka_unit_test(
          agent_stores_a_token_that_gains_nothing_where_it_is_to_or_the_old_one_is_refused),
      cmocka_unit_test(agent_passes_house_keeping_on_when_it_is_idle),
      cmocka_unit_test(agent_remembers_a_spent_code_although_it_forgets_the_token),
      cmocka_unit_test(agent_survives_storage_that_holds_rubbish),
      cmocka_unit_test(agent_forgets_its_token_here_and_in_storage),
      cmocka_unit_test(agent_uses_a_code_once_across_restarts),
      cmocka_unit_test(agent_sends_a_code_before_a_refresh_token_and_needs_none_afterwards),
      cmocka_unit_test(agent_asks_for_a_new_code_when_the_server_refuses_it),
      cmocka_unit_test(agent_sends_no_code_that_it_cannot_mark_as_spent),
      cmocka_unit_test(agent_never_replays_a_code_whichever_call_fails),
      cmocka_unit_test(agent_fails_cleanly_whichever_storage_call_fails),
      cmocka_unit_test(agent_resumes_its_tls_session_also_after_a_restart),
      cmocka_unit_test(agent_resumes_for_api_requests_and_keeps_their_sessions),
      cmocka_unit_test(agent_resumes_nothing_without_room_for_a_session),
      cmocka_unit_test(agent_resumes_nothing_under_another_trust),
      cmocka_unit_test(agent_gets_its_token_whatever_became_of_the_stored_session),
      cmocka_unit_test(agent_forgets_its_tls_session_with_the_token),
      cmocka_unit_test(agent_needs_no_storage_that_works_to_resume),
      cmocka_unit_test(agent_makes_api_requests_with_its_token),
      cmocka_unit_test(agent_sends_content_of_a_source_again_after_a_401_if_it_can_be_rewound),
      cmocka_unit_test(agent_announces_chunks_where_the_size_is_not_known),
      cmocka_unit_test(agent_says_when_a_source_fails),
      cmocka_unit_test(agent_sees_the_answer_of_a_server_that_takes_no_more),
      cmocka_unit_test(agent_makes_its_requests_over_one_connection_while_they_follow_each_other),
      cmocka_unit_test(agent_replaces_a_refused_token_over_the_same_connection),
      cmocka_unit_test(agent_notices_that_the_server_has_closed_the_kept_connection),
      cmocka_unit_test(agent_closes_the_kept_connection_when_it_stops_or_gets_other_settings),
      cmocka_unit_test(agent_keeps_no_connection_where_it_is_not_to),
      cmocka_unit_test(agent_never_replays_a_code_over_a_kept_connection),
      cmocka_unit_test(agent_makes_requests_with_a_token_that_was_got_elsewhere),
      cmocka_unit_test(agent_refuses_malformed_api_requests),
      cmocka_unit_test(agent_says_when_a_buffer_is_too_small),
      cmocka_unit_test(agent_refuses_to_start_wrongly),
      cmocka_unit_test(agent_times_out_and_tells_what_it_waits_for_meanwhile),
  };
  return cmocka_run_group_tests_name("agent/agent", tests, nullptr, nullptr);
}
