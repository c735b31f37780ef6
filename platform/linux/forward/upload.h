// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/http/body_source.h"
#include "platform/linux/secret_buffer.h"
#include "port/bytes.h"

namespace connect_auth::program {

/// The content of a program's request, handed on while it comes.
class Upload final : public BodySource {
 public:
  /// So much is kept, so that the request can be made once more with another token.
  static constexpr std::size_t kMostKept = 16384;

  /// @param socket  Non-blocking. Borrowed for the life of this object, as is the next.
  /// @param early   What came behind the head.
  /// @param size    Octets in all.
  /// @param expects_continue  The program sends them when it is told to (RFC 9110 10.1.1).
  Upload(int socket, ConstBytes early, std::size_t size, bool expects_continue)
      : socket_(socket),
        early_(early.first(early.size() < size ? early.size() : size)),
        size_(size),
        expects_continue_(expects_continue && early.empty()) {}

  std::size_t size() const override { return size_; }
  IoResult Read(Bytes into) override;
  bool Rewind() override;

  /// Whether it waits for the program.
  bool is_waiting() const { return is_waiting_; }
  /// Whether all of it has come.
  bool complete() const { return received_ == size_; }

 private:
  IoResult Receive(Bytes into);

  int socket_;
  ConstBytes early_;
  std::size_t size_;
  std::size_t received_ = 0;
  SecretBuffer kept_;
  std::size_t at_ = 0;  // of what was kept
  bool expects_continue_;
  bool is_waiting_ = false;
};

}  // namespace connect_auth::program
