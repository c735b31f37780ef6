// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/loopback_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "agent/http/ascii.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

struct Page {
  const char* status;
  const char* text;
};
constexpr Page kTaken = {"200 OK", "The code has arrived. You may close this page."};
constexpr Page kNoCode = {"200 OK", "The server gave out no code: connect-auth says why."};
constexpr Page kNotThis = {"400 Bad Request",
                           "This is not the answer to the login that connect-auth waits for."};
constexpr Page kMalformed = {"400 Bad Request", "This is no HTTP request."};
constexpr Page kNotFound = {"404 Not Found", "There is nothing here."};
constexpr Page kWrongMethod = {"405 Method Not Allowed\r\nAllow: GET", "Only GET is of use here."};
constexpr Page kTooLong = {"431 Request Header Fields Too Large", "The request is too long."};

constexpr const char* kFields =
    "\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\nConnection: close\r\nContent-Length: ";
constexpr const char* kFront =
    "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n<title>connect-auth</title>\n<p>";
constexpr const char* kBack = "</p></html>\n";

std::string Response(const Page& page) {
  const std::string body = Join({kFront, page.text, kBack});
  const std::string length = Decimal(static_cast<std::int64_t>(body.size()));
  return Join({"HTTP/1.1 ", page.status, kFields, length, "\r\n\r\n", body});
}

/// What cannot be sent at once, nobody waits for.
void Send(int socket, const Page& page) {
  const std::string response = Response(page);
  static_cast<void>(::send(socket, response.data(), response.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

/// @return 0, or an errno: why it does not listen
int Listen(int socket, const sockaddr* address, socklen_t size) {
  const int yes = 1;
  const bool listens =
      socket >= 0 &&
      // So that a login can follow another; two listeners still exclude each other.
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
      (address->sa_family != AF_INET6 ||
       ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0) &&
      ::bind(socket, address, size) == 0 &&
      ::listen(socket, LoopbackListener::kMostConnections) == 0;
  return listens ? 0 : errno;
}

constexpr int kListening = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

int ListenOnIpv4(std::uint16_t port, std::list<posix::Descriptor>& into) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const posix::Descriptor& socket = into.emplace_back(::socket(AF_INET, kListening, 0));
  return Listen(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

int ListenOnIpv6(std::uint16_t port, std::list<posix::Descriptor>& into) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  const posix::Descriptor& socket = into.emplace_back(::socket(AF_INET6, kListening, 0));
  return Listen(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

/// Whether the machine has no such addresses, so that no browser uses them either.
bool IsUnknown(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

}  // namespace

Problem LoopbackListener::Open(const RedirectUri& uri) {
  uri_ = uri;
  const bool any = EqualsIgnoringCase(uri.host, "localhost");
  int error = 0;
  if (any || uri.host == "127.0.0.1") {
    error = ListenOnIpv4(uri.port, sockets_);
  }
  if (error == 0 && (any || uri.host == "[::1]")) {
    error = ListenOnIpv6(uri.port, sockets_);
    if (any && IsUnknown(error)) {
      sockets_.pop_back();
      error = 0;
    }
  }
  if (error == 0) {
    return {};
  }
  sockets_.clear();
  return {ExitCode::kOther,
          Join({"cannot wait for the browser at ", uri.host, ":", Decimal(uri.port), ": ",
                ErrorText(error), "; end what uses the port, or change redirect_uri in [grant]"})};
}

void LoopbackListener::AddTo(std::vector<pollfd>& wanted) const {
  for (const posix::Descriptor& socket : sockets_) {
    wanted.push_back({socket.get(), POLLIN, 0});
  }
  for (const Connection& connection : connections_) {
    wanted.push_back({connection.socket.get(), POLLIN, 0});
  }
}

void LoopbackListener::Serve(ExpectedAnswer& answer) {
  for (const posix::Descriptor& socket : sockets_) {
    Accept(socket.get());
  }
  for (auto each = connections_.begin(); each != connections_.end() && !answer.is_over();) {
    each = Advance(*each, answer) ? std::next(each) : connections_.erase(each);
  }
}

/// Takes one connection at a time, so that what came before it is read first.
void LoopbackListener::Accept(int listening) {
  const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) {
    return;
  }
  connections_.emplace_back(accepted);
  if (connections_.size() > kMostConnections) {
    connections_.pop_front();
  }
}

/// @return  Whether the connection goes on.
bool LoopbackListener::Advance(Connection& connection, ExpectedAnswer& answer) const {
  const Bytes room = connection.head.room();
  const ssize_t got = ::recv(connection.socket.get(), room.data(), room.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  if (got <= 0) {
    return false;
  }
  switch (connection.head.Fill(static_cast<std::size_t>(got))) {
    case RequestHead::State::kIncomplete:
      return true;
    case RequestHead::State::kTooLong:
      Send(connection.socket.get(), kTooLong);
      return false;
    case RequestHead::State::kComplete:
      break;
  }
  Answer(connection, answer);
  return false;
}

void LoopbackListener::Answer(const Connection& connection, ExpectedAnswer& answer) const {
  const std::optional<RequestLine> line = ParseRequestLine(connection.head.text());
  const int socket = connection.socket.get();
  if (!line) {
    return Send(socket, kMalformed);
  }
  if (line->path != uri_.path) {
    return Send(socket, kNotFound);
  }
  if (line->method != "GET") {
    return Send(socket, kWrongMethod);
  }
  answer.TakeQuery(line->query);
  Send(socket, !answer.is_over() ? kNotThis : answer.problem().exists() ? kNoCode : kTaken);
}

}  // namespace connect_auth::program
