// SPDX-License-Identifier: Apache-2.0
//
// What the smaller parts of platform/posix promise beyond their contracts.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "platform/posix/boot_clock.h"
#include "platform/posix/file_flash.h"
#include "platform/posix/log.h"
#include "platform/posix/system_entropy.h"
#include "port/log.h"
#include "tests/cmocka.h"
#include "tests/platform/scratch_directory.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using test::ScratchDirectory;

void clock_before_2024_was_never_set(void**) {
  assert_int_equal(posix::IfPlausible(UnixSeconds{0}).status(), Status::kUnavailable);
  assert_int_equal(posix::IfPlausible(UnixSeconds{-1}).status(), Status::kUnavailable);
  assert_int_equal(posix::IfPlausible(UnixSeconds{1704067199}).status(), Status::kUnavailable);
  assert_true(posix::IfPlausible(UnixSeconds{1704067200}).value().count == 1704067200);
  assert_true(posix::IfPlausible(UnixSeconds{4102444800}).value().count == 4102444800);
}

void boot_id_is_the_first_half_of_the_uuid(void**) {
  assert_true(posix::FirstBitsOfUuid("f81d4fae-7DEC-11d0-a765-00a0c91e6bf6\n") ==
              0xF81D4FAE7DEC11D0);
}

void boot_id_of_too_short_a_text_is_not_known(void**) {
  assert_true(posix::FirstBitsOfUuid("") == 0);
  assert_true(posix::FirstBitsOfUuid("f81d4fae-7dec-11d") == 0);
}

/// Interrupted at every other call, and never more than five bytes at a time.
ssize_t ReluctantSource(void* into, std::size_t size, unsigned int) {
  static bool interrupt = false;
  interrupt = !interrupt;
  if (interrupt) {
    errno = EINTR;
    return -1;
  }
  const std::size_t got = std::min<std::size_t>(size, 5);
  std::fill_n(static_cast<std::uint8_t*>(into), got, std::uint8_t{0xA5});
  return static_cast<ssize_t>(got);
}

void entropy_in_short_and_interrupted_reads_is_gathered_whole(void**) {
  posix::SystemEntropy entropy(ReluctantSource);
  std::array<std::uint8_t, 64> buffer{};

  assert_int_equal(entropy.Fill(buffer), Status::kOk);

  assert_true(
      std::all_of(buffer.begin(), buffer.end(), [](std::uint8_t byte) { return byte == 0xA5; }));
}

void entropy_is_never_waited_for(void**) {
  posix::SystemEntropy entropy([](void*, std::size_t, unsigned int flags) -> ssize_t {
    errno = (flags & GRND_NONBLOCK) != 0 ? EAGAIN : EINVAL;
    return -1;
  });
  std::array<std::uint8_t, 16> buffer{};

  assert_int_equal(entropy.Fill(buffer), Status::kUnavailable);
}

void entropy_of_no_bytes_at_all_is_no_endless_loop(void**) {
  posix::SystemEntropy entropy([](void*, std::size_t, unsigned int) -> ssize_t { return 0; });
  std::array<std::uint8_t, 16> buffer{};

  assert_int_equal(entropy.Fill(buffer), Status::kUnavailable);
}

struct FlashFile {
  ScratchDirectory scratch;
  std::array<char, 300> path{};
};

FlashFile NewFlashFile() {
  FlashFile file;
  std::snprintf(file.path.data(), file.path.size(), "%s/flash", file.scratch.path());
  return file;
}

constexpr FlashGeometry kSmall{4096, 2, 1, true};

void flash_file_is_made_blank_and_as_large_as_the_area(void**) {
  const FlashFile file = NewFlashFile();
  posix::FileFlash flash(file.path.data(), kSmall);
  std::array<std::uint8_t, 8192> found{};

  const Status status = flash.Read(0, found);
  struct stat about {};
  ::stat(file.path.data(), &about);
  file.scratch.Remove();

  assert_int_equal(status, Status::kOk);
  assert_int_equal(about.st_size, 8192);
  assert_int_equal(about.st_mode & 07777, 0600);
  assert_true(
      std::all_of(found.begin(), found.end(), [](std::uint8_t byte) { return byte == 0xFF; }));
}

void flash_file_too_short_is_lengthened_and_keeps_its_contents(void**) {
  const FlashFile file = NewFlashFile();
  const int short_file = ::open(file.path.data(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const bool written = ::write(short_file, "abc", 3) == 3;
  ::close(short_file);
  posix::FileFlash flash(file.path.data(), kSmall);
  std::array<std::uint8_t, 4> found{};

  const Status status = flash.Read(0, found);
  file.scratch.Remove();

  assert_true(written);
  assert_int_equal(status, Status::kOk);
  assert_memory_equal(found.data(), "abc\xFF", 4);
}

void flash_file_bits_are_never_programmed_from_0_to_1(void**) {
  const FlashFile file = NewFlashFile();
  posix::FileFlash flash(file.path.data(), kSmall);
  const std::uint8_t first = 0x0F;
  const std::uint8_t second = 0x3C;
  std::uint8_t found = 0;

  const bool fine = flash.Program(5, {&first, 1}) == Status::kOk &&
                    flash.Program(5, {&second, 1}) == Status::kOk &&
                    flash.Read(5, {&found, 1}) == Status::kOk;
  file.scratch.Remove();

  assert_true(fine);
  assert_int_equal(found, 0x0C);
}

void flash_file_with_ecc_refuses_to_program_a_unit_twice(void**) {
  const FlashFile file = NewFlashFile();
  posix::FileFlash flash(file.path.data(), {4096, 2, 8, false});
  const std::array<std::uint8_t, 8> unit{};

  const Status once = flash.Program(8, unit);
  const Status twice = flash.Program(8, unit);
  const int error = flash.last_error();
  file.scratch.Remove();

  assert_int_equal(once, Status::kOk);
  assert_int_equal(twice, Status::kUnavailable);
  assert_int_equal(error, EIO);
}

/// Standard error, redirected into a socket that keeps the border of each write.
class CapturedError {
 public:
  CapturedError() {
    int ends[2] = {-1, -1};
    static_cast<void>(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends));
    reader_ = ends[0];
    saved_ = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }

  void Restore() {
    posix::SetLogLevel(0);
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }

  /// What the next write wrote; empty when there was none.
  std::string_view Next() {
    const ssize_t size = ::recv(reader_, text_.data(), text_.size(), 0);
    return {text_.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  void Close() const { ::close(reader_); }

 private:
  int reader_ = -1;
  int saved_ = -1;
  std::array<char, 1000> text_{};
};

void log_is_silent_until_a_level_is_set(void**) {
  CapturedError captured;

  connect_auth_write_log(LogLevel::kError, "nobody hears this", 1);
  captured.Restore();

  assert_true(captured.Next().empty());
  captured.Close();
}

void log_lines_up_to_the_level_are_written_with_one_call_each(void**) {
  CapturedError captured;

  posix::SetLogLevel(2);
  connect_auth_write_log(LogLevel::kError, "token endpoint answered", 503);
  connect_auth_write_log(LogLevel::kWarning, "clock was never set", 0);
  connect_auth_write_log(LogLevel::kInfo, "too much detail", 1);
  posix::SetLogLevel(4);
  connect_auth_write_log(LogLevel::kInfo, "negative", -9223372036854775807 - 1);
  connect_auth_write_log(LogLevel::kDebug, "detail", 2);
  captured.Restore();

  assert_true(captured.Next() == "connect-auth: error: token endpoint answered: 503\n");
  assert_true(captured.Next() == "connect-auth: warning: clock was never set\n");
  assert_true(captured.Next() == "connect-auth: info: negative: -9223372036854775808\n");
  assert_true(captured.Next() == "connect-auth: debug: detail: 2\n");
  assert_true(captured.Next().empty());
  captured.Close();
}

void log_line_too_long_is_cut_and_still_ends(void**) {
  std::array<char, 600> message;
  message.fill('x');
  message.back() = '\0';
  CapturedError captured;

  posix::SetLogLevel(1);
  connect_auth_write_log(LogLevel::kError, message.data(), 1);
  captured.Restore();

  const std::string_view line = captured.Next();
  assert_int_equal(line.size(), 255);
  assert_int_equal(line.back(), '\n');
  captured.Close();
}

void log_leaves_errno_alone(void**) {
  CapturedError captured;
  posix::SetLogLevel(1);
  captured.Close();  // The write now fails.

  errno = EXDEV;
  connect_auth_write_log(LogLevel::kError, "into the void", 1);
  const int after = errno;
  captured.Restore();

  assert_int_equal(after, EXDEV);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(clock_before_2024_was_never_set),
      cmocka_unit_test(boot_id_is_the_first_half_of_the_uuid),
      cmocka_unit_test(boot_id_of_too_short_a_text_is_not_known),
      cmocka_unit_test(entropy_in_short_and_interrupted_reads_is_gathered_whole),
      cmocka_unit_test(entropy_is_never_waited_for),
      cmocka_unit_test(entropy_of_no_bytes_at_all_is_no_endless_loop),
      cmocka_unit_test(flash_file_is_made_blank_and_as_large_as_the_area),
      cmocka_unit_test(flash_file_too_short_is_lengthened_and_keeps_its_contents),
      cmocka_unit_test(flash_file_bits_are_never_programmed_from_0_to_1),
      cmocka_unit_test(flash_file_with_ecc_refuses_to_program_a_unit_twice),
      cmocka_unit_test(log_is_silent_until_a_level_is_set),
      cmocka_unit_test(log_lines_up_to_the_level_are_written_with_one_call_each),
      cmocka_unit_test(log_line_too_long_is_cut_and_still_ends),
      cmocka_unit_test(log_leaves_errno_alone),
  };
  return cmocka_run_group_tests_name("posix/system specifics", tests, nullptr, nullptr);
}
