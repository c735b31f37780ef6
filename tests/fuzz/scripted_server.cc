// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/scripted_server.h"

#include <algorithm>
#include <array>

namespace connect_auth::fuzz {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::size_t kTooLong = 1100;  // The agent has room for 1024 octets of token.

std::string Response(std::string_view status, std::string_view fields, std::string_view content) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\n").append(fields);
  text.append("Content-Length: ").append(std::to_string(content.size())).append("\r\n\r\n");
  return text.append(content);
}

std::string_view Between(std::string_view text, std::string_view begin, std::string_view ends) {
  const std::size_t at = text.find(begin);
  if (at == std::string_view::npos) {
    return {};
  }
  text.remove_prefix(at + begin.size());
  return text.substr(0, text.find_first_of(ends));
}

void Prune(std::deque<std::int64_t>& moments, std::int64_t now) {
  while (!moments.empty() && moments.front() <= now - kHour) {
    moments.pop_front();
  }
}

}  // namespace

// The way to it.

void ScriptedServer::PlanNetwork(Input& input) {
  constexpr std::array kOutcomes = {
      Status::kOk,          Status::kOk,        Status::kOk,       Status::kOk,
      Status::kOk,          Status::kPending,   Status::kNotFound, Status::kUnavailable,
      Status::kUntrusted,   Status::kMalformed, Status::kRejected, Status::kCertificateDate,
      Status::kOutOfMemory, Status::kOk,        Status::kOk,       Status::kOk};
  connect_outcome_ = kOutcomes[input.Below(kOutcomes.size())];
  chunk_ = input.Octet() + 1U;
  breaks_in_ = input.Octet() % 32U;
  end_ = static_cast<End>(input.Below(3));
}

Status ScriptedServer::Connect(std::string_view host, std::uint16_t port) {
  Check(host == kHost && port == 443, "nobody else is asked");
  if (phase_ == Phase::kClosed) {
    Begin();
  }
  if (phase_ == Phase::kOpen) {
    return Status::kOk;
  }
  if (connect_outcome_ != Status::kOk) {
    return connect_outcome_;
  }
  phase_ = Stalls(connect_stalled_) ? Phase::kConnecting : Phase::kOpen;
  return phase_ == Phase::kOpen ? Status::kOk : Status::kPending;
}

void ScriptedServer::Begin() {
  phase_ = Phase::kConnecting;
  request_.clear();
  reply_.clear();
  delivered_ = 0;
  answered_ = false;
  ++begun_;
  const std::int64_t now = clock_.Now().millis;
  begun_at_.push_back(now);
  Prune(begun_at_, now);
  Prune(allowed_at_, now);
  Check(begun_at_.size() <= kMostConnections + 3 * allowed_at_.size(), "no storm");
}

void ScriptedServer::Allow() {
  allowed_at_.push_back(clock_.Now().millis);
}

Status ScriptedServer::Enter(bool& stalled) {
  Check(phase_ == Phase::kOpen || phase_ == Phase::kBroken, "connected first");
  if (breaks_in_ > 0 && --breaks_in_ == 0) {
    phase_ = Phase::kBroken;
  }
  if (phase_ == Phase::kBroken) {
    return Status::kUnavailable;
  }
  return Stalls(stalled) ? Status::kPending : Status::kOk;
}

IoResult ScriptedServer::Write(ConstBytes data) {
  Check(!data.empty(), "there is something to send");
  const Status ready = Enter(write_stalled_);
  if (ready != Status::kOk) {
    return IoResult::Error(ready);
  }
  if (answered_) {
    Check(delivered_ == reply_.size(), "one request at a time");
    request_.clear();
    answered_ = false;
  }
  const std::size_t size = std::min(data.size(), chunk_);
  request_ += AsText(data.first(size));
  if (HasRequest()) {
    Answer();
  }
  return IoResult::Bytes(size);
}

IoResult ScriptedServer::Read(Bytes into) {
  Check(!into.empty(), "there is room");
  const Status ready = Enter(read_stalled_);
  if (ready != Status::kOk) {
    return IoResult::Error(ready);
  }
  const ConstBytes rest = AsBytes(reply_).subspan(delivered_);
  if (rest.empty()) {
    return IoResult::Error(!answered_ || end_ == End::kOpen ? Status::kPending
                           : end_ == End::kClosed           ? Status::kClosed
                                                            : Status::kUnavailable);
  }
  const std::size_t size = std::min({rest.size(), into.size(), chunk_});
  CopyBytes(rest.first(size), into);
  delivered_ += size;
  return IoResult::Bytes(size);
}

void ScriptedServer::Close() {
  phase_ = Phase::kClosed;
}

// What it says.

void ScriptedServer::PlanAnswer(Input& input) {
  constexpr std::size_t kMostRaw = 64;
  kind_ = input.Octet();
  number_ = static_cast<std::uint32_t>(input.Number(2)) << input.Below(16);
  raw_ = AsText(input.Take(std::min<std::size_t>(input.Octet(), kMostRaw)));
}

bool ScriptedServer::HasRequest() const {
  const std::size_t end = request_.find("\r\n\r\n");
  const std::string length(Between(request_, "Content-Length: ", "\r"));
  return end != std::string::npos &&
         request_.size() >= end + 4 + (length.empty() ? 0 : std::stoul(length));
}

void ScriptedServer::Answer() {
  const bool wants_token = request_.starts_with("POST /Connect/api/token ");
  delivered_ = 0;
  answered_ = true;
  if (wants_token) {
    LookAtTokenRequest();
  } else {
    LookAtApiRequest();
  }
  reply_ = wants_token ? TokenAnswer() : ApiAnswer();
}

void ScriptedServer::LookAtTokenRequest() {
  Check(request_.find("\r\nAuthorization: Basic ") != std::string::npos, "with the credentials");
  const std::string code(Between(request_, "&code=", "&"));
  Check(code.empty() || codes_.insert(code).second || forgetful_, "a code is sent once");
}

void ScriptedServer::LookAtApiRequest() {
  const std::string_view token = Between(request_, "\r\nAuthorization: Bearer ", "\r");
  Check(!token.starts_with(kBad), "no token out of a bad response is used");
  Check(!token.starts_with(kGood) || issued_.contains(token), "nor one that was never given");
}

std::string ScriptedServer::TokenAnswer() {
  const std::string number = std::to_string(number_);
  const std::string serial = std::to_string(++serial_);
  const std::string life = "\",\"token_type\":\"bearer\",\"expires_in\":" + number;
  const std::string token(std::string(kGood) + serial);
  switch (kind_ % 16) {
    case 0:
    case 1:
    case 2:
      issued_.insert(token);
      issued_at_ = clock_.Now();
      Allow();
      return Response("200 OK", kind_ % 2 == 0 ? "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n" : "",
                      "{\"access_token\":\"" + token + life +
                          (kind_ % 16 == 2 ? ",\"refresh_token\":\"ref" + serial + "\"}" : "}"));
    case 3:
      Allow();  // It may be about the refresh token: then the credentials are next, at once.
      return Response("400 Bad Request", "", "{\"error\":\"invalid_grant\"}");
    case 4:
      return Response("401 Unauthorized", "", "{\"error\":\"invalid_client\"}");
    case 5:
      return Response("429 Too Many Requests", "Retry-After: " + number + "\r\n", "");
    case 6:
      return Response("503 Busy",
                      "Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n"
                      "Retry-After: Sat, 28 Nov 2026 12:30:00 GMT\r\n",
                      "");
    case 7:
      Allow();  // As above.
      return Response("403 Forbidden", "", "<html>");
    case 8:
      return Response("404 Not Found", "", "");
    case 9:
      return {};  // Silence.
    case 10:
      return raw_.find(kBad) == std::string::npos ? raw_ : std::string();
    default:
      return BadAnswer("{\"access_token\":\"" + std::string(kBad) + serial + life);
  }
}

/// Something is wrong with each, so that nothing in it is a token.
std::string ScriptedServer::BadAnswer(std::string_view members) const {
  const std::string body = std::string(members) + "}";
  const std::string whole = Response("200 OK", "", body);
  switch (number_ % 13) {
    case 0:
      return whole.substr(0, number_ / 16 % whole.size());
    case 1:
      return Response("201 Created", "", body);
    case 2:
      return Response("302 Found", "Location: https://elsewhere.tld/\r\n", body);
    case 3:
      return Response("200 OK", "Content-Length: 3\r\n", body);
    case 4:
      return Response("200 OK", "Transfer-Encoding: chunked\r\n", body);
    case 5:
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body;
    case 6:
      return "HTTP/1.1 200 OK\nConnection: close\n\n" + body;
    case 7:
      return Response("200 OK", "Content-Encoding: gzip\r\n", body);
    case 8:
      return Response("200 OK", "", body + "}");
    case 9:
      return Response("200 OK", "", std::string(members) + ",\"error\":\"invalid_scope\"}");
    case 10:
      return Response("200 OK", "", std::string(members) + ",\"access_token\":\"bad\"}");
    case 11:
      return Response("200 OK", "", "{\"access_token\":\"bad " + body.substr(17));
    default:
      return Response("200 OK", "",
                      "{\"access_token\":\"bad" + std::string(kTooLong, 'x') + body.substr(17));
  }
}

std::string ScriptedServer::ApiAnswer() const {
  switch (kind_ / 16 % 6) {
    case 0:
      return Response("200 OK", "", std::string(number_ % 5000, 'a'));
    case 1:
      return Response("401 Unauthorized", "", "");
    case 2:
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    case 3:
      return Response("500 Oops", "", "oops").substr(0, number_ % 40);
    case 4:
      return raw_;
    default:
      return {};
  }
}

}  // namespace connect_auth::fuzz
