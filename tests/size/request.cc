// SPDX-License-Identifier: Apache-2.0
//
// Only the request for a token and its response, HTTP, JSON and Base64, without TLS and life cycle:
// what other libraries for that can be compared with. Not meant to be run; see sizes.py.

#include "agent/http/response_parser.h"
#include "agent/oauth/token_request.h"
#include "agent/oauth/token_response.h"

using namespace connect_auth;

// Not known before it runs: a compiler would use what it knows.
const Settings* volatile the_settings;
const Origin* volatile the_origin;
Bytes request_room;
Bytes response_octets;
Bytes json_room;

int main() {
  ByteWriter request(request_room);
  WriteTokenRequest(StrategyOf(Grant::kPassword), *the_settings, {}, *the_origin, request);
  static ResponseParser parser;
  parser.Reset(true);
  const IoResult content = parser.Decode(response_octets);
  if (!content.ok() || !parser.complete()) {
    return static_cast<int>(parser.reason());
  }
  JsonObject json(json_room);
  Granted granted;
  const Failure failure = ReadTokenResponse(parser, response_octets.first(content.bytes()),
                                            *the_settings, json, granted);
  return static_cast<int>(failure.status) + granted.lifetime_s;
}
