// SPDX-License-Identifier: Apache-2.0
#include "agent/http/exchange.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_connection.h"

namespace connect_auth {
namespace {

constexpr std::string_view kHead = "POST /t HTTP/1.1\r\n\r\n";
constexpr std::string_view kBody = "username=u&password=p";
constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr std::size_t kReplyHead = kReply.size() - 5;

Exchange::Request Prepare(Bytes buffer) {
  CopyBytes(AsBytes(kHead), buffer);
  Exchange::Request request;
  request.host = "server.domain.tld";
  request.port = 443;
  request.head_size = kHead.size();
  request.body = AsBytes(kBody);
  request.connect_deadline = Instant{100000};
  request.deadline = Instant{200000};
  return request;
}

Status RunToEnd(Exchange& exchange, fake::FakeClock& clock) {
  for (;;) {
    const Status status = exchange.Poll();
    if (status != Status::kPending) {
      return status;
    }
    clock.Advance(Millis{1});
  }
}

bool IsWiped(ConstBytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

void exchange_sends_the_request_and_delivers_the_reply_for_every_chunk_size(void**) {
  for (std::size_t chunk = 1; chunk <= kReply.size(); ++chunk) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 128> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(kReply), chunk, fake::End::kOpen, sent);
    Exchange exchange(connection, clock, buffer);

    assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
    assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

    assert_true(connection.host() == "server.domain.tld");
    assert_int_equal(connection.port(), 443);
    assert_true(AsText(connection.sent()).starts_with(kHead));
    assert_true(AsText(connection.sent()).ends_with(kBody));
    assert_int_equal(connection.sent().size(), kHead.size() + kBody.size());
    assert_true(AsText(exchange.body()) == "hello");
    assert_int_equal(connection.closes(), 1);
    assert_true(exchange.sent_anything());
    assert_int_equal(exchange.Poll(), Status::kOk);
  }
}

void exchange_streams_a_body_larger_than_its_buffer(void**) {
  std::array<std::uint8_t, 10064> reply{};
  std::fill(reply.begin(), reply.end(), std::uint8_t{'b'});
  constexpr std::string_view kStart =
      "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\nPad: 56789012\r\n\r\n";
  static_assert(kStart.size() <= 64);
  CopyBytes(AsBytes(kStart), reply);
  const ConstBytes wire = ConstBytes(reply).first(kStart.size() + 10000);
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection(wire, 50, fake::End::kOpen, sent);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = Prepare(buffer);
  request.delivery = Exchange::Delivery::kStreamed;
  assert_int_equal(exchange.Start(request), Status::kPending);

  std::size_t taken = 0;
  Status status = Status::kPending;
  while (status == Status::kPending) {
    clock.Advance(Millis{1});
    status = exchange.Poll();
    taken += exchange.TakeBody().size();
  }

  assert_int_equal(status, Status::kOk);
  assert_int_equal(taken, 10000);
}

void exchange_waits_for_a_slow_taker_without_losing_anything(void**) {
  std::array<std::uint8_t, 40> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  constexpr std::string_view kLong =
      "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789x";
  fake::FakeConnection connection(AsBytes(kLong), 7, fake::End::kClosed, sent);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = Prepare(buffer);
  request.delivery = Exchange::Delivery::kStreamed;
  assert_int_equal(exchange.Start(request), Status::kPending);

  for (int i = 0; i < 1000; ++i) {
    assert_int_equal(exchange.Poll(), Status::kPending);
  }

  assert_int_equal(exchange.TakeBody().size(), buffer.size());
  assert_int_equal(RunToEnd(exchange, clock), Status::kOk);
  assert_true(AsText(exchange.TakeBody()) == "x");
}

void exchange_reply_larger_than_buffer_fails_with_buffer_too_small(void**) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  for (const std::string_view reply :
       {"HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx",
        "HTTP/1.1 200 "
        "OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123"}) {
    fake::FakeConnection connection(AsBytes(reply), 9, fake::End::kOpen, sent);
    Exchange exchange(connection, clock, buffer);
    assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);

    assert_int_equal(RunToEnd(exchange, clock), Status::kBufferTooSmall);

    assert_int_equal(exchange.reason(), Reason::kResponseTooLarge);
    assert_true(IsWiped(buffer));
  }
}

void exchange_drops_the_content_of_an_error_that_does_not_fit_or_is_coded(void**) {
  for (const std::string_view reply :
       {"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n<html>",
        "HTTP/1.1 503 Busy\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123",
        "HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngzip"}) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 128> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(reply), 9, fake::End::kOpen, sent);
    Exchange exchange(connection, clock, buffer);
    assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);

    assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

    assert_int_equal(exchange.response().status(), 503);
    assert_true(exchange.body().empty());
  }
}

void exchange_refuses_coded_content(void**) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  constexpr std::string_view kCoded =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngzip";
  fake::FakeConnection connection(AsBytes(kCoded), 9, fake::End::kOpen, sent);
  Exchange exchange(connection, clock, buffer);
  assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
  assert_int_equal(RunToEnd(exchange, clock), Status::kMalformed);
  assert_int_equal(exchange.reason(), Reason::kContentCoding);
}

void exchange_keeps_the_head_when_asked_to(void**) {
  for (std::size_t chunk = 1; chunk <= kReply.size(); ++chunk) {
    for (const std::size_t room : {kReplyHead, std::size_t{64}, std::size_t{10}, std::size_t{0}}) {
      std::array<std::uint8_t, 64> buffer{};
      std::array<std::uint8_t, 128> sent{};
      std::array<std::uint8_t, 64> head{};
      fake::FakeClock clock;
      fake::FakeConnection connection(AsBytes(kReply), chunk, fake::End::kOpen, sent);
      Exchange exchange(connection, clock, buffer);
      Exchange::Request request = Prepare(buffer);
      request.head_copy = Bytes(head).first(room);
      assert_int_equal(exchange.Start(request), Status::kPending);

      assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

      assert_true(AsText(exchange.head()) == kReply.substr(0, std::min(room, kReplyHead)));
    }
  }
}

void exchange_fails_whichever_call_fails_closes_once_and_wipes(void**) {
  for (const Status injected : {Status::kUnavailable, Status::kUntrusted, Status::kMalformed}) {
    for (std::uint32_t n = 1;; ++n) {
      std::array<std::uint8_t, 64> buffer{};
      std::array<std::uint8_t, 128> sent{};
      fake::FakeClock clock;
      fake::FakeConnection connection(AsBytes(kReply), 8, fake::End::kOpen, sent);
      connection.FailCall(n, injected);
      Exchange exchange(connection, clock, buffer);
      assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);

      const Status status = RunToEnd(exchange, clock);

      assert_int_equal(connection.closes(), 1);
      if (status == Status::kOk) {
        assert_true(n > connection.calls());
        break;
      }
      assert_int_equal(status, injected);
      assert_int_equal(exchange.reason(), Reason::kConnectionLost);
      assert_true(IsWiped(buffer));
      assert_int_equal(exchange.Poll(), injected);
      assert_int_equal(exchange.sent_anything(), !connection.sent().empty());
    }
  }
}

void exchange_times_out_at_its_deadlines(void**) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  fake::FakeConnection silent({}, 8, fake::End::kOpen, sent);
  Exchange exchange(silent, clock, buffer);
  assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
  assert_true(exchange.deadline() == Instant{100000});
  assert_int_equal(RunToEnd(exchange, clock), Status::kTimeout);
  assert_int_equal(exchange.reason(), Reason::kOperationTimeout);
  assert_true(clock.Now() == Instant{200000});
  assert_true(IsWiped(buffer));

  fake::FakeClock second_clock;
  fake::FakeConnection deaf({}, 8, fake::End::kOpen, sent);
  deaf.SetConnectOutcome(Status::kPending);
  Exchange second(deaf, second_clock, buffer);
  assert_int_equal(second.Start(Prepare(buffer)), Status::kPending);
  assert_int_equal(RunToEnd(second, second_clock), Status::kTimeout);
  assert_int_equal(second.reason(), Reason::kConnectTimeout);
  assert_true(second_clock.Now() == Instant{100000});
  assert_false(second.sent_anything());
}

void exchange_tells_an_orderly_end_inside_the_reply_from_a_broken_one(void**) {
  for (std::size_t size = 0; size < kReply.size(); ++size) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 128> sent{};
    fake::FakeClock clock;
    const ConstBytes part = AsBytes(kReply.substr(0, size));
    fake::FakeConnection closed(part, 8, fake::End::kClosed, sent);
    Exchange exchange(closed, clock, buffer);
    assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
    assert_int_equal(RunToEnd(exchange, clock), Status::kMalformed);
    assert_int_equal(exchange.reason(), Reason::kTruncated);

    fake::FakeConnection broken(part, 8, fake::End::kBroken, sent);
    Exchange second(broken, clock, buffer);
    assert_int_equal(second.Start(Prepare(buffer)), Status::kPending);
    assert_int_equal(RunToEnd(second, clock), Status::kUnavailable);
    assert_int_equal(second.reason(), Reason::kConnectionLost);
  }
}

void exchange_refuses_to_start_wrongly(void**) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 128> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection(AsBytes(kReply), 8, fake::End::kOpen, sent);
  Exchange exchange(connection, clock, buffer);
  assert_int_equal(exchange.Poll(), Status::kFailedPrecondition);
  Exchange::Request request = Prepare(buffer);
  request.head_size = 0;
  assert_int_equal(exchange.Start(request), Status::kInvalidArgument);
  request.head_size = buffer.size() + 1;
  assert_int_equal(exchange.Start(request), Status::kInvalidArgument);
  assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
  assert_int_equal(exchange.Start(Prepare(buffer)), Status::kFailedPrecondition);

  exchange.Abort();

  assert_int_equal(exchange.Poll(), Status::kFailedPrecondition);
  assert_true(IsWiped(buffer));
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(exchange_sends_the_request_and_delivers_the_reply_for_every_chunk_size),
      cmocka_unit_test(exchange_streams_a_body_larger_than_its_buffer),
      cmocka_unit_test(exchange_waits_for_a_slow_taker_without_losing_anything),
      cmocka_unit_test(exchange_reply_larger_than_buffer_fails_with_buffer_too_small),
      cmocka_unit_test(exchange_drops_the_content_of_an_error_that_does_not_fit_or_is_coded),
      cmocka_unit_test(exchange_refuses_coded_content),
      cmocka_unit_test(exchange_keeps_the_head_when_asked_to),
      cmocka_unit_test(exchange_fails_whichever_call_fails_closes_once_and_wipes),
      cmocka_unit_test(exchange_times_out_at_its_deadlines),
      cmocka_unit_test(exchange_tells_an_orderly_end_inside_the_reply_from_a_broken_one),
      cmocka_unit_test(exchange_refuses_to_start_wrongly),
  };
  return cmocka_run_group_tests_name("agent/exchange", tests, nullptr, nullptr);
}
