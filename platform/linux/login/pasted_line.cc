// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/pasted_line.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "port/bytes.h"

namespace connect_auth::program {
namespace {

sigset_t EndingSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    ::sigaddset(&signals, number);
  }
  return signals;
}

bool IsReadable(int file) {
  pollfd wanted{file, POLLIN, 0};
  return ::poll(&wanted, 1, 0) > 0;
}

}  // namespace

PastedLine::PastedLine()
    : signals_([] {
        const sigset_t signals = EndingSignals();
        return ::signalfd(-1, &signals, SFD_CLOEXEC);
      }()) {
  const sigset_t signals = EndingSignals();
  static_cast<void>(::sigprocmask(SIG_BLOCK, &signals, &mask_));
  if (::tcgetattr(STDIN_FILENO, &shown_) != 0) {
    return;
  }
  is_open_ = ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  is_terminal_ = is_open_;
  if (is_terminal_) {
    termios hidden = shown_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    static_cast<void>(::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden));
  }
}

PastedLine::~PastedLine() {
  if (is_terminal_) {
    static_cast<void>(::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_));
  }
  static_cast<void>(::sigprocmask(SIG_SETMASK, &mask_, nullptr));
}

bool PastedLine::is_interrupted() const {
  return IsReadable(signals_.get());
}

void PastedLine::AddTo(std::vector<pollfd>& wanted) const {
  wanted.push_back({signals_.get(), POLLIN, 0});
  if (is_open_) {
    wanted.push_back({STDIN_FILENO, POLLIN, 0});
  }
}

void PastedLine::Read() {
  if (!is_open_ || !IsReadable(STDIN_FILENO)) {
    return;
  }
  is_open_ = input_.Reserve(kMostBytes) && !input_.room().empty();
  if (!is_open_) {
    taken_ = 0;
    return input_.Clear();
  }
  const ssize_t got = ::read(STDIN_FILENO, input_.room().data(), input_.room().size());
  if (got > 0) {
    input_.Fill(static_cast<std::size_t>(got));
  } else {
    is_open_ = got < 0 && (errno == EINTR || errno == EAGAIN);
  }
}

std::optional<std::string_view> PastedLine::Next() {
  const std::size_t left = input_.size() - taken_;
  CopyBytes(input_.bytes().subspan(taken_), input_.bytes());
  input_.Shorten(left);
  taken_ = 0;
  const std::string_view text = AsText(input_.bytes());
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos && (is_open_ || text.empty())) {
    return {};
  }
  taken_ = end == std::string_view::npos ? text.size() : end + 1;
  return text.substr(0, end);
}

}  // namespace connect_auth::program
