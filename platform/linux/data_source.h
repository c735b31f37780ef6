// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "agent/http/body_source.h"
#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// What is to be sent with a request: a file, or what comes through a pipe. The first octets are
/// held in memory, the others pass.
///
/// The size is known, and everything can be sent twice, if the data comes from a regular file or is
/// not longer than what is held.
class DataSource final : public BodySource {
 public:
  static constexpr std::size_t kHeldBytes = 65536;

  DataSource() = default;
  ~DataSource();
  DataSource(const DataSource&) = delete;
  DataSource& operator=(const DataSource&) = delete;

  /// Opens a file, and reads from its present position what is to be held. To be called once.
  ///
  /// @param path  "-": standard input.
  /// @return 0, or an errno
  int Open(const std::string& path);

  std::size_t size() const override { return size_; }
  /// Blocks while nothing comes through the pipe.
  IoResult Read(Bytes into) override;
  bool Rewind() override;

 private:
  int Hold();
  void Measure();

  SecretBuffer held_;
  int file_ = -1;
  off_t start_ = 0;  // of a regular file, where the octets behind the held ones begin
  std::size_t size_ = 0;
  std::size_t at_ = 0;  // of the held octets, how many were handed out
  bool is_regular_ = false;
  bool has_passed_ = false;  // Octets that are not held were handed out.
};

}  // namespace connect_auth::program
