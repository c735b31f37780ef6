// SPDX-License-Identifier: Apache-2.0
//
// What FileStorage promises beyond the contract of its port: modes, crashes, full disks, and
// several processes at a time.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "platform/posix/file_storage.h"
#include "tests/cmocka.h"
#include "tests/platform/scratch_directory.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using posix::FileStorage;
using test::CountDescriptors;
using test::CountEntries;
using test::ScratchDirectory;

constexpr std::size_t kRecordBytes = 3000;

using Record = std::array<std::uint8_t, kRecordBytes>;
using Path = std::array<char, 400>;

struct Fixture {
  ScratchDirectory scratch;
  int descriptors = 0;
};

Fixture& FixtureOf(void** state) {
  return *static_cast<Fixture*>(*state);
}

int Begin(void** state) {
  FixtureOf(state) = {};
  FixtureOf(state).descriptors = CountDescriptors();
  return 0;
}

int End(void** state) {
  FixtureOf(state).scratch.Remove();
  return CountDescriptors() == FixtureOf(state).descriptors ? 0 : -1;
}

Path PathTo(const Fixture& fixture, const char* below) {
  Path path{};
  std::snprintf(path.data(), path.size(), "%s/%s", fixture.scratch.path(), below);
  return path;
}

Record Filled(std::uint8_t value) {
  Record record;
  record.fill(value);
  return record;
}

/// @return the value of which the record is full; -1 when it is not whole.
int LoadedValue(FileStorage& storage) {
  static Record found;
  const IoResult loaded = storage.Load("token", found);
  if (!loaded.ok() || loaded.bytes() != found.size()) {
    return -1;
  }
  const bool whole =
      std::all_of(found.begin(), found.end(), [](std::uint8_t byte) { return byte == found[0]; });
  return whole ? found[0] : -1;
}

mode_t ModeOf(const Path& path) {
  struct stat about {};
  return ::lstat(path.data(), &about) == 0 ? about.st_mode & 07777 : 0;
}

void WriteFile(const Path& path, std::string_view text, mode_t mode) {
  const int file = ::open(path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  assert_true(file >= 0);
  assert_true(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(file);
}

/// Runs `child` in a process of its own. @return its exit code, or -1.
template <typename Child>
int ExitCodeOf(const Child& child) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(child());
  }
  int status = 0;
  const bool waited = pid > 0 && ::waitpid(pid, &status, 0) == pid;
  return waited && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int kCannot = 77;  // Exit code: this machine does not let the test prepare its scene.

void store_makes_file_0600_directory_0700_and_parents_0755(void** state) {
  const Fixture& fixture = FixtureOf(state);
  const Path directory = PathTo(fixture, "a/b//c/");
  FileStorage storage(directory.data());
  const mode_t mask = ::umask(022);

  const Status status = storage.Store("token", Filled(1));
  ::umask(mask);

  assert_int_equal(status, Status::kOk);
  assert_int_equal(ModeOf(PathTo(fixture, "a")), 0755);
  assert_int_equal(ModeOf(PathTo(fixture, "a/b")), 0755);
  assert_int_equal(ModeOf(PathTo(fixture, "a/b/c")), 0700);
  assert_int_equal(ModeOf(PathTo(fixture, "a/b/c/token")), 0600);
  assert_int_equal(CountEntries(directory.data()), 1);
}

void store_keeps_0600_and_0700_also_without_a_mask(void** state) {
  const Fixture& fixture = FixtureOf(state);
  const Path directory = PathTo(fixture, "state");
  FileStorage storage(directory.data());
  const mode_t mask = ::umask(0);

  const Status status = storage.Store("token", Filled(1));
  ::umask(mask);

  assert_int_equal(status, Status::kOk);
  assert_int_equal(ModeOf(directory), 0700);
  assert_int_equal(ModeOf(PathTo(fixture, "state/token")), 0600);
}

void store_replaces_a_file_that_others_could_read_by_one_they_cannot(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  WriteFile(PathTo(fixture, "token"), "old", 0644);

  assert_int_equal(storage.Store("token", Filled(1)), Status::kOk);

  assert_int_equal(ModeOf(PathTo(fixture, "token")), 0600);
}

void load_and_erase_without_a_directory_make_none(void** state) {
  const Fixture& fixture = FixtureOf(state);
  const Path directory = PathTo(fixture, "state");
  FileStorage storage(directory.data());
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(storage.Load("token", buffer).status(), Status::kNotFound);
  assert_int_equal(storage.Erase("token"), Status::kOk);

  assert_int_equal(CountEntries(fixture.scratch.path()), 0);
}

void relative_directory_is_made_in_the_working_directory(void** state) {
  const Fixture& fixture = FixtureOf(state);
  const int code = ExitCodeOf([&] {
    if (::chdir(fixture.scratch.path()) != 0) {
      return kCannot;
    }
    FileStorage storage("state/tokens");
    return storage.Store("token", Filled(1)) == Status::kOk ? 0 : 1;
  });

  assert_int_equal(code, 0);
  assert_int_equal(ModeOf(PathTo(fixture, "state/tokens")), 0700);
}

void directory_with_too_long_a_path_is_unavailable_and_explained(void** state) {
  const Fixture& fixture = FixtureOf(state);
  static std::array<char, 5000> path;
  path.fill('/');
  std::memcpy(path.data(), fixture.scratch.path(), std::strlen(fixture.scratch.path()));
  path[4998] = 'x';
  path[4999] = '\0';
  FileStorage storage(path.data());

  assert_int_equal(storage.Store("token", Filled(1)), Status::kUnavailable);

  assert_int_equal(storage.last_error(), ENAMETOOLONG);
}

void directory_that_is_a_file_is_unavailable_and_explained(void** state) {
  const Fixture& fixture = FixtureOf(state);
  const Path path = PathTo(fixture, "file");
  WriteFile(path, "", 0600);
  FileStorage storage(path.data());
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(storage.Load("token", buffer).status(), Status::kUnavailable);
  assert_int_equal(storage.Store("token", buffer), Status::kUnavailable);
  assert_int_equal(storage.Erase("token"), Status::kUnavailable);

  assert_int_equal(storage.last_error(), ENOTDIR);
}

void record_that_is_a_symbolic_link_is_neither_read_nor_written_through(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  const Path victim = PathTo(fixture, "victim");
  WriteFile(victim, "secret", 0600);
  assert_int_equal(::symlink(victim.data(), PathTo(fixture, "token").data()), 0);
  assert_int_equal(::symlink(victim.data(), PathTo(fixture, ".token.new").data()), 0);
  std::array<std::uint8_t, 16> buffer{};

  assert_int_equal(storage.Load("token", buffer).status(), Status::kUnavailable);
  assert_int_equal(storage.last_error(), ELOOP);
  assert_int_equal(storage.Store("token", Filled(1)), Status::kOk);

  assert_int_equal(LoadedValue(storage), 1);
  struct stat about {};
  assert_int_equal(::lstat(victim.data(), &about), 0);
  assert_int_equal(about.st_size, 6);
}

void record_that_is_a_fifo_or_a_directory_is_unavailable_at_once(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  assert_int_equal(::mkfifo(PathTo(fixture, "fifo").data(), 0600), 0);
  assert_int_equal(::mkdir(PathTo(fixture, "folder").data(), 0700), 0);
  std::array<std::uint8_t, 4> buffer{};

  assert_int_equal(storage.Load("fifo", buffer).status(), Status::kUnavailable);
  assert_int_equal(storage.Load("folder", buffer).status(), Status::kUnavailable);
}

void leftover_of_a_crash_is_gone_after_the_next_store_or_erase(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());

  WriteFile(PathTo(fixture, ".token.new"), "half", 0644);
  assert_int_equal(storage.Store("token", Filled(1)), Status::kOk);
  assert_int_equal(LoadedValue(storage), 1);
  assert_int_equal(CountEntries(fixture.scratch.path()), 1);

  WriteFile(PathTo(fixture, ".token.new"), "half", 0600);
  assert_int_equal(storage.Erase("token"), Status::kOk);
  assert_int_equal(CountEntries(fixture.scratch.path()), 0);
}

void store_beyond_the_file_size_limit_keeps_the_old_record_and_no_leftover(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  assert_int_equal(storage.Store("token", Filled(1)), Status::kOk);

  const int code = ExitCodeOf([&] {
    const rlimit limit{1000, 1000};
    ::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
      return kCannot;
    }
    const Status status = storage.Store("token", Filled(2));
    return status == Status::kUnavailable && storage.last_error() == EFBIG ? 0 : 1;
  });

  assert_int_equal(code, 0);
  assert_int_equal(LoadedValue(storage), 1);
  assert_int_equal(CountEntries(fixture.scratch.path()), 1);
}

/// In a mount name space of its own: a full disk that is gone with the process.
int StoreOnFullDisk(const char* directory) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", directory, "tmpfs", 0, "size=12k,nr_inodes=4") != 0) {
    return kCannot;
  }
  FileStorage storage(directory);
  static std::array<std::uint8_t, 4096> page;
  if (storage.Store("token", Filled(1)) != Status::kOk || storage.Store("a", page) != Status::kOk ||
      storage.Store("token", Filled(2)) != Status::kOk) {  // The third page is for the new file.
    return 1;
  }
  static std::array<std::uint8_t, 3 * 4096> large;
  if (storage.Store("token", large) != Status::kUnavailable || storage.last_error() != ENOSPC) {
    return 2;
  }
  if (LoadedValue(storage) != 2 || CountEntries(directory) != 2) {
    return 3;
  }
  // No inode is left for a third record and its directory entry.
  if (storage.Store("b", {}) != Status::kOk || storage.Store("c", {}) != Status::kUnavailable) {
    return 4;
  }
  return storage.Erase("a") == Status::kOk && storage.Store("c", {}) == Status::kOk ? 0 : 5;
}

void store_on_a_full_disk_keeps_the_old_record_and_no_leftover(void** state) {
  const Fixture& fixture = FixtureOf(state);

  const int code = ExitCodeOf([&] { return StoreOnFullDisk(fixture.scratch.path()); });

  if (code == kCannot) {
    skip();
  }
  assert_int_equal(code, 0);
}

int StoreOnReadOnlyDisk(const char* directory) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", directory, "tmpfs", 0, "size=64k") != 0) {
    return kCannot;
  }
  FileStorage storage(directory);
  if (storage.Store("token", Filled(1)) != Status::kOk ||
      ::mount("none", directory, "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
    return 1;
  }
  if (storage.Store("token", Filled(2)) != Status::kUnavailable || storage.last_error() != EROFS) {
    return 2;
  }
  if (storage.Erase("token") != Status::kUnavailable || storage.last_error() != EROFS) {
    return 3;
  }
  return LoadedValue(storage) == 1 ? 0 : 4;
}

void store_on_a_read_only_disk_keeps_the_old_record(void** state) {
  const Fixture& fixture = FixtureOf(state);

  const int code = ExitCodeOf([&] { return StoreOnReadOnlyDisk(fixture.scratch.path()); });

  if (code == kCannot) {
    skip();
  }
  assert_int_equal(code, 0);
}

/// Numbers of the system calls that a store makes, as the kernel saw them.
struct Trace {
  std::array<std::uint64_t, 64> calls{};
  std::size_t count = 0;
  bool ended = false;  ///< The child came to its end before it was killed.
};

/// Lets a child store and kills it when it is about to make its `n`-th system call, or has just
/// made it (stops are counted: entries are even, exits odd).
///
/// @return false when this machine does not allow tracing.
bool KillAtStop(const char* directory, int stop, Trace& trace) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
      ::_exit(kCannot);
    }
    ::raise(SIGSTOP);
    FileStorage storage(directory);
    const Status status = storage.Store("token", Filled(2));
    ::_exit(status == Status::kOk ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
    return false;
  }
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int i = 0; i <= stop; ++i) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
      trace.ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      return true;
    }
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && trace.count < trace.calls.size()) {
      trace.calls[trace.count++] = info.entry.nr;
    }
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return true;
}

void store_killed_at_any_system_call_leaves_the_old_or_the_new_record(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  bool seen_old = false;
  bool seen_new = false;

  for (int stop = 0;; ++stop) {
    assert_int_equal(storage.Store("token", Filled(1)), Status::kOk);
    Trace trace;
    if (!KillAtStop(fixture.scratch.path(), stop, trace)) {
      skip();
    }
    const int value = LoadedValue(storage);
    seen_old = seen_old || value == 1;
    seen_new = seen_new || value == 2;
    assert_true(value == 1 || value == 2);
    assert_false(seen_new && value == 1);  // Once made, the step to the new record is not undone.
    if (trace.ended) {
      break;
    }
    assert_in_range(stop, 0, 200);
  }

  assert_true(seen_old && seen_new);
  assert_int_equal(storage.Store("token", Filled(3)), Status::kOk);
  assert_int_equal(LoadedValue(storage), 3);
  assert_int_equal(CountEntries(fixture.scratch.path()), 1);
}

bool IsRename(std::uint64_t call) {
#ifdef SYS_renameat
  if (call == SYS_renameat) {
    return true;
  }
#endif
  return call == SYS_renameat2;
}

void store_syncs_the_file_before_the_rename_and_the_directory_after_it(void** state) {
  const Fixture& fixture = FixtureOf(state);
  Trace trace;
  if (!KillAtStop(fixture.scratch.path(), 1000, trace)) {
    skip();
  }
  assert_true(trace.ended);

  const auto end = trace.calls.begin() + static_cast<std::ptrdiff_t>(trace.count);
  const auto rename = std::find_if(trace.calls.begin(), end, IsRename);
  assert_true(rename != end);
  assert_int_equal(std::count(trace.calls.begin(), rename, std::uint64_t{SYS_fsync}), 1);
  assert_int_equal(std::count(rename, end, std::uint64_t{SYS_fsync}), 1);
}

/// Stores whole records of one value after another, many times.
int StoreRepeatedly(const char* directory, std::uint8_t value) {
  FileStorage storage(directory);
  for (int i = 0; i < 100; ++i) {
    if (storage.Store("token", Filled(value)) != Status::kOk) {
      return 1;
    }
  }
  return 0;
}

void stores_of_several_processes_never_mix(void** state) {
  const Fixture& fixture = FixtureOf(state);
  FileStorage storage(fixture.scratch.path());
  assert_int_equal(storage.Store("token", Filled(9)), Status::kOk);
  std::array<pid_t, 3> children{};
  for (std::size_t i = 0; i < children.size(); ++i) {
    children[i] = ::fork();
    if (children[i] == 0) {
      ::_exit(StoreRepeatedly(fixture.scratch.path(), static_cast<std::uint8_t>(i)));
    }
  }

  bool whole = true;
  bool succeeded = true;
  for (const pid_t child : children) {
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      whole = whole && LoadedValue(storage) >= 0;
    }
    succeeded = succeeded && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  assert_true(whole);
  assert_true(succeeded);
  assert_int_equal(CountEntries(fixture.scratch.path()), 1);
}

}  // namespace

int main() {
  Fixture fixture;
  fixture.scratch.Remove();
  CMUnitTest tests[] = {
      cmocka_unit_test(store_makes_file_0600_directory_0700_and_parents_0755),
      cmocka_unit_test(store_keeps_0600_and_0700_also_without_a_mask),
      cmocka_unit_test(store_replaces_a_file_that_others_could_read_by_one_they_cannot),
      cmocka_unit_test(load_and_erase_without_a_directory_make_none),
      cmocka_unit_test(relative_directory_is_made_in_the_working_directory),
      cmocka_unit_test(directory_with_too_long_a_path_is_unavailable_and_explained),
      cmocka_unit_test(directory_that_is_a_file_is_unavailable_and_explained),
      cmocka_unit_test(record_that_is_a_symbolic_link_is_neither_read_nor_written_through),
      cmocka_unit_test(record_that_is_a_fifo_or_a_directory_is_unavailable_at_once),
      cmocka_unit_test(leftover_of_a_crash_is_gone_after_the_next_store_or_erase),
      cmocka_unit_test(store_beyond_the_file_size_limit_keeps_the_old_record_and_no_leftover),
      cmocka_unit_test(store_on_a_full_disk_keeps_the_old_record_and_no_leftover),
      cmocka_unit_test(store_on_a_read_only_disk_keeps_the_old_record),
      cmocka_unit_test(store_killed_at_any_system_call_leaves_the_old_or_the_new_record),
      cmocka_unit_test(store_syncs_the_file_before_the_rename_and_the_directory_after_it),
      cmocka_unit_test(stores_of_several_processes_never_mix),
  };
  for (CMUnitTest& test : tests) {
    test.setup_func = Begin;
    test.teardown_func = End;
    test.initial_state = &fixture;
  }
  return cmocka_run_group_tests_name("posix/storage specifics", tests, nullptr, nullptr);
}
