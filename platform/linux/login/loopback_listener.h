// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "platform/linux/login/browser_request.h"
#include "platform/linux/login/expected_answer.h"
#include "platform/linux/login/redirect_uri.h"
#include "platform/linux/problem.h"
#include "platform/posix/descriptor.h"

namespace connect_auth::program {

/// The redirection endpoint of a login on this machine (RFC 8252 section 7.3): an HTTP server that
/// answers every browser with a short page, and knows one path.
///
/// Nobody can hold it up: each connection is read when there is something to read, and the oldest
/// has to go when there are too many.
class LoopbackListener {
 public:
  static constexpr std::size_t kMostConnections = 16;  // Browsers open some in advance.

  LoopbackListener() = default;
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  /// Listens on the loopback interface only.
  ///
  /// @param uri  `IsLoopback()`. Borrowed for the life of this object.
  /// @return  A problem (kOther): the port cannot be had. Whoever has it would get the code.
  Problem Open(const RedirectUri& uri);

  bool is_open() const { return !sockets_.empty(); }

  /// Adds what it waits for.
  void AddTo(std::vector<pollfd>& wanted) const;

  /// Does all that can be done without waiting, until the answer is there.
  void Serve(ExpectedAnswer& answer);

 private:
  struct Connection {
    explicit Connection(int number) : socket(number) {}

    posix::Descriptor socket;
    RequestHead head;
  };

  void Accept(int listening);
  bool Advance(Connection& connection, ExpectedAnswer& answer) const;
  void Answer(const Connection& connection, ExpectedAnswer& answer) const;

  RedirectUri uri_;
  std::list<posix::Descriptor> sockets_;
  std::list<Connection> connections_;  // the oldest first
};

}  // namespace connect_auth::program
