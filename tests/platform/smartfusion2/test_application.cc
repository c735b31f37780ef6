// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/firmware/application.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "agent/store/sealed_record.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_connection.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/support/settings.h"
#include "tests/support/tls_peer.h"

namespace connect_auth::smartfusion2 {
namespace {

using tests::PeerOptions;
using tests::TlsPeer;

constexpr std::string_view kTokenPath = "POST /Connect/api/token ";
constexpr std::string_view kSampleTarget = "/Connect/api/devices";
constexpr std::string_view kSecrets[] = {"Application1Password", "password=1", "T0P-SECRET-TOKEN"};
constexpr std::array<std::uint8_t, 32> kKey{1, 2, 3};
constexpr std::array<std::uint8_t, 32> kOtherKey{4, 5, 6};
constexpr std::uint32_t kAddress = 0x0F02000A;  // 10.0.2.15 in the order of the network, on a PC.
constexpr std::string_view kRefusal =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";

constexpr std::string_view kGranted =
    R"({"access_token":"T0P-SECRET-TOKEN","token_type":"bearer","expires_in":3600})";

std::array<std::uint8_t, 96 * 1024> arena;
std::array<std::uint8_t, 4096> io;
std::array<std::uint8_t, 1024> token_room;
std::array<std::uint8_t, 640> session_room;

class FakeConsole final : public TextSink {
 public:
  void Write(std::string_view written) override { text += written; }

  bool Has(std::string_view line) const { return text.find(line) != std::string::npos; }

  std::string text;
};

class FakeBoard final : public BoardControl {
 public:
  void StartNetwork(const Mac& mac, const Provision::Network&, Entropy&) override {
    own_mac = mac;
    network_started = true;
  }
  std::uint32_t address() const override { return network_started && plugged ? kAddress : 0; }
  void DescribeSelf(TextSink& sink) override { Line(sink).Add("board described"); }
  std::uint64_t noise() const override { return 7; }
  void Reset() override { ++resets; }

  Mac own_mac{};
  bool network_started = false;
  bool plugged = true;
  int resets = 0;
};

/// Gives out tokens, and answers API requests.
class Server final : public tests::Responder {
 public:
  std::string_view Answer(std::string_view received) override {
    if (received.substr(0, kTokenPath.size()) != kTokenPath) {
      api_requests += received.find("\r\n\r\n") != std::string_view::npos ? 1 : 0;
      return Reply("hello");
    }
    if (received.find("grant_type=") == std::string_view::npos || !gives_tokens) {
      return {};
    }
    ++token_requests;
    return token_reply.empty() ? Reply(kGranted) : token_reply;
  }

  std::string_view token_reply;  ///< Empty: a token.
  bool gives_tokens = true;      ///< Or leaves who asks without an answer.
  int token_requests = 0;
  int api_requests = 0;

 private:
  std::string_view Reply(std::string_view content) {
    std::array<char, 40> date{};
    const std::time_t now = std::time(nullptr);
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    reply_ = "HTTP/1.1 200 OK\r\nDate: " + std::string(date.data()) +
             "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n";
    reply_ += content;
    return reply_;
  }

  std::string reply_;
};

/// A device that outlasts the starts of its firmware.
struct Device {
  explicit Device(const PeerOptions& options = {}) : peer(options, {}) {
    peer.SetResponder(server);
    provision.settings = tests::PageSettings();
    provision.settings.trust.authorities = peer.ca_pem();
    provision.settings.trust.least_time = UnixSeconds{std::time(nullptr) - 1000};
    provision.settings.backoff.boot_spread = Millis{0};
    provision.settings.keep_alive = Millis{0};
    provision.sample = {kSampleTarget, Millis::Seconds(60)};
  }
  ~Device() { AssertSilent(); }

  /// The provision as a record, sealed for `key`.
  std::string Sealed(ConstBytes key = kKey) {
    std::array<std::uint8_t, Provision::kMostRecordBytes> record{};
    const std::size_t size = ProvisionBytes(provision);
    EncodeProvision(provision, Bytes(record).subspan(SealedRecord::kHeaderBytes, size));
    return Seal(Bytes(record).first(size + SealedRecord::kOverheadBytes), key);
  }
  std::string Seal(Bytes record, ConstBytes key = kKey) {
    fake::FakeEntropy entropy;
    Engine engine;
    assert_true(engine.Start(arena, clock, entropy) == Status::kOk);
    assert_true(SealRecord(RecordType::kProvision, 1, key, Fingerprint{}, engine, record) ==
                Status::kOk);
    return std::string(AsText(record));
  }
  void Store(std::string_view record) {
    assert_true(settings.Store(Provision::kName, AsBytes(record)) == Status::kOk);
  }

  void AssertSilent() const {
    for (const std::string_view secret : kSecrets) {
      assert_false(console.Has(secret));
    }
  }

  TlsPeer peer;
  Server server;
  fake::FakeClock clock;
  fake::FakeStorage<> settings;
  fake::FakeStorage<> state;
  FakeConsole console;
  Provision provision;
};

/// One start of the firmware.
struct Boot {
  explicit Boot(Device& of, ConstBytes key = kKey, std::size_t arena_size = arena.size(),
                Connection* connection = nullptr)
      : device(of),
        application({of.clock, of.console, of.settings, of.state,
                     connection != nullptr ? *connection : of.peer, board, key},
                    {Bytes(arena).first(arena_size), io, token_room, {}, session_room}) {
    of.clock.Reboot(0);
    of.console.text.clear();
    application.Begin();
  }

  /// Lets what is under way come to its end.
  void Settle() {
    constexpr int kMostSteps = 400;
    for (int i = 0; i < kMostSteps; ++i) {
      application.Step();
      device.clock.Advance(Millis{1});
    }
  }
  void Pass(Millis span) {
    device.clock.Advance(span);
    Settle();
  }
  /// What the console says from now on.
  void Say(std::string_view line) {
    device.console.text.clear();
    for (const char c : line) {
      application.Type(c);
    }
    application.Type('\n');
  }

  Device& device;
  FakeBoard board;
  Application application;
};

// --- Settings

void AssertBegins(Device& device, std::string_view line, ConstBytes key = kKey) {
  Boot boot(device, key);
  boot.Settle();
  assert_true(device.console.Has(line));
  assert_false(boot.board.network_started);
  boot.Say("status");
  assert_true(device.console.Has("state not provisioned"));
  assert_true(device.console.Has("OK"));
}

void application_says_why_it_has_no_settings(void**) {
  Device device;
  AssertBegins(device, "PROVISION no device key", {});
  AssertBegins(device, "PROVISION none");
  device.settings.SetFailing(true);
  AssertBegins(device, "PROVISION flash does not answer");
  device.settings.SetFailing(false);
  device.Store(std::string(Provision::kMostRecordBytes + 1, 'x'));
  AssertBegins(device, "PROVISION too large");
  device.Store(device.Sealed(kOtherKey));
  AssertBegins(device, "PROVISION sealed with another device's key");
  device.Store(device.Sealed());
  device.settings.contents(Provision::kName)[50] ^= 1;
  AssertBegins(device, "PROVISION damaged");
}

void application_says_what_is_wrong_with_its_settings(void**) {
  Device device;
  std::array<std::uint8_t, SealedRecord::kOverheadBytes + 3> unknown{};
  unknown[SealedRecord::kHeaderBytes] = 200;
  device.Store(device.Seal(unknown));
  AssertBegins(device, "PROVISION made for a later firmware");
  std::array<std::uint8_t, SealedRecord::kOverheadBytes + 4> range{};
  range[SealedRecord::kHeaderBytes] = 12;
  range[SealedRecord::kHeaderBytes + 2] = 1;
  range[SealedRecord::kHeaderBytes + 3] = 99;
  device.Store(device.Seal(range));
  AssertBegins(device, "PROVISION with a value out of range");
  device.provision.settings.url = "http://server.domain.tld";
  device.Store(device.Sealed());
  AssertBegins(device, "PROVISION not usable: url is not https");
}

void application_without_a_seed_that_is_stored_asks_nobody(void**) {
  Device device;
  device.Store(device.Sealed());
  device.state.SetReadOnly(true);
  AssertBegins(device, "FAILED no entropy");
  assert_int_equal(device.peer.connects(), 0);
}

// --- The job

void application_gets_a_token_and_uses_it(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  assert_true(boot.application.WallTime().status() == Status::kUnavailable);
  boot.Settle();

  assert_true(device.console.Has("PROVISION found, server https://server.domain.tld\r\n"));
  assert_true(device.console.Has("NETWORK up, address 10.0.2.15\r\n"));
  assert_true(device.console.Has("TOKEN new, number 1, lives 3599 s, TLS full\r\n"));
  assert_true(device.console.Has("SAMPLE HTTP 200, octets 5\r\n"));
  assert_true(boot.application.WallTime().ok());
  assert_int_equal(boot.board.own_mac[0] & 3, 2);
  boot.Say("status");
  assert_true(device.console.Has("token present, number 1, lives 3599 s"));
  assert_true(device.console.Has("last failure none"));
  assert_true(device.console.Has("token requests 1, tokens 1, refusals 0, API requests 1"));
  assert_true(device.console.Has("connection none, time known"));
  assert_true(device.console.Has("board described"));
}

/// Neither token nor TLS session is asked for anew, although nobody tells the time at the start.
void application_keeps_token_and_session_while_power_is_off(void**) {
  for (const int version : {12, 13}) {
    PeerOptions options;
    options.tls_version = version;
    Device device(options);
    device.Store(device.Sealed());
    Boot(device).Settle();
    const std::uint32_t resumed = device.peer.resumptions();
    Boot boot(device);
    boot.Settle();

    assert_true(device.console.Has("TOKEN kept, stored 1 times\r\n"));
    assert_true(device.console.Has("SAMPLE HTTP 200"));
    assert_int_equal(device.server.token_requests, 1);
    assert_true(device.peer.resumptions() > resumed);
    boot.Say("status");
    assert_false(device.console.Has("TLS resumed 0"));
  }
}

void application_sleeps_until_something_is_due(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  const Instant next = boot.application.Step();
  assert_true(next > device.clock.Now() + Millis::Seconds(55));
  assert_true(next < device.clock.Now() + Millis::Seconds(60));
  const int before = device.server.api_requests;
  boot.Pass(next - device.clock.Now());
  assert_int_equal(device.server.api_requests, before + 1);
}

/// The server is slow with a token, and a sample is due: it cannot begin, so nothing is to be done.
void application_sleeps_while_a_token_is_asked_for(void**) {
  Device device;
  device.provision.sample.period = Millis::Seconds(1);
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  boot.Pass(Millis::Seconds(20));
  device.server.gives_tokens = false;
  boot.Say("renew");
  boot.Settle();
  boot.Pass(Millis::Seconds(2));
  assert_true(device.console.Has("OK\r\n"));
  assert_false(device.console.Has("FAILED"));
  assert_true(boot.application.Step() > device.clock.Now() + Millis::Seconds(1));
}

void application_asks_nobody_without_a_network(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  boot.board.plugged = false;
  boot.Pass(Millis::Seconds(100));
  assert_true(boot.application.Step() == Instant::Never());
  assert_false(device.console.Has("FAILED"));

  boot.board.plugged = true;
  boot.Settle();
  assert_true(device.console.Has("TOKEN new"));
  boot.board.plugged = false;
  boot.Settle();
  assert_true(device.console.Has("NETWORK down"));
}

void application_says_that_a_token_was_not_stored(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  device.state.SetReadOnly(true);
  boot.Settle();
  assert_true(
      device.console.Has(", TLS full\r\nSTORE failed: the token lasts until the next start\r\n"));
  assert_true(device.console.Has("SAMPLE HTTP 200"));
  boot.Say("forget");
  assert_true(device.console.Has("ERROR flash does not answer"));
}

// --- Failures

/// The line comes, and comes again: it goes on.
void AssertFails(Device& device, std::string_view line, std::size_t arena_size = arena.size(),
                 Connection* connection = nullptr) {
  device.Store(device.Sealed());
  Boot boot(device, kKey, arena_size, connection);
  for (int i = 0; i < 2; ++i) {
    boot.Pass(Millis::Seconds(1200));
    assert_true(device.console.Has(line));
    device.console.text.clear();
  }
  assert_int_equal(device.server.token_requests, 0);
}

void application_tells_failures_apart(void**) {
  PeerOptions options;
  options.certificate.signed_by_stranger = true;
  Device stranger(options);
  AssertFails(stranger, "FAILED certificate not trusted");
  options = {};
  options.certificate.san = "DNS:other.example";
  Device other_host(options);
  AssertFails(other_host, "FAILED certificate is for another host");
  options = {};
  options.certificate.not_before_s = -90'000;
  options.certificate.not_after_s = -80'000;
  Device expired(options);
  AssertFails(expired, "FAILED certificate expired");
  options = {};
  options.plain = true;
  Device plain(options);
  AssertFails(plain, "FAILED server does not speak TLS");
}

void application_tells_a_small_arena_from_a_bad_certificate(void**) {
  constexpr std::size_t kOpensRecords = 8192;
  for (const int version : {12, 13}) {
    PeerOptions options;
    options.tls_version = version;
    Device device(options);
    AssertFails(device, "FAILED TLS arena too small", kOpensRecords);
    Boot boot(device, kKey, 1024);
    assert_true(device.console.Has("PROVISION not opened: TLS arena too small"));
  }
}

void application_tells_what_is_missing_on_the_way_to_the_server(void**) {
  const struct {
    Status outcome;
    std::string_view line;
  } kCases[] = {{Status::kNotFound, "FAILED name not found"},
                {Status::kUnavailable, "FAILED server or name not reachable"},
                {Status::kPending, "FAILED no answer while connecting"}};
  for (const auto& one : kCases) {
    Device device;
    std::array<std::uint8_t, 4096> sent{};
    fake::FakeConnection connection({}, 100, fake::End::kOpen, sent);
    connection.SetConnectOutcome(one.outcome);
    device.Store(device.Sealed());
    Boot boot(device, kKey, arena.size(), &connection);
    boot.Settle();
    boot.Pass(Millis::Seconds(11));
    assert_true(device.console.Has(one.line));
  }
}

void application_leaves_refused_credentials_alone_until_somebody_says_so(void**) {
  Device device;
  device.Store(device.Sealed());
  device.server.token_reply = kRefusal;
  Boot boot(device);
  boot.Settle();
  assert_true(device.console.Has("FAILED credentials refused"));
  assert_true(device.console.Has("HTTP 401"));
  boot.Pass(Millis::Seconds(3600));
  assert_int_equal(device.server.token_requests, 1);
  boot.Say("renew");
  assert_true(device.console.Has("ERROR refused; see retry"));

  device.server.token_reply = {};
  boot.Say("retry");
  assert_true(device.console.Has("OK"));
  boot.Settle();
  assert_true(device.console.Has("TOKEN new, number 1"));
}

void application_wants_a_new_code_when_its_own_is_spent(void**) {
  Device device;
  device.provision.settings.grant = Grant::kAuthorizationCode;
  device.provision.settings.password = SecretView();
  device.provision.settings.code = SecretView("code 1");
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  assert_true(device.console.Has("TOKEN new, number 1"));
  boot.Pass(Millis::Seconds(20));
  boot.Say("renew");
  assert_true(device.console.Has("ERROR a new code is needed"));
  assert_int_equal(device.server.token_requests, 1);
}

// --- Commands

void application_lists_its_commands(void**) {
  Device device;
  Boot boot(device);
  boot.Say("help");
  for (const std::string_view name :
       {"help", "status", "renew", "retry", "forget", "request", "provision", "reboot"}) {
    assert_true(device.console.Has(std::string(name) + " - "));
  }
  boot.Say("helpme");
  assert_true(device.console.Has("ERROR no such command"));
  boot.Say(std::string(LineEditor::kMostCharacters + 1, 'x'));
  assert_true(device.console.Has("ERROR line too long"));
  boot.Say("reboot");
  assert_int_equal(boot.board.resets, 1);
}

void application_does_without_settings_what_can_be_done(void**) {
  Device device;
  Boot boot(device);
  for (const std::string_view command : {"renew", "retry", "forget", "request", "provision"}) {
    boot.Say(command);
    assert_true(device.console.Has("ERROR"));
    assert_false(device.console.Has("OK"));
  }
}

void application_renews_and_requests_when_told(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  boot.Say("renew");
  assert_true(device.console.Has("OK it just came"));
  boot.Pass(Millis::Seconds(20));
  boot.Say("renew");
  boot.Settle();
  assert_true(device.console.Has("TOKEN new, number 2, lives 3599 s, TLS resumed"));
  boot.Say("request");
  boot.Settle();
  assert_true(device.console.Has("OK\r\nSAMPLE HTTP 200, octets 5"));
}

void application_says_why_a_sample_failed(void**) {
  Device device;
  device.provision.sample.target = "nonsense";
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  assert_true(device.console.Has("SAMPLE failed: sample request malformed, reason "));
}

void application_forgets_when_told_and_wipes_at_once(void**) {
  constexpr std::uint32_t kPieces = 5;
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  device.state.SetIdleWork(kPieces);
  const std::uint32_t before = device.state.idles();
  boot.Say("forget");
  assert_true(device.console.Has("OK"));
  boot.board.plugged = false;
  while (boot.application.Step() <= device.clock.Now()) {
  }
  assert_int_equal(device.state.idles() - before, kPieces);
  boot.Say("status");
  assert_true(device.console.Has("token none"));
}

// --- Settings from the console

/// Types the record as `connect-auth provision -` writes it.
void TypeProvision(Boot& boot, std::string_view record) {
  constexpr std::size_t kOctets = ProvisionReceiver::kOctetsPerLine;
  for (std::size_t at = 0; at < record.size(); at += kOctets) {
    std::string line = "provision ";
    for (const char c : record.substr(at, kOctets)) {
      std::array<char, 3> digits{};
      std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(c));
      line += digits.data();
    }
    boot.Say(line);
    assert_true(boot.device.console.Has("OK "));
  }
  boot.Say("provision end");
}

void application_takes_settings_from_the_console(void**) {
  Device device;
  Boot boot(device);
  TypeProvision(boot, device.Sealed());
  assert_true(device.console.Has("PROVISION received, starting again"));
  assert_int_equal(boot.board.resets, 1);

  Boot next(device);
  next.Settle();
  assert_true(device.console.Has("TOKEN new"));
}

void application_replaces_no_settings_by_such_as_it_cannot_use(void**) {
  Device device;
  device.Store(device.Sealed());
  const std::string stored(AsText(device.settings.contents(Provision::kName)));
  std::string damaged = device.Sealed();
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  device.provision.settings.url = "nonsense";
  const std::string useless = device.Sealed();
  const struct {
    std::string_view record;
    std::string_view line;
  } kCases[] = {{damaged, "PROVISION damaged"},
                {useless, "PROVISION not usable: url is not https"},
                {"CA", "PROVISION damaged"}};
  for (const auto& one : kCases) {
    Boot boot(device);
    TypeProvision(boot, one.record);
    assert_true(device.console.Has(one.line));
    assert_int_equal(boot.board.resets, 0);
    assert_true(AsText(device.settings.contents(Provision::kName)) == stored);
  }
  device.provision.settings.url = "https://server.domain.tld";
  const std::string good = device.Sealed();
  Boot boot(device);
  device.settings.SetReadOnly(true);
  TypeProvision(boot, good);
  assert_true(device.console.Has("ERROR flash does not answer; the old settings stand"));
}

/// However far it came: the last line counts.
void application_starts_again_when_a_provision_does_not_go_on(void**) {
  constexpr Millis kAlmost = Application::kProvisionPatience - Millis::Seconds(1);
  constexpr std::string_view kGivenUp =
      "PROVISION no further line for 60 s: nothing stored, starting again\r\n";
  Device device;
  device.Store(device.Sealed());
  Boot(device).Settle();
  for (const std::string_view last : {"provision 01", "provision xyz", "provision end"}) {
    Boot boot(device);
    const std::string stored(AsText(device.settings.contents(Provision::kName)));
    boot.Say("provision 00");
    boot.Pass(kAlmost);
    boot.Say("provision 01");
    boot.Say(last);
    assert_true(boot.application.Step() == device.clock.Now() + Application::kProvisionPatience);
    boot.Pass(kAlmost);
    assert_int_equal(boot.board.resets, 0);

    boot.Pass(Millis::Seconds(1));
    assert_int_equal(boot.board.resets, 1);
    assert_true(device.console.Has(kGivenUp));
    assert_true(AsText(device.settings.contents(Provision::kName)) == stored);
  }
  Boot next(device);
  assert_true(device.console.Has("TOKEN kept"));
}

/// Whether a secret of the provision lies anywhere in the application.
bool HoldsSecret(const Boot& boot) {
  const std::string_view memory(reinterpret_cast<const char*>(&boot.application),
                                sizeof(boot.application));
  return memory.find(kSecrets[0]) != std::string_view::npos;
}

void application_does_not_keep_secrets_that_it_cannot_use(void**) {
  Device device;
  const std::string good = device.Sealed();
  device.provision.settings.url = "nonsense";
  const std::string useless = device.Sealed();
  device.Store(good);
  Boot boot(device);
  assert_true(HoldsSecret(boot));
  boot.Say("provision 00");
  assert_true(device.console.Has("OK 1"));
  assert_false(HoldsSecret(boot));

  boot.Say("provision xyz");
  TypeProvision(boot, useless);
  assert_true(device.console.Has("PROVISION not usable"));
  assert_false(HoldsSecret(boot));

  device.Store(useless);
  Boot next(device);
  assert_true(device.console.Has("PROVISION not usable"));
  assert_false(HoldsSecret(next));
}

void application_is_not_stopped_by_lines_that_are_no_settings(void**) {
  Device device;
  device.Store(device.Sealed());
  Boot boot(device);
  boot.Settle();
  for (const std::string_view line : {"provision", "provision xyz", "provision end"}) {
    boot.Say(line);
    assert_true(device.console.Has("ERROR"));
    boot.Say("status");
    assert_true(device.console.Has("state running"));
  }
}

/// Half of what is typed are the words of commands, so that each is run, in whatever state.
void application_survives_whatever_is_typed(void**) {
  constexpr int kPieces = 60'000;
  constexpr std::string_view kWords[] = {"help",    "status", "renew",      "retry", "forget",
                                         "request", "reboot", "provision ", "end",   "00",
                                         "c0ffee",  "\n",     "\n",         "\n",    "\r"};
  constexpr std::string_view kAnswers[] = {"help - ",
                                           "state running",
                                           "state not provisioned",
                                           "OK\r\n",
                                           "OK 1\r\n",
                                           "ERROR no such command",
                                           "ERROR nothing",
                                           "ERROR not hexadecimal",
                                           "ERROR none is provisioned",
                                           "PROVISION damaged",
                                           "PROVISION no further",
                                           "PROVISION found",
                                           "TOKEN kept",
                                           "TOKEN new"};
  Device device;
  device.Store(device.Sealed());
  const std::string stored(AsText(device.settings.contents(Provision::kName)));
  std::set<std::string_view> heard;
  std::mt19937 chance(1);
  std::optional<Boot> boot(device);
  for (int i = 0; i < kPieces; ++i) {
    const std::size_t word = chance() % (2 * std::size(kWords));
    const auto octet = static_cast<char>(chance());
    for (const char c : word < std::size(kWords) ? kWords[word] : std::string_view(&octet, 1)) {
      boot->application.Type(c);
    }
    boot->application.Step();
    device.clock.Advance(Millis{100});
    std::copy_if(std::begin(kAnswers), std::end(kAnswers), std::inserter(heard, heard.end()),
                 [&](std::string_view answer) { return device.console.Has(answer); });
    device.AssertSilent();
    device.console.text.clear();
    if (boot->board.resets > 0) {
      boot.emplace(device);
    }
  }
  assert_int_equal(heard.size(), std::size(kAnswers));
  assert_true(AsText(device.settings.contents(Provision::kName)) == stored);
  boot.emplace(device);
  boot->Settle();
  assert_true(device.console.Has("SAMPLE HTTP 200"));
}

}  // namespace
}  // namespace connect_auth::smartfusion2

int main() {
  using namespace connect_auth::smartfusion2;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(application_says_why_it_has_no_settings),
      cmocka_unit_test(application_says_what_is_wrong_with_its_settings),
      cmocka_unit_test(application_without_a_seed_that_is_stored_asks_nobody),
      cmocka_unit_test(application_gets_a_token_and_uses_it),
      cmocka_unit_test(application_keeps_token_and_session_while_power_is_off),
      cmocka_unit_test(application_sleeps_until_something_is_due),
      cmocka_unit_test(application_sleeps_while_a_token_is_asked_for),
      cmocka_unit_test(application_asks_nobody_without_a_network),
      cmocka_unit_test(application_says_that_a_token_was_not_stored),
      cmocka_unit_test(application_tells_failures_apart),
      cmocka_unit_test(application_tells_a_small_arena_from_a_bad_certificate),
      cmocka_unit_test(application_tells_what_is_missing_on_the_way_to_the_server),
      cmocka_unit_test(application_leaves_refused_credentials_alone_until_somebody_says_so),
      cmocka_unit_test(application_wants_a_new_code_when_its_own_is_spent),
      cmocka_unit_test(application_lists_its_commands),
      cmocka_unit_test(application_does_without_settings_what_can_be_done),
      cmocka_unit_test(application_renews_and_requests_when_told),
      cmocka_unit_test(application_says_why_a_sample_failed),
      cmocka_unit_test(application_forgets_when_told_and_wipes_at_once),
      cmocka_unit_test(application_takes_settings_from_the_console),
      cmocka_unit_test(application_replaces_no_settings_by_such_as_it_cannot_use),
      cmocka_unit_test(application_starts_again_when_a_provision_does_not_go_on),
      cmocka_unit_test(application_does_not_keep_secrets_that_it_cannot_use),
      cmocka_unit_test(application_is_not_stopped_by_lines_that_are_no_settings),
      cmocka_unit_test(application_survives_whatever_is_typed),
  };
  return cmocka_run_group_tests_name("smartfusion2/application", tests, nullptr, nullptr);
}
