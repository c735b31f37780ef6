// SPDX-License-Identifier: Apache-2.0
#include "connect_auth_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"

namespace connect_auth {
namespace {

constexpr int kPatienceMs = 50;

/// A client of a service that has answered before it was asked.
class Asked {
 public:
  explicit Asked(std::string_view answer, bool hangs_up = false) {
    std::array<int, 2> sockets{};
    assert_int_equal(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
    client_ = {sockets[0], kPatienceMs};
    service_ = sockets[1];
    assert_int_equal(::send(service_, answer.data(), answer.size(), 0), answer.size());
    if (hangs_up) {
      HangUp();
    }
  }
  ~Asked() {
    HangUp();
    ::connect_auth_client_close(&client_);
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  connect_auth_client* client() { return &client_; }

  /// In room that ends where nothing may be touched.
  int Ask(std::size_t size, const char* query = "status") {
    static const GuardedBytes memory(8192);
    room_ = memory.Last(size);
    std::fill(room_.begin(), room_.end(), std::uint8_t{0});
    return ::connect_auth_client_ask(&client_, query, text(), size);
  }
  char* text() const { return reinterpret_cast<char*>(room_.data()); }
  /// All of the room behind the answer.
  std::string_view rest() const { return AsText(room_).substr(std::strlen(text()) + 1); }

 private:
  void HangUp() {
    if (service_ >= 0) {
      ::close(service_);
      service_ = -1;
    }
  }

  connect_auth_client client_{};
  int service_ = -1;
  Bytes room_;
};

void client_reads_what_is_behind_ok(void**) {
  Asked bare("ok\n");
  assert_int_equal(bare.Ask(64), 0);
  assert_string_equal(bare.text(), "");
  Asked asked("ok generation=1 expires_in=2\n");
  assert_int_equal(asked.Ask(64), 0);
  assert_string_equal(asked.text(), "generation=1 expires_in=2");
}

void client_reads_an_error(void**) {
  Asked asked("error 3 the server refused\n");
  assert_int_equal(asked.Ask(64), 3);
  assert_string_equal(asked.text(), "the server refused");
}

void client_reads_a_text_of_many_lines(void**) {
  Asked asked("ok length=8\none\ntwo");
  assert_int_equal(asked.Ask(64), -ETIMEDOUT);  // An octet is missing.
  Asked whole("ok length=8\none\ntwo\n");
  assert_int_equal(whole.Ask(64), 0);
  assert_string_equal(whole.text(), "one\ntwo\n");
}

/// Neither what stood in front of it, nor its own end.
void client_leaves_nothing_behind_an_answer(void**) {
  for (const std::string_view line : {"ok generation=1 expires_in=2 token=s3cr3t-t0k3n\n",
                                      "ok length=12\ns3cr3t-t0k3n", "error 3 s3cr3t-t0k3n\n"}) {
    Asked asked(line);
    assert_true(asked.Ask(128) >= 0);
    assert_true(asked.rest().find_first_not_of('\0') == std::string_view::npos);
  }
  Asked asked("ok generation=1 expires_in=2 token=s3cr3t-t0k3n\n");
  std::array<char, 128> text{};
  connect_auth_client_token token = {text.data(), text.size(), 0, 0};
  assert_int_equal(::connect_auth_client_get_token(asked.client(), 60, &token), 0);
  assert_string_equal(token.text, "s3cr3t-t0k3n");
  assert_int_equal(token.generation, 1);
  assert_int_equal(token.expires_in, 2);
  assert_true(std::all_of(text.begin() + sizeof("s3cr3t-t0k3n"), text.end(),
                          [](char c) { return c == '\0'; }));
}

void client_says_when_nobody_knows_how_long_a_token_lives(void**) {
  Asked asked("ok generation=0 expires_in=unknown token=t\n");
  std::array<char, 64> text{};
  connect_auth_client_token token = {text.data(), text.size(), 7, 7};
  assert_int_equal(::connect_auth_client_get_token(asked.client(), 0, &token), 0);
  assert_int_equal(token.generation, 0);
  assert_int_equal(token.expires_in, -1);
}

void client_survives_whatever_is_answered_in_room_of_any_size(void**) {
  struct Strange {
    std::string_view answer;
    int result;
  };
  for (const Strange& strange :
       {Strange{"yes\n", -EPROTO}, Strange{"\n", -EPROTO}, Strange{"error\n", -EPROTO},
        Strange{"error 0 x\n", -EPROTO}, Strange{"error 9 x\n", -EPROTO},
        Strange{"error x y\n", -EPROTO}, Strange{"error 3\n", -EPROTO},
        Strange{"ok length=18446744073709551615\n", -EMSGSIZE}, Strange{"ok length=-1\n", -EPROTO},
        Strange{"ok length=4096\n", -EMSGSIZE}, Strange{"ok length=\n", -EPROTO},
        Strange{"ok length=\n\n\n\n", -EPROTO}, Strange{"no line end", -ETIMEDOUT}}) {
    Asked asked(strange.answer);
    assert_int_equal(asked.Ask(256), strange.result);
    for (std::size_t size = 1; size <= strange.answer.size() + 2; ++size) {
      Asked again(strange.answer, true);
      const int result = again.Ask(size);
      assert_true(result == strange.result || result == -EMSGSIZE || result == -EPIPE);
    }
  }
}

void client_takes_an_answer_that_just_fits(void**) {
  constexpr std::string_view kAnswer = "ok length=3\nabc";
  for (std::size_t size = 1; size <= kAnswer.size() + 1; ++size) {
    Asked asked(kAnswer);
    assert_int_equal(asked.Ask(size), size > kAnswer.size() ? 0 : -EMSGSIZE);
  }
}

void client_hears_why_it_was_turned_away(void**) {
  Asked asked("error 2 you may not ask this service\n", true);
  assert_int_equal(asked.Ask(64), 2);
  Asked silent("", true);
  assert_int_equal(silent.Ask(64), -EPIPE);
}

void client_asks_one_line_at_a_time(void**) {
  Asked asked("ok\nok\n");
  assert_int_equal(asked.Ask(64, "status\nlogout"), -EINVAL);
}

void client_rejects_by_generation(void**) {
  Asked asked("ok\n");
  assert_int_equal(::connect_auth_client_reject(asked.client(), 0), 0);
}

void client_finds_nobody(void**) {
  connect_auth_client client{};
  assert_int_equal(::connect_auth_client_open(&client, "/nonexistent/socket", kPatienceMs),
                   -ENOENT);
  assert_int_equal(::connect_auth_client_open(&client, "/dev/null", kPatienceMs), -ENOTSOCK);
  assert_int_equal(::connect_auth_client_open(&client, std::string(200, 'x').c_str(), kPatienceMs),
                   -ENAMETOOLONG);
  ::connect_auth_client_close(&client);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;
  const CMUnitTest tests[] = {
      cmocka_unit_test(client_reads_what_is_behind_ok),
      cmocka_unit_test(client_reads_an_error),
      cmocka_unit_test(client_reads_a_text_of_many_lines),
      cmocka_unit_test(client_leaves_nothing_behind_an_answer),
      cmocka_unit_test(client_says_when_nobody_knows_how_long_a_token_lives),
      cmocka_unit_test(client_survives_whatever_is_answered_in_room_of_any_size),
      cmocka_unit_test(client_takes_an_answer_that_just_fits),
      cmocka_unit_test(client_hears_why_it_was_turned_away),
      cmocka_unit_test(client_asks_one_line_at_a_time),
      cmocka_unit_test(client_rejects_by_generation),
      cmocka_unit_test(client_finds_nobody),
  };
  return cmocka_run_group_tests_name("linux/client", tests, nullptr, nullptr);
}
