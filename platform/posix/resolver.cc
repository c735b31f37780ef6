// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/resolver.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "port/assert.h"

namespace connect_auth::posix {
namespace {

// Measured with glibc 2.36: 16 KB for files and dns. The rest is for the other modules that
// nsswitch.conf may name, and for thread-local storage. Only pages that are touched cost memory.
constexpr std::size_t kStackBytes = std::size_t{128} * 1024;

constexpr std::size_t kMaxHostBytes = 253;

std::atomic<int> running{0};

/// What the helper thread says through the pipe.
struct Answer {
  std::int32_t error = 0;  // 0, errno, or -EAI_*.
  AddressList addresses;
};
static_assert(std::is_trivially_copyable_v<Answer>);
static_assert(sizeof(Answer) <= _POSIX_PIPE_BUF, "one write must be atomic");

/// What the helper thread owns.
struct Job {
  LookUp look_up;
  int pipe;
  std::array<char, kMaxHostBytes + 1> host;
};

constexpr bool IsTcpAddress(const addrinfo& entry) {
  return entry.ai_family == AF_INET || entry.ai_family == AF_INET6;
}

/// The first entry at or after `entry` that is (or is not) of `family`.
const addrinfo* Find(const addrinfo* entry, int family, bool same) {
  while (entry != nullptr && (!IsTcpAddress(*entry) || (entry->ai_family == family) != same)) {
    entry = entry->ai_next;
  }
  return entry;
}

void Append(const addrinfo& entry, AddressList& into) {
  SocketAddress& address = into.items[into.count++];
  if (entry.ai_family == AF_INET6) {
    std::memcpy(&address.v6, entry.ai_addr, sizeof(address.v6));
  } else {
    std::memcpy(&address.v4, entry.ai_addr, sizeof(address.v4));
  }
}

int GetAddresses(const char* host, int flags, AddressList& into) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host, nullptr, &hints, &found);
  if (code != 0) {
    return code;
  }
  TakeTurns(found, into);
  ::freeaddrinfo(found);
  return into.count > 0 ? 0 : EAI_NONAME;
}

/// One number for both worlds. EAI_* codes are negative here and positive there.
std::int32_t ErrorNumber(int code) {
  if (code == EAI_SYSTEM) {
    return errno;
  }
  return code < 0 ? code : -code;
}

bool MeansNoSuchName(int error) {
#ifdef EAI_NODATA
  if (error == ErrorNumber(EAI_NODATA)) {
    return true;
  }
#endif
  return error == ErrorNumber(EAI_NONAME);
}

Answer Ask(const Job& job) {
  Answer answer;
  const int code = job.look_up(job.host.data(), answer.addresses);
  answer.error = code == 0 ? 0 : ErrorNumber(code);
  return answer;
}

void* RunJob(void* argument) {
  Job* const job = static_cast<Job*>(argument);
  const Answer answer = Ask(*job);
  // Fails where the look-up was abandoned, and then nobody cares. SIGPIPE is blocked.
  [[maybe_unused]] const ssize_t written = ::write(job->pipe, &answer, sizeof(answer));
  ::close(job->pipe);
  std::free(job);
  running.fetch_sub(1);
  return nullptr;
}

/// Starts a detached thread that takes no signals: those are for the threads of the program.
/// @return 0 or an errno.
int StartThread(Job* job) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  int error = ::pthread_attr_init(&attributes);
  if (error == 0) {
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    ::pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_t thread{};
    error = ::pthread_create(&thread, &attributes, RunJob, job);
    ::pthread_attr_destroy(&attributes);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

/// @return 0, and then the thread owns `pipe`; or an errno.
int StartJob(std::string_view host, LookUp look_up, int pipe) {
  if (running.fetch_add(1) >= Resolver::kMaxRunning) {
    running.fetch_sub(1);
    return EAGAIN;
  }
  int error = ENOMEM;
  Job* const job = static_cast<Job*>(std::calloc(1, sizeof(Job)));
  if (job != nullptr) {
    job->look_up = look_up;
    job->pipe = pipe;
    std::memcpy(job->host.data(), host.data(), host.size());
    error = StartThread(job);
  }
  if (error != 0) {
    std::free(job);
    running.fetch_sub(1);
  }
  return error;
}

}  // namespace

int SystemLookUp(const char* host, AddressList& into) {
  return GetAddresses(host, 0, into);
}

void TakeTurns(const addrinfo* found, AddressList& into) {
  while (found != nullptr && !IsTcpAddress(*found)) {
    found = found->ai_next;
  }
  if (found == nullptr) {
    return;
  }
  const int family = found->ai_family;
  const addrinfo* next[2] = {found, Find(found, family, false)};
  for (int turn = 0; next[0] != nullptr || next[1] != nullptr; turn ^= 1) {
    if (next[turn] == nullptr) {
      continue;
    }
    if (into.count == AddressList::kCapacity) {
      return;
    }
    Append(*next[turn], into);
    next[turn] = Find(next[turn]->ai_next, family, turn == 0);
  }
}

Status Resolver::Start(std::string_view host, AddressList& into) {
  CONNECT_AUTH_ASSERT(pipe_ < 0 && host.size() <= kMaxHostBytes);
  into = {};
  std::array<char, kMaxHostBytes + 1> text{};
  std::memcpy(text.data(), host.data(), host.size());
  if (GetAddresses(text.data(), AI_NUMERICHOST, into) == 0) {
    return Status::kOk;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return Fail(errno);
  }
  const int error = StartJob(host, look_up_, ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return Fail(error);
  }
  pipe_ = ends[0];
  return Status::kPending;
}

Status Resolver::Poll(AddressList& into) {
  CONNECT_AUTH_ASSERT(pipe_ >= 0);
  Answer answer;
  const ssize_t got = ::read(pipe_, &answer, sizeof(answer));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return Status::kPending;
  }
  const int trouble = got < 0 ? errno : EIO;
  Abandon();
  if (got != static_cast<ssize_t>(sizeof(answer))) {
    return Fail(trouble);
  }
  if (answer.error != 0) {
    return Fail(answer.error);
  }
  into = answer.addresses;
  return Status::kOk;
}

void Resolver::Abandon() {
  if (pipe_ >= 0) {
    ::close(pipe_);
    pipe_ = -1;
  }
}

Status Resolver::Fail(int error) {
  error_ = error;
  return MeansNoSuchName(error) ? Status::kNotFound : Status::kUnavailable;
}

}  // namespace connect_auth::posix
