// SPDX-License-Identifier: Apache-2.0
//
// A token comes out of strict JSON in an answer of 200 and of nothing else, and the server's words
// never repeat a secret. The last octets choose status, grant and room; what is before is the body.
#include <algorithm>
#include <array>
#include <string>

#include "agent/config.h"
#include "agent/http/ascii.h"
#include "agent/oauth/json_text.h"
#include "agent/oauth/token_response.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict_json.h"
#include "tests/support/settings.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::array<std::uint16_t, 16> kStatuses = {200, 200, 200, 200, 200, 400, 400, 401,
                                                     403, 404, 201, 302, 408, 425, 429, 500};

/// What came of a response, copied from where it was read.
struct Outcome {
  Status status = Status::kOk;
  Reason reason = Reason::kNone;
  OAuthError error = OAuthError::kNone;
  std::string words;
  std::string token;
  std::string refresh;
  std::int32_t lifetime_s = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Settings SettingsOf(Grant grant) {
  Settings settings = tests::PageSettings();
  settings.grant = grant;
  settings.password = SecretView("pa55word");
  settings.code = SecretView("c0de");
  return settings;
}

/// @param fill  What the arena holds before: it must not matter.
Outcome Judge(const ResponseParser& response, ConstBytes body, const Settings& settings,
              std::size_t room, std::uint8_t fill) {
  const Exact text(body);
  const Exact arena(room);
  std::fill(arena.bytes().begin(), arena.bytes().end(), fill);
  Outcome outcome;
  {
    JsonObject json(arena.bytes());
    Granted granted;
    const Failure failure = ReadTokenResponse(response, text.bytes(), settings, json, granted);
    outcome = {failure.status,
               failure.reason,
               failure.oauth_error,
               std::string(failure.peer_text.view()),
               std::string(granted.access_token.Reveal()),
               std::string(granted.refresh_token.Reveal()),
               granted.lifetime_s};
  }
  Check(std::count(arena.bytes().begin(), arena.bytes().end(), 0) ==
            static_cast<std::ptrdiff_t>(room),
        "the arena is wiped");
  return outcome;
}

bool IsStatusLegal(Status status, std::uint16_t http_status) {
  const bool ok = http_status == 200;
  return (status == Status::kOk && ok) || (status == Status::kBufferTooSmall && ok) ||
         (status == Status::kMalformed && http_status < 300) ||
         (status == Status::kUnavailable && (ok || http_status >= 400)) ||
         ((status == Status::kRejected || status == Status::kNeedsCode) &&
          (ok || (http_status >= 300 && http_status < 500)));
}

void CheckToken(const Outcome& outcome, ConstBytes body) {
  Check(!outcome.token.empty() && AllAre(outcome.token, [](char c) { return c > ' ' && c <= '~'; }),
        "a token can travel in a field");
  Check(outcome.lifetime_s >= 0 && outcome.lifetime_s <= config::kMaxLifetimeSeconds,
        "its life is within bounds");
  Check(outcome.token.size() + outcome.refresh.size() < body.size(), "it came with the body");
  Check(outcome.reason == Reason::kNone && outcome.words.empty(), "there is nothing to explain");
}

void CheckJson(Status status, ConstBytes body) {
  const bool is_strict = StrictJson::IsObject(AsText(body)) && IsJsonTextPlausible(body);
  Check(status == Status::kBufferTooSmall || is_strict == (status == Status::kOk),
        "JSON is what RFC 8259 says");
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  const std::uint16_t http_status = kStatuses[input.Below(kStatuses.size())];
  const Settings settings = SettingsOf(static_cast<Grant>(input.Below(3)));
  const std::size_t room = input.Flag() ? input.Number(2) % 1024 : 8192;
  const ConstBytes body = input.rest();
  Exact head(AsBytes("HTTP/1.1 " + std::to_string(http_status) +
                     " X\r\nLocation: https://u:pa55word@h/p?q=c0de\r\n\r\n"));
  ResponseParser response;
  Check(response.Decode(head.bytes()).ok(), "the head is one");

  const Outcome outcome = Judge(response, body, settings, room, 0xFF);
  Check(outcome == Judge(response, body, settings, room, '"'), "old memory does not matter");
  Check(IsStatusLegal(outcome.status, http_status), "a status of the table");
  for (const std::string_view secret : {"pa55word", "c0de", "Application1Password"}) {
    Check(outcome.words.find(secret) == std::string::npos, "no secret is repeated");
  }
  if (outcome.status == Status::kOk) {
    CheckToken(outcome, body);
  } else {
    Check(outcome.token.empty() && outcome.refresh.empty() && outcome.reason != Reason::kNone,
          "without a token there is a reason");
  }
  const Exact arena(room);
  JsonObject json(arena.bytes());
  CheckJson(json.Parse(body), body);
}

}  // namespace connect_auth::fuzz
