// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/forward_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <string>
#include <string_view>

#include "platform/linux/configuration.h"
#include "platform/linux/forward/forwarder.h"
#include "platform/linux/forward/inheritance.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr int kPatienceMs = 500;
constexpr char kReady = 0;  // Of a report: an exit code, and a sentence behind it.

Problem CannotStart(std::string_view why) {
  return {ExitCode::kOther, Join({"cannot start the forward proxy: ", why, "; try again"})};
}

/// Leaves nothing of the configuration in memory.
bool IsConfigured(const CommandLine& line) {
  GivenSettings given;
  // What is wrong with the configuration the service will tell.
  return ReadGivenSettings(line, given) && given.has(Setting::kForwardListen);
}

/// Into a pipe that takes it at once; where its reader has gone, nobody is left to be told.
void Write(int file, std::string_view text) {
  [[maybe_unused]] const ssize_t count = ::write(file, text.data(), text.size());
}

}  // namespace

ForwardProcess::~ForwardProcess() {
  Stop();
  if (counters_ != nullptr) {
    ::munmap(counters_, sizeof(*counters_));
  }
}

Problem ForwardProcess::Start(const CommandLine& line) {
  if (!IsConfigured(line)) {
    return {};
  }
  void* const shared = ::mmap(nullptr, sizeof(*counters_), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::array<int, 2> report{};
  if (shared == MAP_FAILED || ::pipe2(report.data(), O_CLOEXEC) != 0) {
    return CannotStart(ErrorText(errno));
  }
  counters_ = new (shared) ForwardCounters;
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    Serve(line, report[1], parent);
  }
  const int error = errno;
  ::close(report[1]);
  Problem problem = process_ < 0 ? CannotStart(ErrorText(error)) : TakeReport(report[0]);
  ::close(report[0]);
  return problem;
}

/// What goes on in the other process.
void ForwardProcess::Serve(const CommandLine& line, int report, pid_t parent) {
  CloseAllBut(report);
  {
    Forwarder forwarder(line, *counters_);
    const Problem problem = forwarder.Start();
    EndWithParent(SIGTERM, parent);  // Whoever changes his user starts anew with that.
    Write(report, std::string(1, static_cast<char>(problem.code)) + problem.sentence);
    ::close(report);
    if (!problem.exists()) {
      counters_->runs = true;
      forwarder.Run();
    }
  }
  ::_exit(0);
}

Problem ForwardProcess::TakeReport(int report) {
  std::string text;
  std::array<char, 1024> piece;
  ssize_t count = 0;
  while ((count = ::read(report, piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  if (text.empty()) {
    return CannotStart("its process ended");
  }
  return text[0] == kReady ? Problem() : Problem{static_cast<ExitCode>(text[0]), text.substr(1)};
}

void ForwardProcess::Reload() const {
  if (process_ > 0) {
    ::kill(process_, SIGHUP);
  }
}

void ForwardProcess::Look() {
  if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) == process_) {
    process_ = -1;
    counters_->runs = false;
    Report(Severity::kError, "forward_ended",
           {{"reason", "the process of the forward proxy was ended; restart the service"}});
  }
}

void ForwardProcess::Stop() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    bool has_ended = false;
    for (int i = 0; i < kPatienceMs && !has_ended; ++i) {
      ::poll(nullptr, 0, 1);
      has_ended = ::waitpid(process_, nullptr, WNOHANG) != 0;
    }
    if (!has_ended) {  // It may wait for the user database.
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    process_ = -1;
  }
}

}  // namespace connect_auth::program
