// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/server.h"

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <ctime>

namespace connect_auth::simulator {
namespace {

constexpr std::size_t kTokenSize = 891;  // SOTI's sample
constexpr std::size_t kRefreshSize = 64;

std::string DateAt(std::int64_t milliseconds) {
  const std::time_t time = Moment::kBeginS + milliseconds / kSecond;
  std::tm broken_down{};
  gmtime_r(&time, &broken_down);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &broken_down);
  return {text.data(), size};
}

/// `letter` and a number, filled up.
std::string Numbered(char letter, std::uint32_t number, std::size_t size) {
  std::array<char, 16> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "%c%09" PRIu32, letter, number));
  std::string whole(text.data());
  whole.resize(size, 'x');
  return whole;
}

/// The value of a form's member; all values here consist of letters and digits.
std::string_view Member(std::string_view form, std::string_view name) {
  const std::string key = std::string(name) + "=";
  std::size_t at = form.starts_with(key) ? 0 : form.find("&" + key);
  if (at == std::string_view::npos) {
    return {};
  }
  at = form.find('=', at) + 1;
  return form.substr(at, form.find('&', at) - at);
}

std::string_view Field(std::string_view head, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(key);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::size_t begin = at + key.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::size_t ToNumber(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string_view Server::Answer(std::string_view received) {
  reply_.clear();
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return {};
  }
  const std::string_view head = received.substr(0, end + 2);
  const std::string_view body = received.substr(end + 4);
  if (body.size() < ToNumber(Field(head, "Content-Length"))) {
    return {};
  }
  present_.came = true;
  if (head.starts_with("POST /Connect/api/token ")) {
    AnswerToken(body);
  } else {
    AnswerApi(head);
  }
  return reply_;
}

void Server::SetTrouble(Trouble trouble, std::int64_t until) {
  trouble_ = trouble;
  trouble_until_ = until;
}

void Server::SetLifetime(std::int64_t seconds) {
  lifetime_s_ = seconds;
  judge_.TokensLive(seconds * kSecond);
}

void Server::RevokeAll() {
  for (Grant& grant : grants_) {
    grant.revoked = true;
  }
}

std::string Server::NewCode() {
  code_ = Numbered('c', ++code_number_, 32);
  return code_;
}

bool Server::IsGoodCode(const std::string& code) const {
  return code == code_ && !codes_.contains(code);
}

std::uint32_t Server::SerialOf(std::string_view token) {
  return token.size() == kTokenSize && token.front() == 't'
             ? static_cast<std::uint32_t>(ToNumber(token.substr(1, 9)))
             : 0;
}

bool Server::IsGood(std::uint32_t serial) const {
  return serial != 0 && !grant(serial).revoked && moment_.now < grant(serial).ends;
}

/// A code counts as used as soon as it was sent, whatever is answered.
bool Server::IsGoodSecret(std::string_view body, std::string_view grant_type) {
  if (grant_type == "refresh_token") {
    return !refresh_token_.empty() && Member(body, "refresh_token") == refresh_token_;
  }
  if (grant_type == "authorization_code") {
    const std::string code(Member(body, "code"));
    if (++codes_[code] > 1) {
      judge_.Break(Rule::kCodeOnce, "the same code came again");
    }
    return code == code_ && codes_[code] == 1;
  }
  return Member(body, "password") == password();
}

void Server::AnswerToken(std::string_view body) {
  ++token_requests_;
  present_.asked_for_token = true;
  const std::string_view grant_type = Member(body, "grant_type");
  const bool is_refresh = grant_type == "refresh_token";
  const std::string_view secret = Member(body, grant_type == "password" ? "password" : "code");
  present_.credentials = is_refresh ? "" : std::string(secret);
  judge_.Asks();
  judge_.Tries(present_.credentials);
  if (!AnswerTrouble()) {
    IsGoodSecret(body, grant_type) ? GiveToken() : Refuse("invalid_grant");
  }
  if (present_.refused && is_refresh) {
    ++refused_refresh_;
    judge_.Allow(1);  // The credentials are tried at once.
  }
}

void Server::GiveToken() {
  const std::int64_t ends = moment_.now + lifetime_s_ * kSecond;
  grants_.push_back({moment_.now, ends, moment_.wall_error, moment_.boot, false});
  std::string content =
      "{\"access_token\":\"" + Numbered('t', tokens(), kTokenSize) +
      "\",\"token_type\":\"bearer\",\"expires_in\":" + std::to_string(lifetime_s_);
  if (setup_.gives_refresh) {
    refresh_token_ = Numbered('r', ++refresh_number_, kRefreshSize);
    content += ",\"refresh_token\":\"" + refresh_token_ + "\"";
  }
  Reply("200 OK", "Content-Type: application/json\r\n", content + "}");
}

void Server::Refuse(std::string_view error) {
  ++refusals_;
  present_.refused = true;
  Reply("400 Bad Request", "", "{\"error\":\"" + std::string(error) + "\"}");
}

/// @return  Whether it was in trouble.
bool Server::AnswerTrouble() {
  constexpr std::string_view kPage = "<html><head><title>Sorry</title></head></html>";
  constexpr std::string_view kMessage = "{\"ErrorMessage\":\"Something went wrong\"}";
  if (fault() != nullptr) {
    AnswerWrongly(*fault());
    return true;
  }
  switch (trouble()) {
    case Trouble::kServerError:
      Reply("500 Internal Server Error", "", "");
      return true;
    case Trouble::kSotiError:
      Reply("500 Internal Server Error", "", kMessage);
      return true;
    case Trouble::kHtmlError:
      Reply("502 Bad Gateway", "Content-Type: text/html\r\n", kPage);
      return true;
    case Trouble::kTooManyRequests:
      present_.retry_after = 700 * kSecond;
      Reply("429 Too Many Requests", "Retry-After: 700\r\n", "");
      return true;
    case Trouble::kUnavailableUntil:
      // A date counts from the Date beside it.
      present_.retry_after = moment_.now >= no_date_until_ ? 1200 * kSecond : 0;
      Reply("503 Service Unavailable",
            "Retry-After: " + DateAt(moment_.now + 1200 * kSecond) + "\r\n", kPage);
      return true;
    case Trouble::kEmptyAnswer:
      Reply("200 OK", "", "");
      return true;
    case Trouble::kHtmlAnswer:
      Reply("200 OK", "Content-Type: text/html\r\n", kPage);
      return true;
    case Trouble::kNoSuchPath:
      Reply("404 Not Found", "", kPage);
      return true;
    case Trouble::kRefusesEverything:
      present_.refused = true;
      Reply("400 Bad Request", "", kMessage);
      return true;
    case Trouble::kRedirects:
      present_.refused = true;
      Reply("302 Found", "Location: https://server.domain.tld/login\r\n", "");
      return true;
    case Trouble::kNone:
    case Trouble::kNoName:
    case Trouble::kNoConnection:
    case Trouble::kNeverConnects:
    case Trouble::kNeverAnswers:
    case Trouble::kLosesAnswers:
    case Trouble::kTruncatesAnswers:
    case Trouble::kSlow:
    case Trouble::kTooSlow:
      break;
  }
  return false;
}

void Server::AnswerWrongly(const Fault& fault) {
  ++faults_;
  present_.fault = &fault;
  present_.refused = fault.latches && present_.asked_for_token;
  present_.retry_after = fault.retry_after * kSecond;
  reply_ = fault.wire;
}

void Server::AnswerApi(std::string_view head) {
  ++api_requests_;
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view token = Field(head, "Authorization");
  token.remove_prefix(token.starts_with(kScheme) ? kScheme.size() : 0);
  if (refuses_api() || !IsGood(SerialOf(token))) {
    return Reply("401 Unauthorized", "WWW-Authenticate: Bearer\r\n", "{}");
  }
  if (!AnswerTrouble()) {
    Reply("200 OK", "Content-Type: application/json\r\n", "{\"devices\":[]}");
  }
}

void Server::Reply(std::string_view status, std::string_view fields, std::string_view content) {
  reply_ = "HTTP/1.1 " + std::string(status) + "\r\n";
  if (moment_.now >= no_date_until_) {
    reply_ += "Date: " + DateAt(moment_.now) + "\r\n";
  }
  reply_ += fields;
  reply_ += "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n";
  reply_ += content;
}

}  // namespace connect_auth::simulator
