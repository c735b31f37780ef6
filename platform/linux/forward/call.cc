// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/call.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "agent/http/ascii.h"
#include "platform/linux/forward/field_lines.h"
#include "platform/linux/forward/loopback_peer.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr int kUnauthorized = 401;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// Of a Host field, without brackets and port.
std::string_view HostOf(std::string_view field) {
  if (field.starts_with('[')) {
    return Part(field, 1, std::min(field.find(']'), field.size()) - 1);
  }
  return Part(field, 0, field.find(':'));
}

std::string HexLength(std::size_t count) {
  std::string digits;
  for (; count != 0; count /= 16) {
    digits.insert(digits.begin(), "0123456789abcdef"[count % 16]);
  }
  return digits;
}

}  // namespace

void Call::Run() {
  const Outcome answer = Serve();
  if (answer && !is_gone_) {
    counters_.failed += 1;
    Report(*answer);
    Send(ResponseOf(*answer));
  }
  Linger();
}

Call::Outcome Call::Serve() {
  Outcome answer = ReceiveHead();
  if (!answer && !is_gone_) {
    answer = Prepare();
  }
  return answer || is_gone_ ? answer : Ask();
}

Call::Outcome Call::ReceiveHead() {
  const Instant until = clock_.Now() + kHeadPatience;
  for (;;) {
    if (!WaitForProgram(POLLIN, until)) {
      is_gone_ = head_.text().empty();  // Who says nothing wants nothing.
      return OwnAnswer{408, "the request did not come in time"};
    }
    const Bytes room = head_.room();
    const ssize_t got = ::recv(from_.socket, room.data(), room.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      continue;
    }
    if (got <= 0) {
      is_gone_ = got < 0 || head_.text().empty();
      return OwnAnswer{400, "the request ended too early"};
    }
    switch (head_.Fill(static_cast<std::size_t>(got))) {
      case RequestHead::State::kComplete:
        return {};
      case RequestHead::State::kTooLong:
        return OwnAnswer{431, "the head of the request is longer than 16384 octets"};
      case RequestHead::State::kIncomplete:
        break;
    }
  }
}

Call::Outcome Call::Prepare() {
  const std::size_t size = head_.text().find(kHeadEnd) + kHeadEnd.size();
  static_cast<void>(ParseOrigin(configuration_.given().text(Setting::kServerUrl), origin_));
  const std::optional<Refusal> refusal =
      ParseClientRequest(Part(head_.text(), 0, size), origin_, request_);
  if (refusal) {
    return OwnAnswer{refusal->status, std::string(refusal->sentence)};
  }
  is_read_ = true;
  if (request_.content_length >= BodySource::kUnknownSize) {
    return OwnAnswer{413, "this machine cannot count so much content"};
  }
  const auto length = static_cast<std::size_t>(request_.content_length);
  if (length != 0) {
    upload_.emplace(from_.socket, AsBytes(Part(head_.text(), size)), length,
                    request_.expects_continue);
    api_request_.body_source = &*upload_;
  }
  api_request_.method = request_.method;
  api_request_.target = request_.target;
  api_request_.extra_fields = &fields_;
  api_request_.head_copy = response_room_;
  Outcome answer = CheckBrowser();
  return answer ? answer : TakeFields();
}

/// A page that somebody looks at must not make calls with the token (RFC 9110 section 17.9): not by
/// a form or script of its own, and not under a name that it has pointed at this machine.
Call::Outcome Call::CheckBrowser() const {
  if (!from_.is_port) {
    return {};
  }
  if (request_.from_browser) {
    return OwnAnswer{403, "calls of web pages are not forwarded"};
  }
  if (!NamesThisMachine()) {
    return OwnAnswer{421, "the Host field names another machine; call this one localhost"};
  }
  return {};
}

bool Call::NamesThisMachine() const {
  const std::string host(HostOf(request_.host));
  in_addr v4{};
  constexpr std::uint32_t kLoopbackNetwork = 127;
  return host.empty() || host == "::1" || EqualsIgnoringCase(host, "localhost") ||
         EqualsIgnoringCase(host, origin_.host) ||
         (::inet_pton(AF_INET, host.c_str(), &v4) == 1 &&
          ntohl(v4.s_addr) >> 24U == kLoopbackNetwork);
}

/// All that the program says to the server, but nothing about this connection or who it is.
Call::Outcome Call::TakeFields() {
  FieldLines lines(request_.fields);
  FieldLines::Line line;
  bool fits = true;
  while (lines.Next(line)) {
    if (!IsHopByHop(line.name, request_.fields)) {
      fits = fits && fields_.Add(line.name, line.value) != Status::kBufferTooSmall;
    }
  }
  const std::string_view via = request_.http_1_0 ? "1.0 connect-auth" : "1.1 connect-auth";
  fits = fits && fields_.Add("Via", via) == Status::kOk;
  return fits ? Outcome() : OwnAnswer{431, "the header fields take too much room"};
}

Call::Outcome Call::Ask() {
  ServiceLink service;
  Problem problem = service.Open(place_.socket, place_.identity);
  if (problem.exists()) {
    return OwnAnswer{503, problem.sentence};
  }
  Session session(configuration_);
  problem = session.OpenWithoutStore();
  if (problem.exists()) {
    return OwnAnswer{502, problem.sentence};
  }
  static_cast<void>(session.LockMemory());
  Outcome answer = AskOnce(service, session);
  if (replays_) {
    replays_ = false;
    replayed_ = true;
    answer = AskOnce(service, session);
  }
  return answer;
}

Call::Outcome Call::AskOnce(ServiceLink& service, Session& session) {
  ServiceLink::Token token;
  Problem problem = service.AskForToken("token", token);
  if (problem.exists()) {
    constexpr int kRetryAfter = 5;
    return OwnAnswer{503, problem.sentence,
                     problem.code == ExitCode::kUnreachable ? kRetryAfter : 0};
  }
  const std::uint32_t generation = token.generation;
  problem = session.Borrow(token.text, token.expires_in);
  if (problem.exists()) {
    return OwnAnswer{502, problem.sentence};
  }
  problem = session.BeginRequest(api_request_);
  if (problem.exists()) {
    return OwnAnswer{431, problem.sentence};
  }
  Outcome answer = TakeAnswer(session);
  if (session.agent().api_status() == kUnauthorized) {
    static_cast<void>(service.Ask(Join({"reject ", Decimal(generation)})));
  }
  return answer;
}

Call::Outcome Call::TakeAnswer(Session& session) {
  bool over = false;
  while (!over && !is_gone_) {
    const Problem problem = session.PollRequest(api_request_, over);
    Outcome answer = problem.exists() ? Fail(session, problem) : TakePiece(session);
    if (problem.exists() || answer) {
      return answer;
    }
    if (!over) {
      Wait(session);
    }
  }
  if (over && !replays_) {
    Complete();
  }
  return {};
}

Call::Outcome Call::TakePiece(Session& session) {
  const int status = session.agent().api_status();
  if (status != 0 && !response_ && !replays_) {
    replays_ = IsWorthReplaying(status);
    Outcome answer = replays_ ? Outcome() : BeginAnswer(session);
    if (answer) {
      return answer;
    }
  }
  PassOn(session.agent().TakeBody());
  return {};
}

bool Call::IsWorthReplaying(int status) {
  return status == kUnauthorized && !replayed_ && (!upload_ || upload_->Rewind());
}

Call::Outcome Call::BeginAnswer(Session& session) {
  response_ = ForwardedHead(AsText(session.agent().api_head()),
                            {request_.method == "HEAD", request_.http_1_0});
  if (!response_) {
    return OwnAnswer{502, "the head of the server's answer is longer than 16384 octets"};
  }
  Send(response_->text);
  return {};
}

void Call::PassOn(ConstBytes content) {
  if (content.empty() || !response_ || response_->framing == ResponseHead::Framing::kNone) {
    return;
  }
  const bool in_chunks = response_->framing == ResponseHead::Framing::kChunked;
  if (in_chunks) {
    Send(HexLength(content.size()) + "\r\n");
  }
  Send(AsText(content));
  if (in_chunks) {
    Send("\r\n");
  }
}

void Call::Complete() {
  if (response_->framing == ResponseHead::Framing::kChunked) {
    Send("0\r\n\r\n");
  }
  if (!is_gone_) {
    counters_.forwarded += 1;
    Note(Join({"forwarded ", request_.method, " ", path(), " of user ", Decimal(from_.user)}));
  }
}

/// An answer that has begun can only be broken off, so that the program misses its end.
Call::Outcome Call::Fail(const Session& session, const Problem& problem) {
  const Failure& failure = session.agent().last_failure();
  if (replays_) {
    return {};  // Its 401 is all that is wanted of that answer.
  }
  if (failure.reason == Reason::kBodySource) {
    return OwnAnswer{400, "the content of the request ended too early"};
  }
  const bool is_late = failure.status == Status::kTimeout;
  OwnAnswer answer{static_cast<std::uint16_t>(is_late ? 504 : 502), problem.sentence};
  if (is_late && upload_ && upload_->is_waiting()) {
    answer = {408, "the content of the request did not come in time"};
  }
  if (!response_) {
    return answer;
  }
  counters_.failed += 1;
  Report(answer);
  if (response_->framing == ResponseHead::Framing::kClose) {
    const linger reset{1, 0};
    ::setsockopt(from_.socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  is_gone_ = true;
  return {};
}

/// Until the server's connection is ready, or the program's, as far as that is of interest.
void Call::Wait(const Session& session) {
  const Wants wants = session.agent().wants();
  const auto set = session.route().wait_set(wants.interest);
  const bool is_due = set.count == 0 && wants.interest != Interest::kNothing;
  Millis span = wants.until - clock_.Now();
  if (is_due || span <= Millis{0}) {
    return;
  }
  if (set.until != Instant::Never()) {  // By another clock, and never far.
    span = std::min(span, posix::SocketConnection::kAttemptDelay);
  }
  std::array<pollfd, posix::AddressList::kCapacity + 1> wanted{};
  std::copy_n(set.descriptors.begin(), set.count, wanted.begin());
  pollfd& program = wanted[set.count];
  program = {from_.socket, 0, 0};
  if (upload_ && upload_->is_waiting()) {
    program.events = POLLIN;
  }
  if (from_.is_port && !has_ended_) {
    program.events |= POLLRDHUP;
  }
  const std::int64_t most = has_ended_ ? 1000 : 60'000;
  ::poll(wanted.data(), set.count + 1, static_cast<int>(std::min(span.count, most)));
  NoteEnd(program.revents);
}

/// A Unix socket tells when the program is gone. A port tells that it has nothing more to send, and
/// the kernel's table whether it has its end still open, to read the answer.
void Call::NoteEnd(short events) {
  has_ended_ = has_ended_ || (events & POLLRDHUP) != 0;
  is_gone_ = (events & (POLLHUP | POLLERR)) != 0 || (has_ended_ && !IsHeldByPeer(from_.socket));
}

bool Call::WaitForProgram(short events, Instant until) const {
  pollfd wanted{from_.socket, events, 0};
  for (;;) {
    const Millis span = std::max(until - clock_.Now(), Millis{0});
    const int ready = ::poll(&wanted, 1, static_cast<int>(span.count));
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

void Call::Send(std::string_view text) {
  const Instant until = clock_.Now() + configuration_.seconds(Setting::kLimitsTimeout);
  while (!text.empty() && !is_gone_) {
    const ssize_t count = ::send(from_.socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      is_gone_ = !WaitForProgram(POLLOUT, until);
    } else {
      is_gone_ = errno != EINTR;
    }
  }
}

void Call::Report(const OwnAnswer& answer) const {
  program::Report(Severity::kWarning, "forward_failed",
                  {{"user", Decimal(from_.user)},
                   {"request", is_read_ ? Join({request_.method, " ", path()}) : std::string()},
                   {"status", Decimal(answer.status)},
                   {"reason", answer.sentence}});
}

/// A query may hold secrets.
std::string_view Call::path() const {
  constexpr std::size_t kMost = 200;
  return Part(request_.target, 0, std::min(request_.target.find('?'), kMost));
}

/// What is not read when a connection is closed may keep the program from reading its answer.
void Call::Linger() const {
  if (is_gone_ || (is_read_ && (!upload_ || upload_->complete()))) {
    return;
  }
  ::shutdown(from_.socket, SHUT_WR);
  const Instant until = clock_.Now() + Millis::Seconds(1);
  std::array<char, 4096> dropped;
  while (WaitForProgram(POLLIN, until) && clock_.Now() < until &&
         ::recv(from_.socket, dropped.data(), dropped.size(), 0) > 0) {
  }
}

}  // namespace connect_auth::program
