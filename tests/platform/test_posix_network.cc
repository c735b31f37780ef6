// SPDX-License-Identifier: Apache-2.0
//
// What SocketConnection promises beyond the contract of its port.

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "platform/posix/boot_clock.h"
#include "platform/posix/socket_connection.h"
#include "tests/cmocka.h"
#include "tests/platform/loopback_peer.h"
#include "tests/platform/scratch_directory.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using contract::Peer;
using posix::AddressList;
using posix::SocketAddress;
using posix::SocketConnection;
using test::CountDescriptors;
using test::LoopbackPeer;

// QEMU's user-mode emulator hands on what SO_ERROR reads on the host. MIPS has numbers of its own.
#ifdef __mips__
constexpr int kRefused = 111;
#else
constexpr int kRefused = ECONNREFUSED;
#endif

SocketAddress V4(std::uint32_t number) {
  SocketAddress address{};
  address.v4.sin_family = AF_INET;
  address.v4.sin_addr.s_addr = htonl(number);
  return address;
}

SocketAddress V6Loopback() {
  SocketAddress address{};
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_addr = in6addr_loopback;
  return address;
}

void SleepFor(long milliseconds) {
  const timespec span{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  ::nanosleep(&span, nullptr);
}

// A look-up is a plain function, called from a thread of its own: what it counts is shared.
std::atomic<int> look_ups{0};
std::atomic<int> unblocked_signals{0};

/// "dual": ::1, then 127.0.0.1. "triple": the same with 127.0.0.2 in between. "many": 127.0.0.1 to
/// .8. "slow": 127.0.0.1 after 300 ms. "broken": a failure of the system. Else: unknown.
int LookUp(const char* host, AddressList& into) {
  look_ups.fetch_add(1);
  if (std::strcmp(host, "dual") == 0) {
    into.items[into.count++] = V6Loopback();
    into.items[into.count++] = V4(INADDR_LOOPBACK);
    return 0;
  }
  if (std::strcmp(host, "triple") == 0) {
    into.items[into.count++] = V6Loopback();
    into.items[into.count++] = V4(INADDR_LOOPBACK + 1);
    into.items[into.count++] = V4(INADDR_LOOPBACK);
    return 0;
  }
  if (std::strcmp(host, "many") == 0) {
    for (std::uint32_t i = 0; i < AddressList::kCapacity; ++i) {
      into.items[into.count++] = V4(INADDR_LOOPBACK + i);
    }
    return 0;
  }
  if (std::strcmp(host, "slow") == 0) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    unblocked_signals.fetch_add(sigismember(&mask, SIGTERM) == 1 ? 0 : 1);
    SleepFor(300);
    into.items[into.count++] = V4(INADDR_LOOPBACK);
    return 0;
  }
  if (std::strcmp(host, "broken") == 0) {
    errno = ENFILE;
    return EAI_SYSTEM;
  }
  return EAI_NONAME;
}

struct Fixture {
  SocketConnection connection{LookUp};
  LoopbackPeer first;
  LoopbackPeer second;
  int descriptors = 0;
};

Fixture& FixtureOf(void** state) {
  return *static_cast<Fixture*>(*state);
}

int Begin(void** state) {
  FixtureOf(state).descriptors = CountDescriptors();
  return 0;
}

/// Every test also shows that it leaks no descriptor.
int End(void** state) {
  Fixture& fixture = FixtureOf(state);
  fixture.connection.Close();
  fixture.first.Stop();
  fixture.second.Stop();
  for (int i = 0; i < 100 && CountDescriptors() != fixture.descriptors; ++i) {
    SleepFor(10);  // An abandoned look-up holds its end of a pipe until it is done.
  }
  return CountDescriptors() == fixture.descriptors ? 0 : -1;
}

Status ConnectFully(SocketConnection& connection, std::string_view host, std::uint16_t port) {
  Status status = connection.Connect(host, port);
  for (int step = 0; status == Status::kPending && step < 100; ++step) {
    static_cast<void>(connection.Wait(Interest::kConnected, Millis{5000}));
    status = connection.Connect(host, port);
  }
  return status;
}

Millis Since(Instant before) {
  return posix::BootClock().Now() - before;
}
Instant Now() {
  return posix::BootClock().Now();
}

/// One port with `v6` behind ::1 and `v4` behind 127.0.0.1.
std::uint16_t StartDualOrSkip(Fixture& fixture, Peer v6, Peer v4) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (!fixture.first.Start(AF_INET6, v6)) {
      skip();
    }
    if (fixture.second.Start(AF_INET, v4, fixture.first.port())) {
      return fixture.first.port();
    }
  }
  fail();
  return 0;
}

void refused_ipv6_falls_back_to_ipv4_at_once(void** state) {
  Fixture& fixture = FixtureOf(state);
  const std::uint16_t port = StartDualOrSkip(fixture, Peer::kRefuses, Peer::kEcho);
  const Instant before = Now();

  assert_int_equal(ConnectFully(fixture.connection, "dual", port), Status::kOk);

  assert_true(Since(before) < SocketConnection::kAttemptDelay);
  assert_true(fixture.connection.peer() == "127.0.0.1");
  assert_int_equal(fixture.connection.last_error(), 0);
}

void silent_ipv6_falls_back_to_ipv4_after_the_attempt_delay(void** state) {
  Fixture& fixture = FixtureOf(state);
  const std::uint16_t port = StartDualOrSkip(fixture, Peer::kNeverAnswers, Peer::kEcho);
  const Instant before = Now();

  assert_int_equal(ConnectFully(fixture.connection, "dual", port), Status::kOk);

  assert_true(Since(before) >= Millis{240});
  assert_true(Since(before) < Millis{1500});
  assert_true(fixture.connection.peer() == "127.0.0.1");
}

void failed_attempt_starts_the_next_while_another_is_still_open(void** state) {
  Fixture& fixture = FixtureOf(state);
  const std::uint16_t port = StartDualOrSkip(fixture, Peer::kNeverAnswers, Peer::kEcho);
  const Instant before = Now();

  assert_int_equal(ConnectFully(fixture.connection, "triple", port), Status::kOk);

  assert_true(Since(before) < Millis{450});  // One delay, not two.
  assert_true(fixture.connection.peer() == "127.0.0.1");
}

void answering_ipv6_is_preferred_when_it_comes_first(void** state) {
  Fixture& fixture = FixtureOf(state);
  const std::uint16_t port = StartDualOrSkip(fixture, Peer::kEcho, Peer::kEcho);

  assert_int_equal(ConnectFully(fixture.connection, "dual", port), Status::kOk);

  assert_true(fixture.connection.peer() == "::1");
}

void attempt_stays_open_while_the_next_address_is_tried(void** state) {
  Fixture& fixture = FixtureOf(state);
  const std::uint16_t port = StartDualOrSkip(fixture, Peer::kNeverAnswers, Peer::kNeverAnswers);
  assert_int_equal(fixture.connection.Connect("dual", port), Status::kPending);
  for (const Instant before = Now(); Since(before) < Millis{400};) {
    static_cast<void>(fixture.connection.Wait(Interest::kConnected, Millis{50}));
    assert_int_equal(fixture.connection.Connect("dual", port), Status::kPending);
  }

  assert_int_equal(fixture.connection.wait_set(Interest::kConnected).count, 2);
}

void host_none_of_whose_addresses_answers_is_unavailable_with_the_last_error(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kRefuses));

  const Status status = ConnectFully(fixture.connection, "many", fixture.first.port());

  assert_int_equal(status, Status::kUnavailable);
  assert_int_equal(fixture.connection.last_error(), kRefused);
  assert_string_equal(fixture.connection.last_error_text(), std::strerror(kRefused));
  assert_true(fixture.connection.peer().empty());
}

void numeric_host_is_connected_to_without_a_look_up(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  const int before = look_ups.load();

  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);

  assert_int_equal(look_ups.load(), before);
}

void host_need_not_be_terminated(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  const std::string_view text = "127.0.0.123.example";

  const Status status = ConnectFully(fixture.connection, text.substr(0, 9), fixture.first.port());

  assert_int_equal(status, Status::kOk);
  assert_true(fixture.connection.peer() == "127.0.0.1");
}

void host_with_a_nul_inside_is_an_invalid_argument(void** state) {
  Fixture& fixture = FixtureOf(state);
  using std::string_view_literals::operator""sv;

  assert_int_equal(fixture.connection.Connect("127.0.0.1\0.example"sv, 443),
                   Status::kInvalidArgument);
}

void localhost_is_resolved_by_the_system(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  SocketConnection connection;

  const Status status = ConnectFully(connection, "localhost", fixture.first.port());
  const bool is_loopback = connection.peer() == "127.0.0.1";
  connection.Close();

  assert_int_equal(status, Status::kOk);
  assert_true(is_loopback);
}

void name_that_cannot_exist_is_refused_by_the_system(void**) {
  SocketConnection connection;

  const Status status = ConnectFully(connection, "no-such-host.invalid", 443);
  const int error = connection.last_error();
  const bool has_text = connection.last_error_text()[0] != '\0';
  connection.Close();

  // Without a name server the system cannot know that it does not exist.
  assert_true(status == Status::kNotFound || status == Status::kUnavailable);
  assert_true(error < 0);
  assert_true(has_text);
}

void name_that_does_not_exist_is_not_found_and_explained(void** state) {
  Fixture& fixture = FixtureOf(state);

  assert_int_equal(ConnectFully(fixture.connection, "unknown", 443), Status::kNotFound);

  assert_string_equal(fixture.connection.last_error_text(), ::gai_strerror(EAI_NONAME));
  fixture.connection.Close();
  assert_string_equal(fixture.connection.last_error_text(), ::gai_strerror(EAI_NONAME));
}

void system_error_of_the_look_up_is_reported_as_an_errno(void** state) {
  Fixture& fixture = FixtureOf(state);

  assert_int_equal(ConnectFully(fixture.connection, "broken", 443), Status::kUnavailable);

  assert_int_equal(fixture.connection.last_error(), ENFILE);
}

void look_up_abandoned_by_close_neither_blocks_nor_leaks(void** state) {
  Fixture& fixture = FixtureOf(state);
  const Instant before = Now();

  for (int i = 0; i < 3; ++i) {
    assert_int_equal(fixture.connection.Connect("slow", 443), Status::kPending);
    fixture.connection.Close();
  }

  assert_true(Since(before) < Millis{200});
  assert_int_equal(unblocked_signals.load(), 0);
}

void connection_can_be_used_while_an_abandoned_look_up_goes_on(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  assert_int_equal(fixture.connection.Connect("slow", 443), Status::kPending);
  fixture.connection.Close();

  assert_int_equal(ConnectFully(fixture.connection, "many", fixture.first.port()), Status::kOk);
}

void look_ups_that_hang_are_limited_in_number(void** state) {
  Fixture& fixture = FixtureOf(state);
  int started = 0;
  Status status = Status::kPending;

  while (status == Status::kPending && started < 20) {
    status = fixture.connection.Connect("slow", 443);
    started += status == Status::kPending ? 1 : 0;
    fixture.connection.Close();
  }

  assert_int_equal(status, Status::kUnavailable);
  assert_int_equal(fixture.connection.last_error(), EAGAIN);
  assert_int_equal(started, posix::Resolver::kMaxRunning);
  SleepFor(500);
  assert_int_equal(fixture.connection.Connect("slow", 443), Status::kPending);
}

void addresses_of_both_families_take_turns_in_their_order(void**) {
  // Ten IPv6 addresses, one IPv4 address, and one of a family of which nothing is known.
  std::array<SocketAddress, 12> addresses{};
  std::array<addrinfo, 12> found{};
  for (std::size_t i = 0; i < found.size(); ++i) {
    addresses[i] = i == 10 ? V4(0x7F000001) : V6Loopback();
    addresses[i].v6.sin6_scope_id = i == 10 ? 0 : static_cast<std::uint32_t>(i);
    found[i].ai_family = i == 10 ? AF_INET : i == 0 ? AF_UNIX : AF_INET6;
    found[i].ai_addr = &addresses[i].any;
    found[i].ai_next = i + 1 < found.size() ? &found[i + 1] : nullptr;
  }
  AddressList list;

  posix::TakeTurns(found.data(), list);

  assert_int_equal(list.count, AddressList::kCapacity);
  assert_int_equal(list.items[0].v6.sin6_scope_id, 1);
  assert_int_equal(list.items[1].any.sa_family, AF_INET);
  for (std::uint32_t i = 2; i < list.count; ++i) {
    assert_int_equal(list.items[i].v6.sin6_scope_id, i);
  }
}

void socket_has_no_nagle_delay_does_not_block_and_is_not_inherited(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);
  const int number = fixture.connection.wait_set(Interest::kWritable).descriptors[0].fd;

  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  assert_int_equal(::getsockopt(number, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);

  assert_int_not_equal(no_delay, 0);
  assert_int_not_equal(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
  assert_int_not_equal(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
}

void megabyte_passes_both_ways_through_full_buffers(void** state) {
  static constexpr std::size_t kTotal = 1'000'000;
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kEcho));
  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);
  static std::array<std::uint8_t, 65536> buffer;
  std::size_t sent = 0;
  std::size_t received = 0;

  while (received < kTotal) {
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      buffer[i] = contract::PeerByteAt(sent + i);
    }
    const std::size_t size = std::min(buffer.size(), kTotal - sent);
    if (size > 0) {
      const IoResult written = fixture.connection.Write(Bytes(buffer).first(size));
      assert_true(written.ok() || written.status() == Status::kPending);
      sent += written.ok() ? written.bytes() : 0;
    }
    const IoResult got = fixture.connection.Read(buffer);
    if (got.status() == Status::kPending) {
      assert_true(fixture.connection.Wait(Interest::kReadable, Millis{5000}));
      continue;
    }
    assert_int_equal(got.status(), Status::kOk);
    for (std::size_t i = 0; i < got.bytes(); ++i) {
      assert_int_equal(buffer[i], contract::PeerByteAt(received + i));
    }
    received += got.bytes();
  }
}

void write_to_a_reset_connection_raises_no_signal(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kResets));
  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);
  const int number = fixture.connection.wait_set(Interest::kWritable).descriptors[0].fd;
  const std::uint8_t byte = 0;
  assert_int_equal(fixture.connection.Write({&byte, 1}).status(), Status::kOk);
  assert_true(fixture.connection.Wait(Interest::kReadable, Millis{5000}));
  int reset = 0;  // Asking for the error takes it away: the next write is one to a closed pipe.
  socklen_t size = sizeof(reset);
  assert_int_equal(::getsockopt(number, SOL_SOCKET, SO_ERROR, &reset, &size), 0);
  assert_int_not_equal(reset, 0);

  const IoResult result = fixture.connection.Write({&byte, 1});  // SIGPIPE would end this program.

  assert_int_equal(result.status(), Status::kUnavailable);
  assert_int_equal(fixture.connection.last_error(), EPIPE);
}

void wait_for_nothing_takes_as_long_as_it_was_told(void** state) {
  Fixture& fixture = FixtureOf(state);
  const Instant before = Now();

  const bool met = fixture.connection.Wait(Interest::kNothing, Millis{50});

  assert_false(met);
  assert_true(Since(before) >= Millis{49});
}

void wait_that_can_never_be_met_returns_at_once(void** state) {
  Fixture& fixture = FixtureOf(state);
  const Instant before = Now();

  assert_true(fixture.connection.Wait(Interest::kReadable, Millis{5000}));
  assert_true(fixture.connection.Wait(Interest::kWritable, Millis{5000}));
  assert_true(fixture.connection.Wait(Interest::kConnected, Millis{5000}));

  assert_true(Since(before) < Millis{1000});
}

void wait_for_silence_ends_with_the_time(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kSilent));
  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);

  assert_false(fixture.connection.Wait(Interest::kReadable, Millis{20}));
  assert_false(fixture.connection.Wait(Interest::kReadable, Millis{-5}));
  assert_true(fixture.connection.Wait(Interest::kWritable, Instant::Never() - Instant{}));
}

/// Sends until there is no room.
void Fill(posix::SocketConnection& connection) {
  static constexpr std::array<std::uint8_t, 65536> kData{};
  for (int refusals = 0; refusals < 5;) {  // The kernel's buffers grow meanwhile.
    const IoResult sent = connection.Write(kData);
    refusals = sent.ok() ? 0 : refusals + 1;
    static_cast<void>(connection.Wait(Interest::kWritable, Millis{10}));
  }
}

void wait_for_either_is_met_by_room_and_by_an_answer_and_by_nothing_else(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_true(fixture.first.Start(AF_INET, Peer::kSilent));
  assert_true(fixture.second.Start(AF_INET, Peer::kSendsOnly));
  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.first.port()),
                   Status::kOk);
  assert_true(fixture.connection.Wait(Interest::kEither, Millis{5000}));
  Fill(fixture.connection);
  assert_false(fixture.connection.Wait(Interest::kEither, Millis{20}));
  fixture.connection.Close();

  assert_int_equal(ConnectFully(fixture.connection, "127.0.0.1", fixture.second.port()),
                   Status::kOk);
  Fill(fixture.connection);
  assert_false(fixture.connection.Wait(Interest::kWritable, Millis{20}));
  assert_true(fixture.connection.Wait(Interest::kEither, Millis{5000}));
  std::array<std::uint8_t, 16> answer{};
  assert_true(fixture.connection.Read(answer).ok());
}

void wait_is_cut_short_by_a_signal(void** state) {
  Fixture& fixture = FixtureOf(state);
  struct sigaction action {};
  struct sigaction before_action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, &before_action);
  const itimerval soon{{0, 0}, {0, 50'000}};
  const Instant before = Now();

  ::setitimer(ITIMER_REAL, &soon, nullptr);
  const bool met = fixture.connection.Wait(Interest::kNothing, Millis{5000});
  ::sigaction(SIGALRM, &before_action, nullptr);

  assert_false(met);
  assert_true(Since(before) < Millis{2000});
}

void wait_during_a_look_up_ends_with_its_answer(void** state) {
  Fixture& fixture = FixtureOf(state);
  assert_int_equal(fixture.connection.Connect("slow", 9), Status::kPending);
  assert_false(fixture.connection.Wait(Interest::kConnected, Millis{20}));

  assert_true(fixture.connection.Wait(Interest::kConnected, Millis{5000}));
}

}  // namespace

int main() {
  Fixture fixture;
  CMUnitTest tests[] = {
      cmocka_unit_test(refused_ipv6_falls_back_to_ipv4_at_once),
      cmocka_unit_test(silent_ipv6_falls_back_to_ipv4_after_the_attempt_delay),
      cmocka_unit_test(failed_attempt_starts_the_next_while_another_is_still_open),
      cmocka_unit_test(answering_ipv6_is_preferred_when_it_comes_first),
      cmocka_unit_test(attempt_stays_open_while_the_next_address_is_tried),
      cmocka_unit_test(host_none_of_whose_addresses_answers_is_unavailable_with_the_last_error),
      cmocka_unit_test(numeric_host_is_connected_to_without_a_look_up),
      cmocka_unit_test(host_need_not_be_terminated),
      cmocka_unit_test(host_with_a_nul_inside_is_an_invalid_argument),
      cmocka_unit_test(localhost_is_resolved_by_the_system),
      cmocka_unit_test(name_that_cannot_exist_is_refused_by_the_system),
      cmocka_unit_test(name_that_does_not_exist_is_not_found_and_explained),
      cmocka_unit_test(system_error_of_the_look_up_is_reported_as_an_errno),
      cmocka_unit_test(look_up_abandoned_by_close_neither_blocks_nor_leaks),
      cmocka_unit_test(connection_can_be_used_while_an_abandoned_look_up_goes_on),
      cmocka_unit_test(look_ups_that_hang_are_limited_in_number),
      cmocka_unit_test(addresses_of_both_families_take_turns_in_their_order),
      cmocka_unit_test(socket_has_no_nagle_delay_does_not_block_and_is_not_inherited),
      cmocka_unit_test(megabyte_passes_both_ways_through_full_buffers),
      cmocka_unit_test(write_to_a_reset_connection_raises_no_signal),
      cmocka_unit_test(wait_for_nothing_takes_as_long_as_it_was_told),
      cmocka_unit_test(wait_that_can_never_be_met_returns_at_once),
      cmocka_unit_test(wait_for_silence_ends_with_the_time),
      cmocka_unit_test(wait_for_either_is_met_by_room_and_by_an_answer_and_by_nothing_else),
      cmocka_unit_test(wait_is_cut_short_by_a_signal),
      cmocka_unit_test(wait_during_a_look_up_ends_with_its_answer),
  };
  for (CMUnitTest& test : tests) {
    test.setup_func = Begin;
    test.teardown_func = End;
    test.initial_state = &fixture;
  }
  return cmocka_run_group_tests_name("posix/network specifics", tests, nullptr, nullptr);
}
