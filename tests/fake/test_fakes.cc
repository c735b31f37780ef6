// SPDX-License-Identifier: Apache-2.0
//
// What the fakes promise to the tests that use them, beyond the contracts of their ports.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_connection.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_flash.h"
#include "tests/fake/fake_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using fake::End;
using fake::FakeClock;
using fake::FakeConnection;
using fake::FakeEntropy;
using fake::FakeFlash;
using fake::FakeStorage;
using fake::Tear;

constexpr FlashGeometry kGeometry{4096, 2, 1, true};
using Medium = std::array<std::uint8_t, 8192>;

void connection_answers_pending_at_every_second_call(void**) {
  std::array<std::uint8_t, 8> sent{};
  std::array<std::uint8_t, 8> buffer{};
  FakeConnection connection(AsBytes("reply"), 2, End::kClosed, sent);

  assert_int_equal(connection.Connect("host", 1), Status::kPending);
  assert_int_equal(connection.Connect("host", 1), Status::kOk);
  for (int i = 0; i < 3; ++i) {
    assert_int_equal(connection.Write(buffer).status(), Status::kPending);
    assert_int_equal(connection.Write(buffer).bytes(), 2);
    assert_int_equal(connection.Read(buffer).status(), Status::kPending);
    assert_int_equal(connection.Read(buffer).bytes(), i < 2 ? 2 : 1);
  }
  assert_int_equal(connection.Read(buffer).status(), Status::kPending);
  assert_int_equal(connection.Read(buffer).status(), Status::kClosed);
}

void connection_remembers_what_was_done_to_it(void**) {
  std::array<std::uint8_t, 8> sent{};
  FakeConnection connection({}, 8, End::kOpen, sent);
  connection.Close();

  while (connection.Connect("host.example", 8443) == Status::kPending) {
  }
  while (!connection.Write(AsBytes("ab")).ok()) {
  }
  assert_true(connection.is_open());
  connection.Close();
  connection.Close();
  while (connection.Connect("other.example", 1) == Status::kPending) {
  }
  while (!connection.Write(AsBytes("c")).ok()) {
  }

  assert_true(AsText(connection.sent()) == "abc");
  assert_true(connection.host() == "other.example");
  assert_int_equal(connection.port(), 1);
  assert_int_equal(connection.connects(), 2);
  assert_int_equal(connection.closes(), 1);
}

/// Connects, writes and reads, ignoring failures. @return the first failure, or kOk.
Status Exercise(FakeConnection& connection) {
  std::array<std::uint8_t, 4> buffer{};
  Status status = connection.Connect("host", 1);
  for (int i = 0; i < 4 && status == Status::kPending; ++i) {
    status = connection.Connect("host", 1);
  }
  for (int i = 0; i < 2 && status == Status::kOk; ++i) {
    const Status wrote = connection.Write(buffer).status();
    status = wrote == Status::kPending ? Status::kOk : wrote;
  }
  for (int i = 0; i < 2 && status == Status::kOk; ++i) {
    const Status got = connection.Read(buffer).status();
    status = got == Status::kPending ? Status::kOk : got;
  }
  return status;
}

void connection_fails_at_the_call_it_was_told_and_stays_broken(void**) {
  for (std::uint32_t n = 1; n <= 6; ++n) {
    std::array<std::uint8_t, 16> sent{};
    std::array<std::uint8_t, 4> buffer{};
    FakeConnection connection(AsBytes("reply"), 4, End::kOpen, sent);
    connection.FailCall(n, Status::kTimeout);

    assert_int_equal(Exercise(connection), Status::kTimeout);
    assert_int_equal(connection.calls(), n);
    assert_int_equal(connection.Connect("host", 1), Status::kTimeout);
    assert_false(connection.Read(buffer).ok());

    connection.Close();
    assert_int_equal(Exercise(connection), Status::kOk);
  }
}

void connection_that_ends_broken_does_so_after_the_whole_reply(void**) {
  std::array<std::uint8_t, 4> buffer{};
  FakeConnection connection(AsBytes("abc"), 4, End::kBroken, {});
  while (connection.Connect("host", 1) == Status::kPending) {
  }

  static_cast<void>(connection.Read(buffer));
  assert_int_equal(connection.Read(buffer).bytes(), 3);
  static_cast<void>(connection.Read(buffer));
  assert_int_equal(connection.Read(buffer).status(), Status::kUnavailable);
  assert_int_equal(connection.Read(buffer).status(), Status::kUnavailable);
}

void connection_takes_another_reply_at_any_time(void**) {
  std::array<std::uint8_t, 16> buffer{};
  FakeConnection connection(AsBytes("a long reply"), 16, End::kClosed, {});
  while (connection.Connect("host", 1) == Status::kPending) {
  }
  while (!connection.Read(buffer).ok()) {
  }

  connection.SetReply(AsBytes("xy"), End::kOpen);

  static_cast<void>(connection.Read(buffer));
  assert_int_equal(connection.Read(buffer).bytes(), 2);
  assert_memory_equal(buffer.data(), "xy", 2);
}

void clock_reboots_without_knowing_the_time(void**) {
  FakeClock clock;
  clock.SetWallTime(UnixSeconds{1800000000});
  clock.Advance(Millis::Seconds(5));
  assert_true(clock.Now() == Instant{5000});
  assert_true(clock.WallTime().value() == UnixSeconds{1800000005});

  clock.Reboot(7);

  assert_true(clock.Now() == Instant{0});
  assert_int_equal(clock.WallTime().status(), Status::kUnavailable);
  assert_true(clock.boot_id() == 7);
}

void entropy_repeats_itself_from_the_same_seed(void**) {
  FakeEntropy first;
  FakeEntropy second;
  std::array<std::uint8_t, 16> a{};
  std::array<std::uint8_t, 16> b{};

  assert_int_equal(first.Fill(a), Status::kOk);
  assert_int_equal(second.Fill(b), Status::kOk);

  assert_memory_equal(a.data(), b.data(), a.size());
}

void entropy_fails_at_the_call_it_was_told(void**) {
  FakeEntropy entropy;
  std::array<std::uint8_t, 4> buffer{};
  entropy.FailCall(2);

  assert_int_equal(entropy.Fill(buffer), Status::kOk);
  assert_int_equal(entropy.Fill(buffer), Status::kUnavailable);
  assert_int_equal(entropy.Fill(buffer), Status::kOk);
  assert_int_equal(entropy.calls(), 3);
}

void storage_fails_at_the_call_it_was_told_and_counts(void**) {
  FakeStorage<16, 2> storage;
  std::array<std::uint8_t, 16> buffer{};
  storage.FailCall(2);

  assert_int_equal(storage.Store("a", AsBytes("old")), Status::kOk);
  assert_int_equal(storage.Store("a", AsBytes("new")), Status::kUnavailable);
  assert_int_equal(storage.Load("a", buffer).bytes(), 3);
  assert_memory_equal(buffer.data(), "old", 3);
  assert_int_equal(storage.Erase("a"), Status::kOk);
  assert_int_equal(storage.Idle(), Status::kOk);

  assert_int_equal(storage.calls(), 5);
  assert_int_equal(storage.stores(), 2);
  assert_int_equal(storage.loads(), 1);
  assert_int_equal(storage.erases(), 1);
  assert_int_equal(storage.idles(), 1);
}

void storage_with_no_room_is_unavailable(void**) {
  FakeStorage<4, 2> storage;

  assert_int_equal(storage.Store("a", AsBytes("12345")), Status::kUnavailable);
  assert_int_equal(storage.Store("a", AsBytes("1")), Status::kOk);
  assert_int_equal(storage.Store("b", AsBytes("2")), Status::kOk);
  assert_int_equal(storage.Store("c", AsBytes("3")), Status::kUnavailable);
}

void storage_lets_a_test_flip_bits(void**) {
  FakeStorage<4, 2> storage;
  std::array<std::uint8_t, 4> buffer{};
  assert_int_equal(storage.Store("a", AsBytes("1234")), Status::kOk);

  storage.contents("a")[1] ^= 0x80;

  assert_int_equal(storage.Load("a", buffer).bytes(), 4);
  assert_int_equal(buffer[1], '2' ^ 0x80);
  assert_true(storage.contents("b").empty());
}

constexpr std::array<std::uint8_t, 1024> kData{};

/// Half-way states of a program of 1024 zero bytes at address 0, cut in its first page, after power
/// comes back.
Medium TornProgram(Tear tear) {
  Medium medium;
  FakeFlash flash(medium, kGeometry);
  flash.Blank();
  flash.CutAt(1, tear);
  assert_int_equal(flash.Program(0, kData), Status::kUnavailable);
  assert_false(flash.is_powered());
  assert_int_equal(flash.Program(0, kData), Status::kUnavailable);
  flash.PowerOn();
  return medium;
}

std::size_t CountOf(ConstBytes bytes, std::uint8_t value) {
  return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), value));
}

void flash_torn_program_clears_any_subset_of_its_bits_and_no_other(void**) {
  for (const Tear tear : fake::kTears) {
    const Medium medium = TornProgram(tear);
    assert_int_equal(CountOf(ConstBytes(medium).subspan(256), 0xFF), medium.size() - 256);
  }
  assert_int_equal(CountOf(TornProgram(Tear::kNothing), 0xFF), 8192);
  assert_int_equal(CountOf(TornProgram(Tear::kHalf), 0), 128);
  assert_in_range(CountOf(TornProgram(Tear::kRagged), 0), 0, 256);
  assert_in_range(CountOf(TornProgram(Tear::kScattered), 0xFF), 8192 - 256, 8192 - 200);
  assert_in_range(CountOf(TornProgram(Tear::kScattered), 0), 0, 30);
  assert_int_equal(CountOf(TornProgram(Tear::kAlmost), 0), 255);
  assert_int_equal(CountOf(TornProgram(Tear::kEverything), 0), 256);
}

void flash_program_of_several_pages_is_cut_at_each(void**) {
  for (std::uint32_t page = 1; page <= 4; ++page) {
    Medium medium;
    FakeFlash flash(medium, kGeometry);
    flash.Blank();
    flash.CutAt(page, Tear::kNothing);

    assert_int_equal(flash.Program(0, kData), Status::kUnavailable);

    assert_int_equal(CountOf(medium, 0), (page - 1) * FakeFlash::kPageBytes);
  }
}

void flash_torn_erase_leaves_other_blocks_alone(void**) {
  for (const Tear tear : fake::kTears) {
    Medium medium{};
    FakeFlash flash(medium, kGeometry);
    flash.CutAt(1, tear);
    assert_int_equal(flash.Erase(0), Status::kUnavailable);

    assert_int_equal(CountOf(ConstBytes(medium).subspan(4096), 0), 4096);
    const std::size_t erased = CountOf(ConstBytes(medium).first(4096), 0xFF);
    switch (tear) {
      case Tear::kNothing:
      case Tear::kRagged:
        assert_int_equal(erased, 0);
        break;
      case Tear::kHalf:
        assert_int_equal(erased, 2048);
        break;
      case Tear::kScattered:
        assert_in_range(erased, 1, 100);
        break;
      case Tear::kAlmost:
        assert_in_range(erased, 4092, 4095);
        break;
      case Tear::kEverything:
        assert_int_equal(erased, 4096);
        break;
    }
  }
}

void flash_undecided_bits_read_differently_at_each_boot_until_programmed_or_erased(void**) {
  Medium medium;
  Medium undecided{};
  FakeFlash flash(medium, kGeometry, undecided);
  flash.Blank();
  flash.CutAt(1, Tear::kScattered);
  assert_int_equal(flash.Program(0, kData), Status::kUnavailable);

  flash.PowerOn();
  const Medium first_boot = medium;
  flash.PowerOn();
  assert_memory_not_equal(first_boot.data(), medium.data(), 256);
  assert_int_equal(CountOf(ConstBytes(medium).subspan(256), 0xFF), 8192 - 256);

  assert_int_equal(flash.Program(0, ConstBytes(kData).first(128)), Status::kOk);
  flash.PowerOn();
  assert_int_equal(CountOf(ConstBytes(medium).first(128), 0), 128);
  assert_int_equal(flash.Erase(0), Status::kOk);
  flash.PowerOn();
  assert_int_equal(CountOf(medium, 0xFF), 8192);
  assert_int_equal(flash.violations(), 0);
}

void flash_torn_unit_beside_an_ecc_cannot_be_read_until_it_is_erased(void**) {
  Medium medium;
  FakeFlash flash(medium, {4096, 2, 8, false});
  std::array<std::uint8_t, 8> found{};
  flash.Blank();
  flash.SetEccErrors(true);
  flash.CutAt(1, Tear::kAlmost);
  assert_int_equal(flash.Program(0, ConstBytes(kData).first(256)), Status::kUnavailable);
  flash.PowerOn();

  assert_int_equal(flash.Read(240, found), Status::kOk);
  assert_int_equal(flash.Read(248, found), Status::kUnavailable);
  assert_int_equal(flash.Read(256, found), Status::kOk);
  assert_int_equal(flash.Erase(0), Status::kOk);
  assert_int_equal(flash.Read(248, found), Status::kOk);
}

void flash_defects_stay(void**) {
  Medium medium;
  FakeFlash flash(medium, kGeometry);
  flash.Blank();
  flash.SetStuck(3, 0x10, 0);
  assert_int_equal(flash.Erase(0), Status::kOk);
  assert_int_equal(medium[3], 0xEF);
  flash.SetStuck(3, 0x10, 0xFF);
  assert_int_equal(flash.Program(0, kData), Status::kOk);
  assert_int_equal(medium[3], 0x10);
  flash.SetBad(1);
  assert_int_equal(flash.Erase(1), Status::kUnavailable);
  flash.SetReadOnly(true);
  assert_int_equal(flash.Erase(0), Status::kUnavailable);
  assert_int_equal(flash.Program(4096, kData), Status::kUnavailable);
}

void flash_counts_wear_and_work(void**) {
  Medium medium;
  FakeFlash flash(medium, kGeometry);
  std::array<std::uint8_t, 10> buffer{};
  flash.Blank();

  assert_int_equal(flash.Erase(1), Status::kOk);
  assert_int_equal(flash.Erase(1), Status::kOk);
  assert_int_equal(flash.Erase(0), Status::kOk);
  assert_int_equal(flash.Program(0, buffer), Status::kOk);
  assert_int_equal(flash.Read(0, buffer), Status::kOk);

  assert_int_equal(flash.erases(), 3);
  assert_int_equal(flash.erases(1), 2);
  assert_int_equal(flash.programs(), 1);
  assert_int_equal(flash.programmed_bytes(), 10);
  assert_int_equal(flash.changes(), 4);
  assert_int_equal(flash.pages(), 1);
  assert_int_equal(flash.reads(), 1);
  assert_int_equal(flash.read_bytes(), 10);
  assert_int_equal(flash.violations(), 0);
}

void flash_notices_who_breaks_the_promise_of_the_agent(void**) {
  Medium medium;
  FakeFlash plain(medium, kGeometry);
  FakeFlash with_ecc(medium, {4096, 2, 8, false});
  const std::array<std::uint8_t, 8> zeros{};
  std::array<std::uint8_t, 8> ones;
  ones.fill(0x01);
  plain.Blank();

  assert_int_equal(plain.Program(0, zeros), Status::kOk);
  assert_int_equal(plain.Program(0, ones), Status::kOk);
  assert_int_equal(plain.violations(), 1);
  assert_int_equal(CountOf(medium, 0), 8);
  assert_int_equal(with_ecc.Program(0, zeros), Status::kUnavailable);
  assert_int_equal(with_ecc.violations(), 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(connection_answers_pending_at_every_second_call),
      cmocka_unit_test(connection_remembers_what_was_done_to_it),
      cmocka_unit_test(connection_fails_at_the_call_it_was_told_and_stays_broken),
      cmocka_unit_test(connection_that_ends_broken_does_so_after_the_whole_reply),
      cmocka_unit_test(connection_takes_another_reply_at_any_time),
      cmocka_unit_test(clock_reboots_without_knowing_the_time),
      cmocka_unit_test(entropy_repeats_itself_from_the_same_seed),
      cmocka_unit_test(entropy_fails_at_the_call_it_was_told),
      cmocka_unit_test(storage_fails_at_the_call_it_was_told_and_counts),
      cmocka_unit_test(storage_with_no_room_is_unavailable),
      cmocka_unit_test(storage_lets_a_test_flip_bits),
      cmocka_unit_test(flash_torn_program_clears_any_subset_of_its_bits_and_no_other),
      cmocka_unit_test(flash_program_of_several_pages_is_cut_at_each),
      cmocka_unit_test(flash_torn_erase_leaves_other_blocks_alone),
      cmocka_unit_test(
          flash_undecided_bits_read_differently_at_each_boot_until_programmed_or_erased),
      cmocka_unit_test(flash_torn_unit_beside_an_ecc_cannot_be_read_until_it_is_erased),
      cmocka_unit_test(flash_defects_stay),
      cmocka_unit_test(flash_counts_wear_and_work),
      cmocka_unit_test(flash_notices_who_breaks_the_promise_of_the_agent),
  };
  return cmocka_run_group_tests_name("fake/specifics", tests, nullptr, nullptr);
}
