// SPDX-License-Identifier: Apache-2.0
#include "agent/http/request_body.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/fake/fake_body_source.h"

namespace connect_auth {
namespace {

using fake::FakeBodySource;

constexpr std::string_view kText = "0123456789abcdefXYZ";

/// The next piece, however often the source has none yet.
Result<ConstBytes> Next(RequestBody& body, Bytes room) {
  Result<ConstBytes> piece = body.Next(room);
  return piece.status() == Status::kPending ? body.Next(room) : piece;
}

void assert_next(RequestBody& body, Bytes room, std::string_view wanted) {
  const Result<ConstBytes> piece = Next(body, room);
  assert_true(piece.ok());
  assert_true(AsText(piece.value()) == wanted);
}

void request_body_in_memory_is_handed_out_whole(void**) {
  RequestBody none;
  assert_int_equal(none.Next({}).status(), Status::kClosed);
  assert_true(none.Rewind());
  RequestBody body(AsBytes(kText), nullptr);
  assert_true(body.Next({}).value().data() == AsBytes(kText).data());
  assert_int_equal(body.Next({}).status(), Status::kClosed);
  assert_true(body.Rewind());
}

void request_body_of_known_size_comes_as_it_is(void**) {
  std::array<std::uint8_t, 16> room{};
  FakeBodySource source(AsBytes(kText), kText.size(), 100);
  RequestBody body({}, &source);
  assert_int_equal(body.Next(room).status(), Status::kPending);
  assert_next(body, room, "0123456789abcdef");
  assert_next(body, room, "XYZ");
  assert_int_equal(body.Next(room).status(), Status::kClosed);
  assert_int_equal(body.Next(room).status(), Status::kClosed);
}

void request_body_takes_no_more_than_the_size_that_was_announced(void**) {
  std::array<std::uint8_t, 16> room{};
  FakeBodySource grown(AsBytes(kText), 3, 100);
  RequestBody body({}, &grown);
  assert_next(body, room, "012");
  assert_int_equal(body.Next(room).status(), Status::kClosed);
  FakeBodySource empty({}, 0, 100);
  RequestBody nothing({}, &empty);
  assert_int_equal(nothing.Next(room).status(), Status::kClosed);
}

void request_body_whose_source_ends_too_early_is_unavailable(void**) {
  std::array<std::uint8_t, 100> room{};
  FakeBodySource shrunk(AsBytes(kText), kText.size() + 1, 100);
  RequestBody body({}, &shrunk);
  assert_next(body, room, kText);
  assert_int_equal(Next(body, room).status(), Status::kUnavailable);
}

void request_body_of_unknown_size_comes_in_chunks(void**) {
  std::array<std::uint8_t, 100> room{};
  FakeBodySource source(AsBytes(kText), BodySource::kUnknownSize, 17);
  RequestBody body({}, &source);
  assert_int_equal(body.Next(room).status(), Status::kPending);
  assert_next(body, room, "11\r\n0123456789abcdefX\r\n");
  assert_next(body, room, "2\r\nYZ\r\n");
  assert_next(body, room, "0\r\n\r\n");
  assert_int_equal(body.Next(room).status(), Status::kClosed);
  assert_int_equal(body.Next(room).status(), Status::kClosed);
}

void request_body_makes_chunks_in_as_little_room_as_it_says(void**) {
  std::array<std::uint8_t, RequestBody::kLeastRoom> room{};
  FakeBodySource source(AsBytes("ab"), BodySource::kUnknownSize, 17);
  RequestBody body({}, &source);
  assert_next(body, room, "1\r\na\r\n");
  assert_next(body, room, "1\r\nb\r\n");
  assert_next(body, room, "0\r\n\r\n");
}

void request_body_says_what_its_source_said(void**) {
  std::array<std::uint8_t, 100> room{};
  for (const std::size_t size : {kText.size(), BodySource::kUnknownSize}) {
    FakeBodySource source(AsBytes(kText), size, 17);
    source.FailRead(1, Status::kCorrupt);
    RequestBody body({}, &source);
    assert_int_equal(Next(body, room).status(), Status::kCorrupt);
  }
}

void request_body_is_rewound_only_if_something_was_taken(void**) {
  std::array<std::uint8_t, 100> room{};
  for (const std::size_t size : {kText.size(), BodySource::kUnknownSize}) {
    FakeBodySource source(AsBytes(kText), size, 17);
    source.SetRewindable(false);
    RequestBody body({}, &source);
    assert_true(body.Rewind());
    assert_true(Next(body, room).ok());
    assert_false(body.Rewind());
    source.SetRewindable(true);
    assert_true(body.Rewind());
    assert_int_equal(source.rewinds(), 2);
  }
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(request_body_in_memory_is_handed_out_whole),
      cmocka_unit_test(request_body_of_known_size_comes_as_it_is),
      cmocka_unit_test(request_body_takes_no_more_than_the_size_that_was_announced),
      cmocka_unit_test(request_body_whose_source_ends_too_early_is_unavailable),
      cmocka_unit_test(request_body_of_unknown_size_comes_in_chunks),
      cmocka_unit_test(request_body_makes_chunks_in_as_little_room_as_it_says),
      cmocka_unit_test(request_body_says_what_its_source_said),
      cmocka_unit_test(request_body_is_rewound_only_if_something_was_taken),
  };
  return cmocka_run_group_tests_name("agent/request_body", tests, nullptr, nullptr);
}
