// SPDX-License-Identifier: Apache-2.0
//
// The service's socket, both ends: a client's lines are taken apart as a simple reading says,
// whatever the pieces they come in, and a query that is written out reads as the same; whatever a
// service answers, the C library says what it documents and writes nothing behind its room.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "platform/linux/client/connect_auth_client.h"
#include "platform/linux/daemon/client.h"
#include "platform/linux/daemon/query.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::program {
namespace {

using fuzz::Check;
using fuzz::Exact;
using fuzz::Input;
using fuzz::Pieces;

/// Two ends of a connection.
struct Sockets {
  Sockets() {
    Check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0, "there is one");
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  std::array<int, 2> ends{};
};

std::string Seconds(std::string_view name, Millis span) {
  return " " + std::string(name) + "=" + std::to_string(span.count / 1000);
}

std::string Written(const Query& query) {
  using Verb = Query::Verb;
  constexpr std::array kNames = {"",       "token",   "header", "renew",    "reject",   "code",
                                 "status", "metrics", "logout", "identity", "subscribe"};
  std::string line = kNames[static_cast<std::size_t>(query.verb)];
  if (query.verb == Verb::kToken || query.verb == Verb::kHeader) {
    line += Seconds("wait", query.wait) + Seconds("min_valid", query.min_valid);
  } else if (query.verb == Verb::kStatus) {
    line += " " + std::string(NameOf(query.style));
  } else if (query.verb == Verb::kReject) {
    line += " " + std::to_string(query.generation.value_or(0));
  } else if (query.verb == Verb::kCode) {
    line += " " + std::string(query.code) +
            (query.with_redirect_uri ? "" : " without_redirect_uri") +
            (query.verifier.empty() ? "" : " verifier=" + std::string(query.verifier));
  }
  return line + (query.retry_refused ? " retry_refused" : "");
}

void CheckQuery(std::string_view line) {
  const Exact octets(AsBytes(line));
  const Query query = ParseQuery(octets.text());
  if (query.verb == Query::Verb::kUnknown) {
    return;
  }
  Check(query.wait >= Millis{0} && query.wait <= Millis::Seconds(kMostWaitSeconds) &&
            query.min_valid >= Millis{0} &&
            query.min_valid <= Millis::Seconds(kMostMinValidSeconds),
        "times are within bounds");
  Check(query.code.find(' ') == std::string_view::npos, "a code is a word");
  const std::string text = Written(query);
  const Query again = ParseQuery(text);
  Check(again.verb == query.verb && Written(again) == text, "what is written reads as the same");
}

/// What a service takes of a stream: lines, up to one that is too long.
std::vector<std::string> LinesOf(std::string_view stream) {
  std::vector<std::string> lines;
  for (std::size_t end = stream.find('\n'); end < Client::kLineBytes; end = stream.find('\n')) {
    std::string_view line = stream.substr(0, end);
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    lines.emplace_back(line);
    stream.remove_prefix(end + 1);
  }
  return lines;
}

bool HasMore(int socket) {
  char octet;
  return ::recv(socket, &octet, 1, MSG_PEEK) == 1;
}

/// Has the service take all that came.
Client::State TakeLines(Client& client, int socket, std::vector<std::string>& lines) {
  Client::State state = Client::State::kOpen;
  while (state == Client::State::kOpen && HasMore(socket)) {
    state = client.Receive(Instant{0});
    std::string_view line;
    while (client.TakeLine(line)) {
      CheckQuery(line);
      lines.emplace_back(line);
    }
    client.Compact();
  }
  return state;
}

void FuzzService(ConstBytes stream, Pieces pieces) {
  const Sockets sockets;
  Client client(sockets.ends[0], 0, Instant{0});
  std::vector<std::string> lines;
  Client::State state = Client::State::kOpen;
  for (ConstBytes rest = stream; !rest.empty() && state == Client::State::kOpen;) {
    const ConstBytes piece = pieces.Next(rest);
    Check(::send(sockets.ends[1], piece.data(), piece.size(), 0) ==
              static_cast<ssize_t>(piece.size()),
          "the socket has room");
    state = TakeLines(client, sockets.ends[0], lines);
  }
  ::close(sockets.ends[1]);
  const std::vector<std::string> all = LinesOf(AsText(stream));
  Check(lines == all, "the lines are those of the stream, up to one that is too long");
}

void CheckResult(int result) {
  Check(result >= 0 ? result <= 8 : result == -EMSGSIZE || result == -EPROTO || result == -EPIPE,
        "a result that is documented");
}

void FuzzLibrary(ConstBytes answer, std::size_t room, bool for_token) {
  const Sockets sockets;
  Check(::send(sockets.ends[1], answer.data(), answer.size(), 0) ==
            static_cast<ssize_t>(answer.size()),
        "the socket has room");
  ::shutdown(sockets.ends[1], SHUT_WR);
  const Exact text(room);
  auto* const into = reinterpret_cast<char*>(text.bytes().data());
  connect_auth_client client{sockets.ends[0], 1000};
  connect_auth_client_token token{into, room, 0, 0};
  const int result = for_token ? ::connect_auth_client_get_token(&client, 60, &token)
                               : ::connect_auth_client_ask(&client, "status", into, room);
  CheckResult(result);
  Check(result < 0 || text.text().find('\0') != std::string_view::npos,
        "an answer ends with a NUL");
  ::connect_auth_client_close(&client);
  ::close(sockets.ends[1]);
}

}  // namespace
}  // namespace connect_auth::program

namespace connect_auth::fuzz {

void Run(ConstBytes octets) {
  constexpr std::size_t kMostBytes = 32768;  // A socket takes so much.
  Input input(octets.first(std::min(octets.size(), kMostBytes)));
  const bool is_service = input.Flag();
  const auto seed = static_cast<std::uint32_t>(input.Number(2));
  if (is_service) {
    program::FuzzService(input.rest(), Pieces(seed));
  } else {
    program::FuzzLibrary(input.rest(), seed / 2 % 512 + 1, seed % 2 != 0);
  }
}

}  // namespace connect_auth::fuzz
