// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/posix/resolver.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth::posix {

/// A TCP connection over BSD sockets.
///
///        Connect()              addresses              first to answer
///  kIdle ─────────► kResolving ───────────► kConnecting ───────────────► kConnected
///    ▲                  │ no such name           │ no address answered       │ reset, time-out
///    │                  └───────────► kFailed ◄──┘                           └────────► kBroken
///    └───────────────────────────── Close(), from every phase
///
/// A host with several addresses is connected to as RFC 8305 advises: IPv6 and IPv4 in turns,
/// another attempt every 250 ms or as soon as one fails, all of them open until the first answers.
///
/// kBroken is sticky: after a reset the kernel would report an orderly end of stream to whoever
/// reads once more, and a truncated reply would pass for a whole one.
class SocketConnection final : public Connection {
 public:
  /// Milliseconds a fresh attempt is given before the next address is tried beside it.
  static constexpr Millis kAttemptDelay{250};

  /// What to hand to poll(2) or epoll(7).
  struct WaitSet {
    std::array<pollfd, AddressList::kCapacity> descriptors{};
    std::size_t count = 0;
    Instant until = Instant::Never();  ///< On CLOCK_MONOTONIC: call again then, in any case.
  };

  /// @param look_up  Replaced only by tests and by programs with a resolver of their own. Called
  ///                 from a helper thread.
  constexpr explicit SocketConnection(LookUp look_up = SystemLookUp) : resolver_(look_up) {}
  SocketConnection(const SocketConnection&) = delete;
  SocketConnection& operator=(const SocketConnection&) = delete;
  ~SocketConnection() { Close(); }

  Status Connect(std::string_view host, std::uint16_t port) override;
  IoResult Write(ConstBytes data) override;
  IoResult Read(Bytes into) override;
  void Close() override;

  /// Blocks until it is worth calling again, for at most `at_most`.
  ///
  /// @return true   Call again: `interest` is met, the next address is due, or the connection is
  ///                in no state in which it could ever be met.
  /// @return false  The time passed, or a signal came.
  bool Wait(Interest interest, Millis at_most);

  /// The same for a program with a poll loop of its own.
  WaitSet wait_set(Interest interest) const;

  /// Why the last call failed: an errno, or an EAI_* code as a negative number. Kept across
  /// `Close()`; 0 once connected.
  int last_error() const { return error_; }

  /// The same in words. Valid until the next call into the C library's messages.
  const char* last_error_text() const;

  /// Numeric address of the connected peer, empty when not connected. Borrowed until `Close()`.
  std::string_view peer() const { return peer_.data(); }

 private:
  enum class Phase : std::uint8_t { kIdle, kResolving, kConnecting, kConnected, kFailed, kBroken };

  Status Start(std::string_view host, std::uint16_t port);
  Status Resolve();
  Status Resolved(Status status);
  Status Race();
  void CollectAnswers();
  void StartAttempt();
  void AttemptFailed(std::size_t index, int error);
  void Win(std::size_t index);
  void CloseSockets();
  Status Fail(Phase into, Status why, int error);
  IoResult NotConnected() const;

  Resolver resolver_;
  AddressList addresses_{};
  // One socket per address of the list, -1 where none is open; the winner moves to the front.
  std::array<int, AddressList::kCapacity> sockets_{-1, -1, -1, -1, -1, -1, -1, -1};
  std::array<char, INET6_ADDRSTRLEN> peer_{};
  Instant next_attempt_at_{};
  std::uint32_t tried_ = 0;
  std::uint32_t open_ = 0;
  int error_ = 0;
  std::uint16_t port_ = 0;
  Phase phase_ = Phase::kIdle;
  Status failure_ = Status::kOk;
};

}  // namespace connect_auth::posix
