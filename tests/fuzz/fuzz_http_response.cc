// SPDX-License-Identifier: Apache-2.0
//
// A response comes to the same whatever the pieces it arrives in; nothing comes out of it that did
// not go in.
#include <string>

#include "agent/config.h"
#include "agent/http/response_parser.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

/// All that can be seen of a response.
struct Outcome {
  Status decoded = Status::kOk;
  Status finished = Status::kOk;
  Reason reason = Reason::kNone;
  std::uint16_t status = 0;
  std::size_t head_size = 0;
  std::uint64_t announced = 0;
  std::uint32_t retry_after_s = 0;
  UnixSeconds date;
  bool complete = false;
  bool head_complete = false;
  bool surplus = false;
  bool keeps_connection = false;
  bool content_coded = false;
  std::string location;
  std::string content;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void LookAt(const ResponseParser& parser, Outcome& outcome) {
  outcome.reason = parser.reason();
  outcome.status = parser.status();
  outcome.head_size = parser.head_size();
  outcome.announced = parser.announced();
  outcome.retry_after_s = parser.retry_after_s();
  outcome.date = parser.date();
  outcome.complete = parser.complete();
  outcome.head_complete = parser.head_complete();
  outcome.surplus = parser.surplus();
  outcome.keeps_connection = parser.keeps_connection();
  outcome.content_coded = parser.content_coded();
  outcome.location = parser.location().view();
}

Outcome Parse(ConstBytes wire, bool body_expected, Pieces pieces) {
  ResponseParser parser;
  parser.Reset(body_expected);
  Outcome outcome;
  while (!wire.empty() && outcome.decoded == Status::kOk) {
    const Exact piece(pieces.Next(wire));
    const IoResult content = parser.Decode(piece.bytes());
    outcome.decoded = content.status();
    if (content.ok()) {
      outcome.content += piece.text().substr(0, content.bytes());
    }
  }
  LookAt(parser, outcome);
  outcome.finished = parser.Finish();
  Exact more(AsBytes("more"));
  Check(outcome.decoded == Status::kOk || !parser.Decode(more.bytes()).ok(), "a failure stays");
  return outcome;
}

void CheckSense(const Outcome& outcome, std::size_t size) {
  constexpr std::size_t kMostHead = config::kMaxHeadBytes * (config::kMaxInterimResponses + 1);
  Check(outcome.content.size() <= size, "no more content than there was of the response");
  Check(outcome.head_size <= kMostHead && outcome.head_size <= size, "heads are limited");
  Check((outcome.decoded == Status::kMalformed) == (outcome.reason != Reason::kNone),
        "what is malformed has a reason, and nothing else");
  Check(!outcome.complete || (outcome.head_complete && outcome.finished == Status::kOk),
        "what is complete has a head, and may end");
  Check(!outcome.head_complete || (outcome.status >= 200 && outcome.status <= 599),
        "the final status is 200 to 599");
  Check(!outcome.surplus || !outcome.keeps_connection, "a surplus ends the connection");
  Check(outcome.date.count >= 0, "no date is before 1970");
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  const bool body_expected = !input.Flag();
  const auto seed = static_cast<std::uint32_t>(input.Number(2));
  const Outcome whole = Parse(input.rest(), body_expected, Pieces(0));
  CheckSense(whole, input.rest().size());
  // What came before a failure depends on the pieces: nobody is told how much of it is good.
  Outcome bare = whole;
  bare.content.clear();
  for (const std::uint32_t cut : {1U, seed}) {
    Outcome pieces = Parse(input.rest(), body_expected, Pieces(cut));
    if (whole.decoded != Status::kOk) {
      pieces.content.clear();
    }
    Check(pieces == (whole.decoded == Status::kOk ? whole : bare), "alike in all pieces");
  }
}

}  // namespace connect_auth::fuzz
