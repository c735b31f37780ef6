// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/config.h"
#include "agent/http/extra_fields.h"
#include "agent/http/origin.h"
#include "agent/session/api_request.h"
#include "platform/linux/configuration.h"
#include "platform/linux/forward/client_request.h"
#include "platform/linux/forward/forward_counters.h"
#include "platform/linux/forward/own_answer.h"
#include "platform/linux/forward/response_head.h"
#include "platform/linux/forward/upload.h"
#include "platform/linux/login/browser_request.h"
#include "platform/linux/problem.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"
#include "platform/posix/boot_clock.h"
#include "port/clock.h"

namespace connect_auth::program {

/// Where a call gets its token.
struct TokenPlace {
  std::string socket;
  std::string identity;  ///< Of the service that is meant: its answer to `identity`.
};

/// One request of a program, made over TLS with a token of the service's. It has a process of its
/// own, so it may wait.
class Call {
 public:
  /// For the whole head of a request.
  static constexpr Millis kHeadPatience = Millis::Seconds(10);

  struct From {
    int socket = -1;       ///< Non-blocking.
    bool is_port = false;  ///< Which a browser can reach as well.
    unsigned user = 0;
  };

  /// @param configuration, place, counters  Borrowed for the life of this object.
  Call(const Configuration& configuration, const TokenPlace& place, const From& from,
       ForwardCounters& counters)
      : configuration_(configuration), place_(place), from_(from), counters_(counters) {}

  /// Serves it to its end.
  void Run();

 private:
  /// Nothing: the program has its answer, or is gone.
  using Outcome = std::optional<OwnAnswer>;

  Outcome Serve();
  Outcome ReceiveHead();
  Outcome Prepare();
  Outcome CheckBrowser() const;
  bool NamesThisMachine() const;
  Outcome TakeFields();
  Outcome Ask();
  Outcome AskOnce(ServiceLink& service, Session& session);
  Outcome TakeAnswer(Session& session);
  Outcome TakePiece(Session& session);
  Outcome BeginAnswer(Session& session);
  bool IsWorthReplaying(int status);
  void PassOn(ConstBytes content);
  void Complete();
  Outcome Fail(const Session& session, const Problem& problem);
  void Wait(const Session& session);
  void NoteEnd(short events);
  bool WaitForProgram(short events, Instant until) const;
  void Send(std::string_view text);
  void Report(const OwnAnswer& answer) const;
  std::string_view path() const;
  void Linger() const;

  const Configuration& configuration_;
  const TokenPlace& place_;
  From from_;
  ForwardCounters& counters_;
  posix::BootClock clock_;
  RequestHead head_;
  Origin origin_;
  ClientRequest request_;
  std::array<std::uint8_t, RequestHead::kMostBytes> field_room_;
  ExtraFields fields_{field_room_};
  std::optional<Upload> upload_;
  ApiRequest api_request_;
  std::array<std::uint8_t, config::kMaxHeadBytes> response_room_;
  std::optional<ResponseHead> response_;  // As far as it was passed on.
  bool is_read_ = false;                  // The head was, and is right.
  bool replays_ = false;                  // The answer is dropped, and the request made once more.
  bool replayed_ = false;
  bool has_ended_ = false;  // The program has nothing more to send; seen at a port only.
  bool is_gone_ = false;    // The program is.
};

}  // namespace connect_auth::program
