// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace connect_auth::test {

/// Carries what comes to a port of lwIP's loopback to a port of the system's, and back: lwIP can so
/// talk to peers that are made for the system's sockets. Ends of streams, resets and full buffers
/// are carried as well.
class Relay final {
 public:
  Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Begins to listen, in place of where it did before.
  ///
  /// @param to  The port of the system's loopback.
  /// @return The port of lwIP's loopback, another one each time.
  std::uint16_t Listen(std::uint16_t to);
  void StopListening();

 private:
  /// What flows in one direction.
  struct Flow {
    std::array<std::uint8_t, 4096> buffer;
    std::size_t size = 0;
    std::size_t sent = 0;
    bool ended = false;
    bool end_told = false;
  };
  struct Link {
    int inner;  // lwIP's
    int outer;  // the system's
    Flow out;
    Flow in;
  };

  void Run();
  bool AcceptOne();
  bool Carry(Link& link, bool& over);

  std::mutex mutex_;
  std::vector<Link> links_;
  int listener_ = -1;
  std::uint16_t port_ = 20000;
  std::uint16_t to_ = 0;
};

}  // namespace connect_auth::test
