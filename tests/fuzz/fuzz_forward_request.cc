// SPDX-License-Identifier: Apache-2.0
//
// What the forward proxy passes on, in either direction, is read by the next one as it was here: a
// request that is accepted is accepted again as it was taken apart, an answer has the same status.
#include <string>

#include "agent/http/response_parser.h"
#include "platform/linux/forward/client_request.h"
#include "platform/linux/forward/field_lines.h"
#include "platform/linux/forward/response_head.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::program {
namespace {

using fuzz::Check;
using fuzz::Exact;

constexpr Origin kOrigin{"server.domain.tld", 443, false};

void CheckRefusal(const Refusal& refusal) {
  Check(refusal.status >= 400 && refusal.status <= 505 && !refusal.sentence.empty(),
        "a refusal says why");
}

void CheckRequest(const ClientRequest& request) {
  Check(!request.method.empty() && IsRequestTarget(request.target),
        "there is something to ask for");
  std::string head = std::string(request.method) + " " + std::string(request.target) +
                     (request.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n") +
                     std::string(request.fields) + "\r\n";
  ClientRequest again;
  Check(!ParseClientRequest(head, kOrigin, again), "what is taken apart can be put together");
  Check(again.method == request.method && again.target == request.target &&
            again.fields == request.fields && again.host == request.host &&
            again.content_length == request.content_length &&
            again.expects_continue == request.expects_continue &&
            again.from_browser == request.from_browser,
        "as the same request");
}

void FuzzRequest(ConstBytes octets) {
  const Exact head(octets);
  ClientRequest request;
  const std::optional<Refusal> refusal = ParseClientRequest(head.text(), kOrigin, request);
  if (refusal) {
    CheckRefusal(*refusal);
  } else {
    CheckRequest(request);
  }
}

ResponseHead::Framing FramingOf(const std::string& head, bool has_content) {
  ResponseParser parser;
  parser.Reset(has_content);
  const Exact wire(AsBytes(head + "0\r\n\r\n"));
  Check(parser.Decode(wire.bytes()).ok() && parser.head_complete(), "what goes back is a response");
  return !has_content ? ResponseHead::Framing::kNone
         : head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos
             ? ResponseHead::Framing::kChunked
         : parser.complete() || parser.announced() > 0 ? ResponseHead::Framing::kLength
                                                       : ResponseHead::Framing::kClose;
}

void FuzzAnswer(ConstBytes octets, const AskedWith& asked) {
  ResponseParser parser;
  parser.Reset(!asked.is_head);
  const Exact wire(octets);
  if (!parser.Decode(wire.bytes()).ok() || !parser.head_complete()) {
    return;
  }
  // What the parser left in front of its content: it reads heads without changing them.
  const Exact heads(octets.first(parser.head_size()));
  const std::optional<ResponseHead> made = ForwardedHead(heads.text(), asked);
  Check(made.has_value() && made->text.ends_with("\r\n\r\n"), "a head is made of it");
  Check(made->text.substr(0, 9) == "HTTP/1.1 " &&
            made->text.substr(9, 3) == std::to_string(parser.status()),
        "of the same status");
  const bool has_content = made->framing != ResponseHead::Framing::kNone;
  const ResponseHead::Framing framing = FramingOf(made->text, has_content);
  Check(framing == made->framing, "that says how its content ends");
  FieldLines lines(std::string_view(made->text).substr(made->text.find("\r\n") + 2));
  FieldLines::Line line;
  int own = 0;
  while (lines.Next(line)) {
    own += IsHopByHop(line.name, {}) ? 1 : 0;
  }
  Check(own == (framing == ResponseHead::Framing::kChunked ? 2 : 1),
        "no field of the server's connection goes on");
}

}  // namespace
}  // namespace connect_auth::program

namespace connect_auth::fuzz {

void Run(ConstBytes octets) {
  Input input(octets);
  const std::size_t choice = input.Below(8);
  if (choice < 4) {
    program::FuzzRequest(input.rest());
  } else {
    program::FuzzAnswer(input.rest(), {choice % 2 != 0, choice >= 6});
  }
}

}  // namespace connect_auth::fuzz
