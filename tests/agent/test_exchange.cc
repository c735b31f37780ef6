// SPDX-License-Identifier: Apache-2.0
#include "agent/http/exchange.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "agent/encoding/byte_writer.h"
#include "tests/cmocka.h"
#include "tests/fake/fake_body_source.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_connection.h"

namespace connect_auth {
namespace {

constexpr std::string_view kHead = "POST /t HTTP/1.1\r\n\r\n";
constexpr std::string_view kBody = "username=u&password=p";
constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr std::string_view kRefusal =
    "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large";
constexpr std::string_view kContent =
    "A content that is longer than half of the buffer, and than all of it: 1234567890abcdefghij";
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

Exchange::Request PrepareSource(Bytes buffer, BodySource& source) {
  Exchange::Request request = Prepare(buffer);
  request.body = AsBytes("what stands here is not sent");
  request.body_source = &source;
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
    connection.ReplyAfter(kHead.size() + kBody.size());
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

/// Polls until everything is sent that a source of `content` leads to, and lets the server reply.
///
/// @param end  What is sent last.
Status SendAllThenRun(Exchange& exchange, fake::FakeClock& clock, fake::FakeConnection& connection,
                      std::string_view end) {
  connection.ReplyAfter(SIZE_MAX);
  Status status = Status::kPending;
  while (status == Status::kPending && !AsText(connection.sent()).ends_with(end)) {
    status = exchange.Poll();
    clock.Advance(Millis{1});
  }
  connection.ReplyAfter(0);
  return status == Status::kPending ? RunToEnd(exchange, clock) : status;
}

/// The content in the chunked transfer coding, when each chunk but the last has `piece` octets.
std::string_view Chunked(std::string_view content, std::size_t piece, Bytes into) {
  ByteWriter text(into);
  while (!content.empty()) {
    const std::string_view chunk = content.substr(0, piece);
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (chunk.size() >= 16) {
      text.Put(kDigits[chunk.size() / 16]);
    }
    text.Put(kDigits[chunk.size() % 16]);
    text.Put("\r\n");
    text.Put(chunk);
    text.Put("\r\n");
    content.remove_prefix(chunk.size());
  }
  text.Put("0\r\n\r\n");
  return AsText(text.written());
}

void exchange_passes_the_content_of_a_source_on_for_every_chunk_size(void**) {
  for (const bool size_is_known : {true, false}) {
    for (std::size_t chunk = 1; chunk <= kContent.size() + 20; ++chunk) {
      for (const std::size_t piece : {1U, 5U, 17U, 100U}) {
        std::array<std::uint8_t, 64> buffer{};
        std::array<std::uint8_t, 1024> sent{};
        std::array<std::uint8_t, 1024> chunks{};
        fake::FakeClock clock;
        fake::FakeConnection connection(AsBytes(kReply), chunk, fake::End::kOpen, sent);
        fake::FakeBodySource source(
            AsBytes(kContent), size_is_known ? kContent.size() : BodySource::kUnknownSize, piece);
        Exchange exchange(connection, clock, buffer);

        assert_int_equal(exchange.Start(PrepareSource(buffer, source)), Status::kPending);
        assert_int_equal(SendAllThenRun(exchange, clock, connection,
                                        size_is_known ? kContent : std::string_view("0\r\n\r\n")),
                         Status::kOk);

        constexpr std::size_t kMostOfAChunk = 32 - RequestBody::kLeastRoom + 1;
        assert_true(AsText(connection.sent()).starts_with(kHead));
        assert_true(
            AsText(connection.sent()).substr(kHead.size()) ==
            (size_is_known ? kContent : Chunked(kContent, std::min(piece, kMostOfAChunk), chunks)));
        assert_true(AsText(exchange.body()) == "hello");
        assert_int_equal(connection.closes(), 1);
        exchange.Abort();
        assert_true(IsWiped(buffer));
      }
    }
  }
}

void exchange_that_passes_content_on_fails_whichever_call_fails(void**) {
  for (std::uint32_t n = 1;; ++n) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 1024> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(kReply), 20, fake::End::kOpen, sent);
    connection.FailCall(n, Status::kUnavailable);
    fake::FakeBodySource source(AsBytes(kContent), BodySource::kUnknownSize, 10);
    Exchange exchange(connection, clock, buffer);
    assert_int_equal(exchange.Start(PrepareSource(buffer, source)), Status::kPending);

    const Status status = SendAllThenRun(exchange, clock, connection, "0\r\n\r\n");

    assert_int_equal(connection.closes(), 1);
    if (status == Status::kOk) {
      assert_true(n > connection.calls());
      break;
    }
    assert_int_equal(status, Status::kUnavailable);
    assert_int_equal(exchange.reason(), Reason::kConnectionLost);
    assert_true(IsWiped(buffer));
  }
}

void exchange_gives_up_when_its_source_fails_and_says_what_the_source_said(void**) {
  for (const std::size_t size : {kContent.size(), BodySource::kUnknownSize}) {
    for (std::uint32_t n = 1; n <= 10; ++n) {
      std::array<std::uint8_t, 64> buffer{};
      std::array<std::uint8_t, 1024> sent{};
      fake::FakeClock clock;
      fake::FakeConnection connection(AsBytes(kReply), 100, fake::End::kOpen, sent);
      connection.ReplyAfter(SIZE_MAX);
      fake::FakeBodySource source(AsBytes(kContent), size, kContent.size() / 10);
      source.FailRead(n, Status::kCorrupt);
      Exchange exchange(connection, clock, buffer);
      assert_int_equal(exchange.Start(PrepareSource(buffer, source)), Status::kPending);

      assert_int_equal(RunToEnd(exchange, clock), Status::kCorrupt);

      assert_int_equal(exchange.reason(), Reason::kBodySource);
      assert_false(AsText(connection.sent()).ends_with("0\r\n\r\n"));
      assert_int_equal(connection.closes(), 1);
      assert_true(IsWiped(buffer));
    }
  }
}

void exchange_waits_for_its_source_and_looks_for_an_answer_meanwhile(void**) {
  for (const bool answered : {false, true}) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 1024> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(kRefusal), 100, fake::End::kOpen, sent);
    connection.ReplyAfter(SIZE_MAX);
    fake::FakeBodySource source(AsBytes(kContent), kContent.size(), 10);
    source.SetDry(true);
    Exchange exchange(connection, clock, buffer);
    assert_int_equal(exchange.Start(PrepareSource(buffer, source)), Status::kPending);
    bool waited = false;
    for (int i = 0; i < 100; ++i) {
      assert_int_equal(exchange.Poll(), Status::kPending);
      waited = waited || exchange.waits_for(Interest::kNothing) == Interest::kReadable;
    }
    assert_true(waited);
    assert_int_equal(connection.sent().size(), kHead.size());
    connection.ReplyAfter(answered ? 0 : kHead.size() + kContent.size());
    source.SetDry(answered);

    assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

    assert_int_equal(source.taken(), answered ? 0 : kContent.size());
  }
}

void exchange_says_whether_its_content_can_be_sent_again(void**) {
  for (const bool can : {false, true}) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 1024> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(kReply), 100, fake::End::kOpen, sent);
    fake::FakeBodySource source(AsBytes(kContent), kContent.size(), 10);
    source.SetRewindable(can);
    Exchange exchange(connection, clock, buffer);
    Exchange::Request in_memory = PrepareSource(buffer, source);
    in_memory.body_source = nullptr;
    assert_int_equal(exchange.Start(in_memory), Status::kPending);
    assert_int_equal(RunToEnd(exchange, clock), Status::kOk);
    assert_true(exchange.RewindBody());
    exchange.Abort();

    assert_int_equal(exchange.Start(PrepareSource(buffer, source)), Status::kPending);
    assert_true(exchange.RewindBody());  // It has handed out nothing.
    assert_int_equal(source.rewinds(), 0);
    assert_int_equal(SendAllThenRun(exchange, clock, connection, kContent), Status::kOk);
    assert_true(exchange.RewindBody() == can);
    assert_int_equal(source.taken(), can ? 0 : kContent.size());
  }
}

/// The server takes `taken` octets of the request and no more, then answers.
void AnswerEarly(std::size_t taken, std::size_t chunk, bool from_source) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 1024> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection(AsBytes(kRefusal), chunk, fake::End::kOpen,
                                  Bytes(sent).first(taken));
  connection.ReplyAfter(taken);
  fake::FakeBodySource source(AsBytes(kContent), kContent.size(), 9);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = PrepareSource(buffer, source);
  request.body = AsBytes(kContent);
  request.body_source = from_source ? &source : nullptr;
  assert_int_equal(exchange.Start(request), Status::kPending);

  assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

  assert_int_equal(exchange.response().status(), 413);
  assert_true(AsText(exchange.body()) == "too large");
  assert_int_equal(connection.sent().size(), taken);
  assert_int_equal(connection.closes(), 1);
  exchange.Abort();
  assert_true(IsWiped(buffer));
}

void exchange_sees_an_answer_that_comes_at_any_octet_of_the_upload(void**) {
  for (std::size_t taken = 0; taken <= kHead.size() + kContent.size(); ++taken) {
    for (const std::size_t chunk : {1U, 3U, 1000U}) {
      AnswerEarly(taken, chunk, false);
      AnswerEarly(taken, chunk, true);
    }
  }
}

void exchange_stops_sending_to_a_server_that_has_answered_and_reads_on(void**) {
  static constexpr std::array<std::uint8_t, 100'000> kLong{};
  static std::array<std::uint8_t, 120'000> sent;
  std::array<std::uint8_t, 64> buffer{};
  fake::FakeClock clock;
  fake::FakeConnection connection(AsBytes(kRefusal), 10, fake::End::kClosed, sent);
  connection.ReplyAfter(1000);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = Prepare(buffer);
  request.body = kLong;
  assert_int_equal(exchange.Start(request), Status::kPending);

  assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

  assert_int_equal(exchange.response().status(), 413);
  assert_true(connection.sent().size() < 1100);
}

void exchange_goes_on_sending_after_an_interim_response(void**) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 1024> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection(AsBytes(kContinue), 5, fake::End::kOpen, sent);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = Prepare(buffer);
  request.body = AsBytes(kContent);
  assert_int_equal(exchange.Start(request), Status::kPending);
  while (!AsText(connection.sent()).ends_with(kContent)) {
    assert_int_equal(exchange.Poll(), Status::kPending);
  }
  connection.SetReply(AsBytes(kReply), fake::End::kOpen);

  assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

  assert_true(AsText(exchange.body()) == "hello");
}

void exchange_whose_server_goes_away_during_the_upload_fails(void**) {
  constexpr std::string_view kPart = "HTTP/1.1 413 ";
  for (const std::string_view reply : {std::string_view(), kPart}) {
    std::array<std::uint8_t, 64> buffer{};
    std::array<std::uint8_t, 30> sent{};
    fake::FakeClock clock;
    fake::FakeConnection connection(AsBytes(reply), 100, fake::End::kClosed, sent);
    connection.ReplyAfter(sent.size());
    Exchange exchange(connection, clock, buffer);
    Exchange::Request request = Prepare(buffer);
    request.body = AsBytes(kContent);
    assert_int_equal(exchange.Start(request), Status::kPending);

    assert_int_equal(RunToEnd(exchange, clock), Status::kMalformed);

    assert_int_equal(exchange.reason(), Reason::kTruncated);
    assert_true(IsWiped(buffer));
  }
}

void exchange_that_finds_no_room_waits_for_room_or_an_answer(void**) {
  std::array<std::uint8_t, 64> buffer{};
  fake::FakeClock clock;
  fake::FakeConnection connection({}, 100, fake::End::kOpen, {});
  Exchange exchange(connection, clock, buffer);
  assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);
  assert_true(exchange.waits_for(Interest::kConnected) == Interest::kConnected);
  for (int i = 0; i < 4; ++i) {
    assert_int_equal(exchange.Poll(), Status::kPending);  // Two connect, one is stalled, one looks.
  }
  assert_true(exchange.waits_for(Interest::kReadable) == Interest::kNothing);
  assert_int_equal(exchange.Poll(), Status::kPending);
  assert_true(exchange.waits_for(Interest::kWritable) == Interest::kEither);
  exchange.Abort();

  Exchange full(connection, clock, Bytes(buffer).first(kHead.size()));
  assert_int_equal(full.Start(Prepare(buffer)), Status::kPending);
  for (int i = 0; i < 6 && full.waits_for(Interest::kNothing) == Interest::kNothing; ++i) {
    assert_int_equal(full.Poll(), Status::kPending);
  }
  assert_true(full.waits_for(Interest::kWritable) == Interest::kWritable);
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
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{9}, reply.size()}) {
      std::array<std::uint8_t, 64> buffer{};
      std::array<std::uint8_t, 128> sent{};
      fake::FakeClock clock;
      fake::FakeConnection connection(AsBytes(reply), chunk, fake::End::kOpen, sent);
      Exchange exchange(connection, clock, buffer);
      assert_int_equal(exchange.Start(Prepare(buffer)), Status::kPending);

      assert_int_equal(RunToEnd(exchange, clock), Status::kOk);

      assert_int_equal(exchange.response().status(), 503);
      assert_true(exchange.body().empty());
    }
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

constexpr Millis kKept{1000};

/// An exchange that has just been answered.
struct Answered {
  explicit Answered(std::string_view reply, fake::End end = fake::End::kOpen)
      : connection(AsBytes(reply), 100, end, sent), exchange(connection, clock, buffer) {}

  Status Run() {
    Exchange::Request request = Prepare(buffer);
    request.keep_for = kKept;
    connection.ReplyAfter(connection.sent().size() + kHead.size() + kBody.size());
    assert_int_equal(exchange.Start(request), Status::kPending);
    return RunToEnd(exchange, clock);
  }

  /// Another one, answered by `reply` of its own.
  Status RunAgain(std::string_view reply) {
    exchange.Clear();
    connection.SetReply(AsBytes(reply), fake::End::kOpen);
    return Run();
  }

  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 1024> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection;
  Exchange exchange;
};

void exchange_keeps_its_connection_for_the_next_one(void**) {
  Answered answered(kReply);
  assert_int_equal(answered.Run(), Status::kOk);
  assert_false(answered.exchange.reused());
  assert_true(answered.exchange.kept_until() == answered.clock.Now() + kKept);
  assert_true(AsText(answered.exchange.body()) == "hello");

  assert_int_equal(answered.RunAgain(kReply), Status::kOk);

  assert_true(answered.exchange.reused());
  assert_true(AsText(answered.exchange.body()) == "hello");
  assert_int_equal(answered.connection.connects(), 1);
  assert_int_equal(answered.connection.closes(), 0);
  assert_int_equal(answered.connection.sent().size(), 2 * (kHead.size() + kBody.size()));
  answered.exchange.Abort();
  assert_int_equal(answered.connection.closes(), 1);
  assert_true(answered.exchange.kept_until() == Instant::Never());
  assert_true(IsWiped(answered.buffer));
}

void exchange_keeps_no_connection_that_is_not_good_for_it(void**) {
  for (const std::string_view reply :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1",
        "HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nx"}) {
    Answered answered(reply);
    assert_int_equal(answered.Run(), Status::kOk);
    assert_true(answered.exchange.kept_until() == Instant::Never());
    assert_int_equal(answered.connection.closes(), 1);
  }
  Answered until_closed("HTTP/1.1 200 OK\r\n\r\nx", fake::End::kClosed);
  assert_int_equal(until_closed.Run(), Status::kOk);
  assert_int_equal(until_closed.connection.closes(), 1);
}

void exchange_keeps_no_connection_after_an_early_answer(void**) {
  std::array<std::uint8_t, 64> buffer{};
  std::array<std::uint8_t, 1024> sent{};
  fake::FakeClock clock;
  fake::FakeConnection connection(AsBytes(kRefusal), 10, fake::End::kOpen, sent);
  connection.ReplyAfter(kHead.size() + 10);
  Exchange exchange(connection, clock, buffer);
  Exchange::Request request = Prepare(buffer);
  request.body = AsBytes(kContent);
  request.keep_for = kKept;
  assert_int_equal(exchange.Start(request), Status::kPending);
  assert_int_equal(RunToEnd(exchange, clock), Status::kOk);
  assert_int_equal(exchange.response().status(), 413);
  assert_int_equal(connection.closes(), 1);
}

void exchange_closes_a_connection_that_nobody_needs_in_time(void**) {
  Answered answered(kReply);
  assert_int_equal(answered.Run(), Status::kOk);
  answered.clock.Advance(kKept - Millis{1});
  answered.exchange.CloseUnused();
  assert_int_equal(answered.connection.closes(), 0);
  answered.clock.Advance(Millis{1});
  answered.exchange.CloseUnused();
  assert_int_equal(answered.connection.closes(), 1);
  assert_true(answered.exchange.kept_until() == Instant::Never());
  assert_true(AsText(answered.exchange.body()) == "hello");

  assert_int_equal(answered.RunAgain(kReply), Status::kOk);  // Nobody called CloseUnused() here.
  answered.clock.Advance(kKept);
  assert_int_equal(answered.RunAgain(kReply), Status::kOk);
  assert_false(answered.exchange.reused());
  assert_int_equal(answered.connection.connects(), 3);
}

void exchange_sends_nothing_to_another_host_or_port_over_a_kept_connection(void**) {
  for (const bool other_host : {false, true}) {
    Answered answered(kReply);
    assert_int_equal(answered.Run(), Status::kOk);
    answered.exchange.Clear();
    answered.connection.SetReply(AsBytes(kReply), fake::End::kOpen);
    Exchange::Request request = Prepare(answered.buffer);
    request.host = other_host ? "other.domain.tld" : request.host;
    request.port = other_host ? request.port : 444;
    assert_int_equal(answered.exchange.Start(request), Status::kPending);
    assert_int_equal(answered.connection.closes(), 1);
    assert_int_equal(RunToEnd(answered.exchange, answered.clock), Status::kOk);
    assert_int_equal(answered.connection.connects(), 2);
    assert_true(answered.connection.host() == request.host);
  }
}

void exchange_finds_a_stale_connection_before_it_sends_anything(void**) {
  constexpr std::string_view kUnasked = "HTTP/1.1 408 Request Timeout\r\n\r\n";
  for (const fake::End end : {fake::End::kClosed, fake::End::kBroken, fake::End::kOpen}) {
    Answered answered(kReply);
    assert_int_equal(answered.Run(), Status::kOk);
    answered.exchange.Clear();
    answered.connection.ReplyAfter(0);
    answered.connection.SetReply(end == fake::End::kOpen ? AsBytes(kUnasked) : ConstBytes(), end);
    Exchange::Request request = Prepare(answered.buffer);
    request.keep_for = kKept;
    assert_int_equal(answered.exchange.Start(request), Status::kPending);
    while (answered.connection.closes() == 0) {
      assert_int_equal(answered.exchange.Poll(), Status::kPending);
    }
    assert_false(answered.exchange.sent_anything());
    answered.connection.SetReply(AsBytes(kReply), fake::End::kOpen);

    assert_int_equal(RunToEnd(answered.exchange, answered.clock), Status::kOk);

    assert_int_equal(answered.exchange.response().status(), 200);
    assert_false(answered.exchange.reused());
    assert_int_equal(answered.connection.connects(), 2);
    assert_int_equal(answered.connection.sent().size(), 2 * (kHead.size() + kBody.size()));
  }
}

/// Whichever call fails on a kept connection: another is made as long as nothing was sent, and the
/// request is not sent twice once something was.
void exchange_never_sends_again_what_a_kept_connection_may_have_taken(void**) {
  bool made_another = false;
  bool failed = false;
  for (std::uint32_t n = 1;; ++n) {
    Answered answered(kReply);
    assert_int_equal(answered.Run(), Status::kOk);
    const std::uint32_t before = answered.connection.calls();
    const std::size_t sent_before = answered.connection.sent().size();
    answered.connection.FailCall(before + n, Status::kUnavailable);
    const Status status = answered.RunAgain(kReply);
    const bool took_something = answered.connection.sent().size() > sent_before;
    if (status == Status::kOk) {
      assert_int_equal(answered.connection.sent().size(), 2 * sent_before);
      made_another = made_another || answered.connection.connects() == 2;
    } else {
      failed = true;
      assert_int_equal(status, Status::kUnavailable);
      assert_true(took_something || answered.connection.connects() == 1);
      assert_int_equal(answered.connection.connects(), 1);
      assert_true(IsWiped(answered.buffer));
    }
    if (before + n > answered.connection.calls()) {
      break;
    }
  }
  assert_true(made_another);
  assert_true(failed);
}

void exchange_without_room_to_look_uses_no_kept_connection(void**) {
  Answered answered(kReply);
  assert_int_equal(answered.Run(), Status::kOk);
  answered.exchange.Clear();
  Exchange::Request request = Prepare(answered.buffer);
  request.head_size = answered.buffer.size();
  assert_int_equal(answered.exchange.Start(request), Status::kPending);
  assert_int_equal(answered.connection.closes(), 1);
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
  fake::FakeBodySource source(AsBytes(kContent), kContent.size(), 10);
  constexpr std::size_t kTooSmall = 2 * RequestBody::kLeastRoom - 1;
  Exchange small(connection, clock, Bytes(buffer).first(kTooSmall));
  assert_int_equal(small.Start(PrepareSource(buffer, source)), Status::kInvalidArgument);
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
      cmocka_unit_test(exchange_passes_the_content_of_a_source_on_for_every_chunk_size),
      cmocka_unit_test(exchange_that_passes_content_on_fails_whichever_call_fails),
      cmocka_unit_test(exchange_gives_up_when_its_source_fails_and_says_what_the_source_said),
      cmocka_unit_test(exchange_waits_for_its_source_and_looks_for_an_answer_meanwhile),
      cmocka_unit_test(exchange_says_whether_its_content_can_be_sent_again),
      cmocka_unit_test(exchange_sees_an_answer_that_comes_at_any_octet_of_the_upload),
      cmocka_unit_test(exchange_stops_sending_to_a_server_that_has_answered_and_reads_on),
      cmocka_unit_test(exchange_goes_on_sending_after_an_interim_response),
      cmocka_unit_test(exchange_whose_server_goes_away_during_the_upload_fails),
      cmocka_unit_test(exchange_that_finds_no_room_waits_for_room_or_an_answer),
      cmocka_unit_test(exchange_streams_a_body_larger_than_its_buffer),
      cmocka_unit_test(exchange_waits_for_a_slow_taker_without_losing_anything),
      cmocka_unit_test(exchange_reply_larger_than_buffer_fails_with_buffer_too_small),
      cmocka_unit_test(exchange_drops_the_content_of_an_error_that_does_not_fit_or_is_coded),
      cmocka_unit_test(exchange_refuses_coded_content),
      cmocka_unit_test(exchange_keeps_the_head_when_asked_to),
      cmocka_unit_test(exchange_fails_whichever_call_fails_closes_once_and_wipes),
      cmocka_unit_test(exchange_times_out_at_its_deadlines),
      cmocka_unit_test(exchange_tells_an_orderly_end_inside_the_reply_from_a_broken_one),
      cmocka_unit_test(exchange_keeps_its_connection_for_the_next_one),
      cmocka_unit_test(exchange_keeps_no_connection_that_is_not_good_for_it),
      cmocka_unit_test(exchange_keeps_no_connection_after_an_early_answer),
      cmocka_unit_test(exchange_closes_a_connection_that_nobody_needs_in_time),
      cmocka_unit_test(exchange_sends_nothing_to_another_host_or_port_over_a_kept_connection),
      cmocka_unit_test(exchange_finds_a_stale_connection_before_it_sends_anything),
      cmocka_unit_test(exchange_never_sends_again_what_a_kept_connection_may_have_taken),
      cmocka_unit_test(exchange_without_room_to_look_uses_no_kept_connection),
      cmocka_unit_test(exchange_refuses_to_start_wrongly),
  };
  return cmocka_run_group_tests_name("agent/exchange", tests, nullptr, nullptr);
}
