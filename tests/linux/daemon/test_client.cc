// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/client.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cmocka.h"

namespace connect_auth::program {
namespace {

using State = Client::State;

constexpr Instant kNow = Instant{0} + Millis::Seconds(100);

/// A client, and the other end of its connection.
struct Pair {
  Pair() {
    std::array<int, 2> sockets{};
    assert_int_equal(
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets.data()), 0);
    peer = sockets[0];
    client = std::make_unique<Client>(sockets[1], 7, kNow);
  }
  ~Pair() { HangUp(); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void HangUp() {
    if (peer >= 0) {
      ::close(peer);
      peer = -1;
    }
  }
  void Say(std::string_view text) const {
    assert_int_equal(::send(peer, text.data(), text.size(), 0), text.size());
  }
  std::string Hear() const {
    std::string heard(1 << 20, '\0');
    const ssize_t count = ::recv(peer, heard.data(), heard.size(), 0);
    heard.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return heard;
  }
  void Answer(std::string_view text) const { assert_true(client->answers().Append(AsBytes(text))); }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::string_view line;
    while (client->TakeLine(line)) {
      lines.emplace_back(line);
    }
    client->Compact();
    return lines;
  }

  int peer = -1;
  std::unique_ptr<Client> client;
};

void client_takes_lines_in_pieces_of_any_size(void**) {
  constexpr std::string_view kText = "token\nstatus json\r\n\nrenew\n";
  for (std::size_t chunk = 1; chunk <= kText.size(); ++chunk) {
    Pair pair;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < kText.size(); at += chunk) {
      pair.Say(kText.substr(at, chunk));
      assert_int_equal(pair.client->Receive(kNow), State::kOpen);
      for (std::string& line : pair.Lines()) {
        lines.push_back(std::move(line));
      }
    }
    assert_true(lines == (std::vector<std::string>{"token", "status json", "", "renew"}));
  }
}

void client_takes_the_longest_line_and_no_longer_one(void**) {
  for (const std::size_t size : {Client::kLineBytes - 1, Client::kLineBytes}) {
    Pair pair;
    pair.Say(std::string(size, 'x') + '\n');
    const bool fits = size < Client::kLineBytes;
    assert_int_equal(pair.client->Receive(kNow), fits ? State::kOpen : State::kClosed);
    if (fits) {
      assert_int_equal(pair.Lines().at(0).size(), size);
    }
  }
}

void client_notices_that_its_peer_is_gone(void**) {
  Pair pair;
  assert_int_equal(pair.client->Receive(kNow), State::kOpen);
  pair.HangUp();
  assert_int_equal(pair.client->Receive(kNow), State::kClosed);
}

void client_sends_what_its_peer_takes_and_the_rest_later(void**) {
  Pair pair;
  const std::string much(1 << 20, 'y');
  pair.Answer(much);
  assert_int_equal(pair.client->Send(kNow), State::kOpen);
  assert_true(pair.client->has_unsent());
  assert_int_equal(pair.client->interest(), EPOLLOUT);
  std::string heard;
  while (heard.size() < much.size()) {
    const std::string piece = pair.Hear();
    assert_false(piece.empty());
    heard += piece;
    assert_int_equal(pair.client->Send(kNow), State::kOpen);
  }
  assert_true(heard == much);
  assert_int_equal(pair.client->interest(), EPOLLIN);
}

void client_takes_no_line_while_too_much_is_unsent(void**) {
  Pair pair;
  pair.Answer(std::string(1 << 20, 'y'));
  assert_int_equal(pair.client->Send(kNow), State::kOpen);
  pair.Say("token\n");
  assert_int_equal(pair.client->Receive(kNow), State::kOpen);
  assert_true(pair.Lines().empty());
  while (pair.client->has_unsent()) {
    assert_false(pair.Hear().empty());
    assert_int_equal(pair.client->Send(kNow), State::kOpen);
  }
  // The line was there all the time: nothing else may wake whoever serves the client.
  assert_int_equal(pair.client->interest(), EPOLLOUT);
  assert_true(pair.Lines() == std::vector<std::string>{"token"});
}

void client_takes_no_line_while_a_query_waits(void**) {
  Pair pair;
  Query query;
  query.verb = Query::Verb::kToken;
  query.code = "borrowed";
  pair.client->WaitFor(query, kNow + Millis::Seconds(30));
  pair.Say("status\n");
  assert_int_equal(pair.client->Receive(kNow), State::kOpen);
  assert_true(pair.Lines().empty());
  assert_int_equal(pair.client->interest(), 0);
  assert_true(pair.client->waiting().code.empty());
  assert_true(pair.client->deadline() == Instant::Never());

  pair.client->EndWait();
  assert_int_equal(pair.client->interest(), EPOLLOUT);
  assert_true(pair.Lines() == std::vector<std::string>{"status"});
}

void client_loses_patience_with_half_a_line_and_with_deaf_peers(void**) {
  Pair pair;
  assert_true(pair.client->deadline() == Instant::Never());
  pair.Say("tok");
  assert_int_equal(pair.client->Receive(kNow), State::kOpen);
  pair.Say("e");  // A drip does not help.
  assert_int_equal(pair.client->Receive(kNow + Millis::Seconds(3)), State::kOpen);
  assert_true(pair.client->deadline() == kNow + Client::kPatience);
  pair.Say("n\n");
  assert_int_equal(pair.client->Receive(kNow + Millis::Seconds(4)), State::kOpen);
  assert_int_equal(pair.Lines().size(), 1);
  assert_true(pair.client->deadline() == Instant::Never());

  pair.Answer(std::string(1 << 20, 'y'));
  assert_int_equal(pair.client->Send(kNow + Millis::Seconds(9)), State::kOpen);
  assert_true(pair.client->deadline() == kNow + Millis::Seconds(9) + Client::kPatience);
}

void client_says_its_last_word_before_it_goes(void**) {
  Pair pair;
  pair.Say("token\n");
  assert_int_equal(pair.client->Receive(kNow), State::kOpen);
  pair.Answer("error 5 enough\n");
  pair.client->Leave();
  assert_true(pair.Lines().empty());
  assert_int_equal(pair.client->Send(kNow), State::kClosed);
  assert_true(pair.Hear() == "error 5 enough\n");
}

void client_may_cost_only_so_much_in_a_second(void**) {
  Pair pair;
  for (int i = 0; i < Client::kMostCostly; ++i) {
    assert_true(pair.client->MayCost(kNow));
  }
  assert_false(pair.client->MayCost(kNow + Millis{999}));
  assert_true(pair.client->MayCost(kNow + Millis{1000}));
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;
  const CMUnitTest tests[] = {
      cmocka_unit_test(client_takes_lines_in_pieces_of_any_size),
      cmocka_unit_test(client_takes_the_longest_line_and_no_longer_one),
      cmocka_unit_test(client_notices_that_its_peer_is_gone),
      cmocka_unit_test(client_sends_what_its_peer_takes_and_the_rest_later),
      cmocka_unit_test(client_takes_no_line_while_too_much_is_unsent),
      cmocka_unit_test(client_takes_no_line_while_a_query_waits),
      cmocka_unit_test(client_loses_patience_with_half_a_line_and_with_deaf_peers),
      cmocka_unit_test(client_says_its_last_word_before_it_goes),
      cmocka_unit_test(client_may_cost_only_so_much_in_a_second),
  };
  return cmocka_run_group_tests_name("linux/daemon/client", tests, nullptr, nullptr);
}
