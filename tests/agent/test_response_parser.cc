// SPDX-License-Identifier: Apache-2.0
#include "agent/http/response_parser.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "agent/config.h"
#include "agent/encoding/byte_writer.h"
#include "tests/cmocka.h"
#include "tests/support/guarded_bytes.h"
#include "vectors.h"

namespace connect_auth {
namespace {

constexpr std::size_t kMaxWire = 256 * 1024;
constexpr std::size_t kSweptWire = 6000;  // Longer ones at some chunk sizes only.

/// What a response came to, whatever the pieces it arrived in.
struct Outcome {
  Status status = Status::kPending;  // kOk: complete; kPending: more is wanted.
  Reason reason = Reason::kNone;
  std::uint16_t http_status = 0;
  std::size_t body_size = 0;
  std::uint32_t body_sum = 0;  // stands for the octets of the body
  bool surplus = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Feeds `wire` in pieces of `chunk`, each of which ends at the guard page.
Outcome Parse(std::string_view wire, std::size_t chunk, bool closes, const GuardedBytes& memory,
              bool body_expected = true) {
  ResponseParser parser;
  parser.Reset(body_expected);
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size() && outcome.status == Status::kPending; at += chunk) {
    const Bytes piece = memory.Copy(AsBytes(wire.substr(at, chunk)));
    const IoResult content = parser.Decode(piece);
    if (!content.ok()) {
      outcome.status = content.status();
      break;
    }
    for (const std::uint8_t octet : piece.first(content.bytes())) {
      outcome.body_sum = outcome.body_sum * 31 + octet;
    }
    outcome.body_size += content.bytes();
    outcome.surplus = parser.surplus() || (parser.complete() && at + chunk < wire.size());
    outcome.status = parser.complete() ? Status::kOk : Status::kPending;
  }
  if (outcome.status == Status::kPending && closes) {
    outcome.status = parser.Finish();
  }
  outcome.reason = parser.reason();
  outcome.http_status = parser.head_complete() ? parser.status() : std::uint16_t{0};
  return outcome;
}

Outcome ParseWhole(std::string_view wire, bool closes = false, bool body_expected = true) {
  const GuardedBytes memory(wire.size() + 1);
  return Parse(wire, wire.size() + 1, closes, memory, body_expected);
}

void AssertFails(std::string_view wire, Reason reason, bool closes = false) {
  const GuardedBytes memory(wire.size() + 1);
  for (std::size_t chunk = 1; chunk <= wire.size(); chunk = chunk < 4 ? chunk + 1 : chunk * 2) {
    const Outcome outcome = Parse(wire, chunk, closes, memory);
    assert_int_equal(outcome.status, Status::kMalformed);
    assert_int_equal(outcome.reason, reason);
  }
}

void AssertBody(std::string_view wire, std::string_view body, bool closes = false) {
  const GuardedBytes memory(wire.size() + 1);
  for (std::size_t chunk = 1; chunk <= wire.size(); ++chunk) {
    ResponseParser parser;
    parser.Reset(true);
    std::array<char, 512> got{};
    std::size_t size = 0;
    for (std::size_t at = 0; at < wire.size(); at += chunk) {
      const Bytes piece = memory.Copy(AsBytes(wire.substr(at, chunk)));
      const IoResult content = parser.Decode(piece);
      assert_true(content.ok());
      std::copy_n(piece.begin(), content.bytes(), got.begin() + static_cast<std::ptrdiff_t>(size));
      size += content.bytes();
    }
    assert_true(!closes || parser.Finish() == Status::kOk);
    assert_true(parser.complete());
    assert_true(std::string_view(got.data(), size) == body);
  }
}

void response_parser_treats_every_vector_alike_at_every_chunk_size(void**) {
  const GuardedBytes memory(kMaxWire);
  for (const vectors::Response& vector : vectors::kResponses) {
    const Outcome whole = Parse(vector.wire, vector.wire.size(), vector.closes, memory);
    const bool short_enough = vector.wire.size() <= kSweptWire;
    for (std::size_t chunk = 1; chunk < vector.wire.size();
         chunk = short_enough ? chunk + 1 : chunk * 2 + 1) {
      assert_true(Parse(vector.wire, chunk, vector.closes, memory) == whole);
    }
    if (vector.expect == vectors::Expect::kAccept) {
      assert_int_equal(whole.status, Status::kOk);
      assert_int_equal(whole.http_status, 200);
    }
  }
}

void response_parser_reads_a_body_of_stated_length(void**) {
  AssertBody("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello");
  AssertBody("HTTP/1.1 200\r\ncontent-LENGTH:\t 005 \t\r\n\r\nhello", "hello");
}

void response_parser_joins_chunks_and_drops_extensions_and_trailers(void**) {
  AssertBody(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "1\r\nh\r\n3;name=\"va;lue\"\r\nell\r\n01 \t;x\r\no\r\n000;last\r\nX-Trailer: 1\r\n"
      "Content-Length: 7\r\n\r\n",
      "hello");
}

void response_parser_reads_until_close_when_no_length_is_stated(void**) {
  AssertBody("HTTP/1.1 200 OK\r\n\r\nhello", "hello", true);
  AssertBody("HTTP/1.0 200 OK\r\nX: y\r\n\r\n", "", true);
}

void response_parser_passes_over_interim_responses_and_their_fields(void**) {
  AssertBody(
      "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\nRetry-After: 9\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\nLocation: /x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "hello");
}

void response_parser_knows_the_responses_that_have_no_body(void**) {
  for (const std::string_view wire :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    assert_int_equal(ParseWhole(wire).status, Status::kOk);
  }
  for (const std::string_view wire :
       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"}) {
    assert_int_equal(ParseWhole(wire, false, false).status, Status::kOk);
  }
}

void response_parser_folds_obsolete_lines_into_one_value(void**) {
  AssertBody("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\nContent-Length:\r\n 5\r\n\r\nhello", "hello");
  AssertFails("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 5\r\n\r\nhello", Reason::kContentLength);
  AssertFails("HTTP/1.1 200 OK\r\n X: a\r\n\r\n", Reason::kFieldSyntax);
}

void response_parser_reports_what_lies_behind_the_response(void**) {
  ResponseParser parser;
  parser.Reset(true);
  std::array<std::uint8_t, 64> data{};
  constexpr std::string_view kWire = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 ";
  CopyBytes(AsBytes(kWire), data);

  const IoResult content = parser.Decode(Bytes(data).first(kWire.size()));

  assert_int_equal(content.bytes(), 2);
  assert_true(parser.complete());
  assert_true(parser.surplus());
}

void response_parser_says_whether_the_connection_can_go_on(void**) {
  constexpr struct {
    std::string_view wire;
    bool keeps;
  } kCases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
      {"HTTP/1.1 204 No\r\nConnection: keep-alive, closed,,xclose\r\n\r\n", true},
      {"HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\nHTTP/1.1 204 No\r\n\r\n", true},
      {"HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n", false},
      {"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", false},
      {"HTTP/1.1 204 No\r\nConnection: x , \tCLOSE\t, y\r\n\r\n", false},
      {"HTTP/1.1 204 No\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", false},
      {"HTTP/1.1 204 No\r\nConnection: a,\r\n close\r\n\r\n", false},
      {"HTTP/1.1 204 No Content\r\n\r\nH", false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", false},
      {"HTTP/1.1 204 No\r\nConnection: "  // Longer than what is kept of a value.
       "a-very-long-option-of-thirty-two, a-very-long-option-of-thirty-two, "
       "a-very-long-option-of-thirty-two, close\r\n\r\n",
       false},
  };
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 256> data{};
    CopyBytes(AsBytes(wanted.wire), data);
    ResponseParser parser;
    parser.Reset(true);
    assert_true(parser.Decode(Bytes(data).first(wanted.wire.size())).ok());
    assert_true(parser.keeps_connection() == wanted.keeps);
  }
  std::array<std::uint8_t, 64> data{};
  constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\n\r\nx";
  CopyBytes(AsBytes(kUntilClose), data);
  ResponseParser parser;
  parser.Reset(true);
  assert_true(parser.Decode(Bytes(data).first(kUntilClose.size())).ok());
  assert_int_equal(parser.Finish(), Status::kOk);
  assert_false(parser.keeps_connection());
}

void response_parser_keeps_retry_after_and_location_of_the_final_response(void**) {
  constexpr struct {
    std::string_view value;
    std::uint32_t seconds;
  } kCases[] = {{"120", 120},
                {"0", 0},
                {"-5", 0},
                {"rubbish", 0},
                {"Fri, 31 Dec 1999 23:59:59 GMT", 0},
                {"1.5", 0},
                {"99999999999", UINT32_MAX},
                {"9999999999999999999999", 0}};
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 256> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 503 Busy\r\nretry-after: ");
    into.Put(wanted.value);
    into.Put("\r\nLocation: /away\r\nContent-Length: 0\r\n\r\n");
    ResponseParser parser;
    parser.Reset(true);

    assert_true(parser.Decode(into.written()).ok());

    assert_int_equal(parser.retry_after_s(), wanted.seconds);
    assert_true(parser.location().view() == "/away");
  }
}

/// What a head that arrives in pieces of `chunk` says about time.
struct Times {
  std::uint32_t retry_after_s;
  std::int64_t date;

  friend bool operator==(const Times&, const Times&) = default;
};

Times TimesOf(std::string_view head, std::size_t chunk, const GuardedBytes& memory) {
  ResponseParser parser;
  parser.Reset(true);
  for (std::size_t at = 0; at < head.size(); at += chunk) {
    assert_true(parser.Decode(memory.Copy(AsBytes(head.substr(at, chunk)))).ok());
  }
  assert_true(parser.head_complete());
  return {parser.retry_after_s(), parser.date().count};
}

constexpr std::int64_t kSixOClock = 1767247200;  // 2026-01-01T06:00:00Z

constexpr struct {
  std::string_view fields;
  Times times;
} kTimes[] = {
    {"Date: Thu, 01 Jan 2026 06:00:00 GMT", {0, kSixOClock}},
    {"dAtE:  Thursday, 01-Jan-26 06:00:00 GMT \t", {0, kSixOClock}},
    {"Date: Thu Jan  1 06:00:00 2026", {0, kSixOClock}},
    {"Date: Thu, 01 Jan 2026\r\n 06:00:00 GMT", {0, kSixOClock}},
    {"Date: now", {0, 0}},
    {"Date:", {0, 0}},
    {"Dates: Thu, 01 Jan 2026 06:00:00 GMT", {0, 0}},
    {"Dat: Thu, 01 Jan 2026 06:00:00 GMT", {0, 0}},
    {"Date: Thu, 01 Jan 2026 06:00:00 GMT\r\nRetry-After: 7", {7, kSixOClock}},
    {"Date: Thu, 01 Jan 2026 06:00:00 GMT\r\nRetry-After: Thu, 01 Jan 2026 06:02:05 GMT",
     {125, kSixOClock}},
    {"Retry-After: Thursday, 01-Jan-26 06:02:05 GMT\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT",
     {125, kSixOClock}},
    {"Retry-After: Thu Jan  1 06:00:01 2026\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT",
     {1, kSixOClock}},
    {"Retry-After: Thu, 01 Jan 2026 06:00:00 GMT\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT",
     {0, kSixOClock}},
    {"Retry-After: Thu, 01 Jan 2026 05:00:00 GMT\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT",
     {0, kSixOClock}},
    {"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT",
     {UINT32_MAX, kSixOClock}},
    {"Retry-After: Thu, 01 Jan 2026 06:02:05 GMT", {0, 0}},
    {"Retry-After: Thu, 01 Jan 2026 06:02:05 GMT\r\nDate: rubbish", {0, 0}},
    {"Retry-After: Thu, 01 Jan 2026 06:02:05 GMT\r\nRetry-After: 9\r\n"
     "Date: Thu, 01 Jan 2026 06:00:00 GMT",
     {9, kSixOClock}},
    {"Retry-After: 9\r\nRetry-After: Thu, 01 Jan 2026 06:02:05 GMT\r\n"
     "Date: Thu, 01 Jan 2026 06:00:00 GMT",
     {125, kSixOClock}},
    {"Date: Thu, 01 Jan 2026 06:00:00 GMT                                                       "
     "                                        x",
     {0, 0}},
};

void response_parser_reads_what_the_server_says_about_time(void**) {
  const GuardedBytes memory(512);
  for (const auto& wanted : kTimes) {
    std::array<std::uint8_t, 512> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 503 Busy\r\n");
    into.Put(wanted.fields);
    into.Put("\r\nContent-Length: 0\r\n\r\n");
    const std::string_view head = AsText(into.written());
    for (std::size_t chunk = 1; chunk <= head.size(); ++chunk) {
      assert_true(TimesOf(head, chunk, memory) == wanted.times);
    }
  }
}

void response_parser_forgets_the_times_of_interim_responses_and_trailers(void**) {
  const GuardedBytes memory(512);
  constexpr std::string_view kWire =
      "HTTP/1.1 103 Early Hints\r\nDate: Thu, 01 Jan 2026 06:00:00 GMT\r\n"
      "Retry-After: Thu, 01 Jan 2026 06:02:05 GMT\r\n\r\n"
      "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
      "Date: Thu, 01 Jan 2026 06:00:00 GMT\r\nRetry-After: 8\r\n\r\n";
  for (std::size_t chunk = 1; chunk <= kWire.size(); ++chunk) {
    assert_true(TimesOf(kWire, chunk, memory) == (Times{0, 0}));
  }
}

void response_parser_refuses_malformed_status_lines(void**) {
  for (const std::string_view wire :
       {"HTTP/2 200 OK\r\n", "HTTP/1.x 200 OK\r\n", "http/1.1 200 OK\r\n", "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 020 OK\r\n", "HTTP/1.1 600 OK\r\n",
        "HTTP/1.1 200 O\x01K\r\n", "HTTP/1.1 200 OK\n", "\r\nHTTP/1.1 200 OK\r\n", "<html>",
        "SSH-2.0-x\r\n", "HTTP/1.1 200\n"}) {
    AssertFails(wire, Reason::kStatusLine);
  }
}

void response_parser_refuses_malformed_fields(void**) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view field :
       {"X : y"sv, ": y"sv, "X\r\n"sv, "X y: z"sv, "X: a\0b"sv, "X: a\nb"sv, "X: a\rb"sv,
        "X: a\x7F"sv, "X\xC3\xA4: y"sv, "(x): y"sv}) {
    std::array<std::uint8_t, 128> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 200 OK\r\n");
    into.Put(field);
    into.Put("\r\n\r\n");
    AssertFails(AsText(into.written()), Reason::kFieldSyntax);
  }
  AssertFails("HTTP/1.1 200 OK\r\nX: y\r\n\rX", Reason::kFieldSyntax);
}

void response_parser_refuses_doubtful_lengths_and_codings(void**) {
  constexpr struct {
    std::string_view fields;
    Reason reason;
  } kCases[] = {
      {"Content-Length: +5", Reason::kContentLength},
      {"Content-Length: -5", Reason::kContentLength},
      {"Content-Length: 5, 5", Reason::kContentLength},
      {"Content-Length: 0x5", Reason::kContentLength},
      {"Content-Length:", Reason::kContentLength},
      {"Content-Length: 18446744073709551621", Reason::kContentLength},
      {"Content-Length: 5\r\nContent-Length: 5", Reason::kContentLength},
      {"Content-Length: 5\r\nContent-Length: 6", Reason::kContentLength},
      {"Transfer-Encoding: gzip, chunked", Reason::kTransferCoding},
      {"Transfer-Encoding: identity", Reason::kTransferCoding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Reason::kTransferCoding},
      {"Transfer-Encoding:", Reason::kTransferCoding},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5", Reason::kConflictingLength},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked", Reason::kConflictingLength},
  };
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 256> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 200 OK\r\n");
    into.Put(wanted.fields);
    into.Put("\r\n\r\nhello");
    AssertFails(AsText(into.written()), wanted.reason);
  }
  AssertFails("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              Reason::kTransferCoding);
  AssertFails("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Reason::kUpgrade);
}

void response_parser_sees_what_stands_far_behind_in_a_value(void**) {
  for (std::size_t blanks = 80; blanks < 120; ++blanks) {
    for (const std::string_view field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
      std::array<std::uint8_t, 512> wire{};
      ByteWriter into(wire);
      into.Put("HTTP/1.1 200 OK\r\n");
      into.Put(field);
      for (std::size_t i = 0; i < blanks; ++i) {
        into.Put(' ');
      }
      into.Put(", x\r\n\r\nhello");
      assert_int_equal(ParseWhole(AsText(into.written())).status, Status::kMalformed);
    }
  }
}

void response_parser_reports_a_content_coding(void**) {
  constexpr struct {
    std::string_view value;
    bool coded;
  } kCases[] = {{"", false},
                {"identity", false},
                {"Identity", false},
                {"gzip", true},
                {"identity, gzip", true}};
  for (const auto& wanted : kCases) {
    std::array<std::uint8_t, 256> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 200 OK\r\nContent-Encoding: ");
    into.Put(wanted.value);
    into.Put("\r\nContent-Length: 0\r\n\r\n");
    ResponseParser parser;
    parser.Reset(true);
    assert_true(parser.Decode(into.written()).ok());
    assert_int_equal(parser.content_coded(), wanted.coded);
  }
}

void response_parser_refuses_malformed_chunks(void**) {
  for (const std::string_view chunks :
       {"0x1\r\na\r\n", "\r\n", ";x\r\n", "g\r\n", "-1\r\n", "123456789\r\n", "1\ra", "1\na\r\n",
        "1\r\nab\r\n", "1\r\na\rb", "1;\x01\r\na", "1 2\x7F\r\n"}) {
    std::array<std::uint8_t, 128> wire{};
    ByteWriter into(wire);
    into.Put("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    into.Put(chunks);
    AssertFails(AsText(into.written()), Reason::kChunkSyntax);
  }
}

void response_parser_refuses_a_stream_that_ends_inside(void**) {
  constexpr std::string_view kLength = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < kLength.size(); ++size) {
    assert_int_equal(ParseWhole(kLength.substr(0, size), true).reason, Reason::kTruncated);
  }
  constexpr std::string_view kChunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < kChunked.size(); ++size) {
    assert_int_equal(ParseWhole(kChunked.substr(0, size), true).reason, Reason::kTruncated);
  }
}

/// Feeds `head`, then `piece` `count` times.
Reason FloodWith(std::string_view head, std::string_view piece, std::size_t count) {
  ResponseParser parser;
  parser.Reset(true);
  std::array<std::uint8_t, 256> data{};
  CopyBytes(AsBytes(head), data);
  static_cast<void>(parser.Decode(Bytes(data).first(head.size())));
  for (std::size_t i = 0; i < count && parser.reason() == Reason::kNone; ++i) {
    CopyBytes(AsBytes(piece), data);
    static_cast<void>(parser.Decode(Bytes(data).first(piece.size())));
  }
  return parser.reason();
}

void response_parser_ends_floods_of_every_kind(void**) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\n";
  constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  constexpr std::string_view kTrailer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  constexpr std::size_t kMany = 1000000;
  assert_int_equal(FloodWith(kHead, "A: b\r\n", kMany), Reason::kHeadTooLarge);
  assert_int_equal(FloodWith(kHead, "a", kMany), Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("HTTP/1.1 200 OK\r\nX: ", "a", kMany), Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("HTTP/1.1 200 OK\r\nX:", " ", kMany), Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("HTTP/1.1 200 OK\r\nX: y\r\n", " z\r\n", kMany),
                   Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("HTTP/1.1 200 ", "a", kMany), Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("", "HTTP/1.1 100 Continue\r\n\r\n", kMany), Reason::kInterimFlood);
  assert_int_equal(FloodWith(kTrailer, "A: b\r\n", kMany), Reason::kHeadTooLarge);
  assert_int_equal(
      FloodWith(kChunked, "1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\na\r\n", kMany),
      Reason::kHeadTooLarge);
}

void response_parser_allows_just_the_limits(void**) {
  // One field line of exactly the longest length, and as many fields as are allowed.
  constexpr std::size_t kPadding = config::kMaxLineBytes - 5;  // "X: " and the line end
  std::array<std::uint8_t, config::kMaxLineBytes + 64> wire{};
  for (const std::size_t extra : {0U, 1U}) {
    ByteWriter into(wire);
    into.Put("HTTP/1.1 204 No Content\r\nX: ");
    for (std::size_t i = 0; i < kPadding + extra; ++i) {
      into.Put('a');
    }
    into.Put("\r\n\r\n");
    const Outcome outcome = ParseWhole(AsText(into.written()));
    assert_int_equal(outcome.reason, extra == 0 ? Reason::kNone : Reason::kHeadTooLarge);
  }
  assert_int_equal(FloodWith("HTTP/1.1 200 OK\r\n", "A: b\r\n", config::kMaxFields), Reason::kNone);
  assert_int_equal(FloodWith("HTTP/1.1 200 OK\r\n", "A: b\r\n", config::kMaxFields + 1),
                   Reason::kHeadTooLarge);
  assert_int_equal(FloodWith("", "HTTP/1.1 100 Continue\r\n\r\n", config::kMaxInterimResponses),
                   Reason::kNone);
}

void response_parser_repeats_its_failure_until_reset(void**) {
  ResponseParser parser;
  parser.Reset(true);
  std::array<std::uint8_t, 4> junk = {'j', 'u', 'n', 'k'};
  assert_int_equal(parser.Decode(junk).status(), Status::kMalformed);
  assert_int_equal(parser.Decode(junk).status(), Status::kMalformed);
  assert_int_equal(parser.Finish(), Status::kMalformed);

  parser.Reset(true);

  assert_int_equal(parser.reason(), Reason::kNone);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(response_parser_treats_every_vector_alike_at_every_chunk_size),
      cmocka_unit_test(response_parser_reads_a_body_of_stated_length),
      cmocka_unit_test(response_parser_joins_chunks_and_drops_extensions_and_trailers),
      cmocka_unit_test(response_parser_reads_until_close_when_no_length_is_stated),
      cmocka_unit_test(response_parser_passes_over_interim_responses_and_their_fields),
      cmocka_unit_test(response_parser_knows_the_responses_that_have_no_body),
      cmocka_unit_test(response_parser_folds_obsolete_lines_into_one_value),
      cmocka_unit_test(response_parser_reports_what_lies_behind_the_response),
      cmocka_unit_test(response_parser_says_whether_the_connection_can_go_on),
      cmocka_unit_test(response_parser_keeps_retry_after_and_location_of_the_final_response),
      cmocka_unit_test(response_parser_reads_what_the_server_says_about_time),
      cmocka_unit_test(response_parser_forgets_the_times_of_interim_responses_and_trailers),
      cmocka_unit_test(response_parser_refuses_malformed_status_lines),
      cmocka_unit_test(response_parser_refuses_malformed_fields),
      cmocka_unit_test(response_parser_refuses_doubtful_lengths_and_codings),
      cmocka_unit_test(response_parser_sees_what_stands_far_behind_in_a_value),
      cmocka_unit_test(response_parser_reports_a_content_coding),
      cmocka_unit_test(response_parser_refuses_malformed_chunks),
      cmocka_unit_test(response_parser_refuses_a_stream_that_ends_inside),
      cmocka_unit_test(response_parser_ends_floods_of_every_kind),
      cmocka_unit_test(response_parser_allows_just_the_limits),
      cmocka_unit_test(response_parser_repeats_its_failure_until_reset),
  };
  return cmocka_run_group_tests_name("agent/response_parser", tests, nullptr, nullptr);
}
