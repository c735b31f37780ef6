// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <signal.h>
#include <termios.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "platform/linux/secret_buffer.h"
#include "platform/posix/descriptor.h"

namespace connect_auth::program {

/// Lines on standard input that may hold a secret. A terminal does not show them while this object
/// lives; signals that would end the process wait until it shows what is typed again.
class PastedLine {
 public:
  static constexpr std::size_t kMostBytes = 8192;

  PastedLine();
  ~PastedLine();
  PastedLine(const PastedLine&) = delete;
  PastedLine& operator=(const PastedLine&) = delete;

  /// Whether there may be more. A terminal that belongs to another process group counts as ended:
  /// reading it would stop this process.
  bool is_open() const { return is_open_; }
  bool is_terminal() const { return is_terminal_; }

  /// Whether a signal waits.
  bool is_interrupted() const;

  /// Adds what it waits for: input, or a signal.
  void AddTo(std::vector<pollfd>& wanted) const;

  /// Takes what there is, without waiting. More than kMostBytes in a line ends the input.
  void Read();

  /// @return  The next line, without its end, which is valid until the next call of anything.
  std::optional<std::string_view> Next();

 private:
  SecretBuffer input_;
  std::size_t taken_ = 0;  // of the input
  bool is_open_ = true;
  bool is_terminal_ = false;
  termios shown_{};
  sigset_t mask_{};
  posix::Descriptor signals_;
};

}  // namespace connect_auth::program
