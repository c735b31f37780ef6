// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/expected_answer.h"

#include <algorithm>
#include <array>

#include "agent/http/ascii.h"
#include "platform/linux/text.h"

extern "C" {  // It does not say so itself.
#include <mbedtls/constant_time.h>
}

namespace connect_auth::program {
namespace {

/// Those of RFC 6749 section 4.1.2 that matter here. Without a value is as good as absent.
struct Parameters {
  SecretBuffer code;
  SecretBuffer state;
  SecretBuffer error;
};

struct NamedParameter {
  std::string_view name;
  SecretBuffer Parameters::*value;
};
constexpr std::array kParameters = {NamedParameter{"code", &Parameters::code},
                                    NamedParameter{"state", &Parameters::state},
                                    NamedParameter{"error", &Parameters::error}};

struct AuthorizeError {
  std::string_view name;
  ExitCode code;
  const char* next_step;
};
// RFC 6749 section 4.1.2.1.
constexpr std::array kErrors = {
    AuthorizeError{"access_denied", ExitCode::kRefused,
                   "log in once more, and allow it if it should be allowed"},
    AuthorizeError{"invalid_request", ExitCode::kRefused,
                   "check redirect_uri, send_redirect_uri and pkce in [grant]"},
    AuthorizeError{"unauthorized_client", ExitCode::kRefused,
                   "change the API client on the server, or type in [grant]"},
    AuthorizeError{"unsupported_response_type", ExitCode::kRefused, "change type in [grant]"},
    AuthorizeError{"invalid_scope", ExitCode::kRefused, "change the API client on the server"},
    AuthorizeError{"server_error", ExitCode::kUnreachable, "try again later"},
    AuthorizeError{"temporarily_unavailable", ExitCode::kUnreachable, "try again later"},
};

/// Undoes form encoding.
///
/// @param into  Empty.
/// @return false  An escape is malformed, or there is no memory.
bool Decode(std::string_view text, SecretBuffer& into) {
  if (!into.Reserve(text.size())) {
    return false;
  }
  while (!text.empty()) {
    const bool is_escape = text.front() == '%';
    if (is_escape && (text.size() < 3 || !IsHexDigit(text[1]) || !IsHexDigit(text[2]))) {
      return false;
    }
    into.room().front() =
        is_escape ? static_cast<std::uint8_t>(HexDigitValue(text[1]) * 16 + HexDigitValue(text[2]))
        : text.front() == '+' ? std::uint8_t{' '}
                              : static_cast<std::uint8_t>(text.front());
    into.Fill(1);
    text.remove_prefix(is_escape ? 3 : 1);
  }
  return true;
}

/// @return false  It is malformed, or one stands there twice.
bool TakeParameter(std::string_view pair, Parameters& into) {
  const std::string_view name = Part(pair, 0, pair.find('='));
  for (const NamedParameter& known : kParameters) {
    SecretBuffer& value = into.*known.value;
    if (name == known.name && name.size() < pair.size()) {
      return value.empty() && Decode(Part(pair, name.size() + 1), value);
    }
  }
  return true;
}

bool ReadParameters(std::string_view query, Parameters& into) {
  while (!query.empty()) {
    const std::string_view pair = Part(query, 0, query.find('&'));
    if (!TakeParameter(pair, into)) {
      return false;
    }
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return true;
}

Problem ExplainError(std::string_view error) {
  for (const AuthorizeError& known : kErrors) {
    if (error == known.name) {
      return {known.code,
              Join({"the server did not give out a code (", error, "); ", known.next_step})};
    }
  }
  return {ExitCode::kRefused,
          "the server did not give out a code, for a reason of its own; see what it showed in the "
          "browser"};
}

std::string_view WithoutBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const std::size_t end = text.find_last_not_of(kBlanks) + 1;
  return Part(text, begin, end - std::min(begin, end));
}

}  // namespace

void ExpectedAnswer::TakeQuery(std::string_view query) {
  Parameters given;
  if (!ReadParameters(query, given)) {
    return Refuse("the answer is malformed");
  }
  if (!HasState(given.state)) {
    return Refuse("the answer does not belong to this login (its state is another)");
  }
  if (given.code.empty() == given.error.empty()) {
    return Refuse("the answer has no code");
  }
  is_over_ = true;
  problem_ = {};
  if (!given.error.empty()) {
    problem_ = ExplainError(AsText(given.error.bytes()));
  } else if (!code_.Append(given.code.bytes())) {
    problem_ = NoMemory();
  }
}

void ExpectedAnswer::TakePasted(std::string_view text) {
  text = WithoutBlanks(text);
  if (text.empty()) {
    return;
  }
  if (text.find("://") == std::string_view::npos) {
    is_over_ = true;
    problem_ = code_.Append(AsBytes(text)) ? Problem() : NoMemory();
    return;
  }
  const std::optional<RedirectUri> address = ParseRedirectUri(text);
  if (!address) {
    return Refuse("the address is malformed");
  }
  if (redirect_uri_ && !IsSamePlace(*address, *redirect_uri_)) {
    return Refuse("the address is not the configured redirect_uri");
  }
  TakeQuery(address->query);
}

void ExpectedAnswer::Refuse(std::string_view cause) {
  problem_ = {ExitCode::kNeedsCode,
              Join({cause, "; paste the address to which the browser was sent in the end"})};
}

bool ExpectedAnswer::HasState(const SecretBuffer& state) const {
  const ConstBytes expected = AsBytes(state_.Reveal());
  return state.size() == expected.size() && !expected.empty() &&
         mbedtls_ct_memcmp(state.bytes().data(), expected.data(), expected.size()) == 0;
}

}  // namespace connect_auth::program
