// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_request.h"

#include <string_view>

#include "agent/encoding/form.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// @param front  What stands in front of the value: its name, and the parameters before it.
/// @param value  Empty: neither is put.
void Put(std::string_view front, std::string_view value, ByteWriter& into) {
  if (!value.empty()) {
    into.Put(front);
    FormEncode(value, into);
  }
}

/// The parameters of a grant.
void WriteForm(TokenRequestKind kind, const Settings& settings, SecretView refresh_token,
               ByteWriter& into) {
  switch (kind) {
    case TokenRequestKind::kPassword:
      Put("grant_type=password&username="sv, settings.username, into);
      return Put("&password="sv, settings.password.Reveal(), into);
    case TokenRequestKind::kCode:
      Put("grant_type=authorization_code&code="sv, settings.code.Reveal(), into);
      Put("&redirect_uri="sv, settings.redirect_uri, into);
      return Put("&code_verifier="sv, settings.code_verifier.Reveal(), into);
    case TokenRequestKind::kRefreshToken:
      return Put("grant_type=refresh_token&refresh_token="sv, refresh_token.Reveal(), into);
  }
}

}  // namespace

void WriteTokenRequest(TokenRequestKind kind, const Settings& settings, SecretView refresh_token,
                       const Origin& origin, ByteWriter& into) {
  ByteWriter measure({});
  WriteForm(kind, settings, refresh_token, measure);
  RequestWriter request(into);
  request.Begin("POST"sv, settings.token_path, origin);
  request.BasicAuthorization(settings.client_id, settings.client_secret,
                             settings.auth_encoding == AuthEncoding::kForm);
  request.Field("Content-Type"sv, "application/x-www-form-urlencoded"sv);
  request.ContentLength(measure.size());
  request.Field("Accept"sv, "application/json"sv);
  if (settings.keep_alive == Millis{0}) {
    request.AnnounceClose();
  }
  request.End();
  WriteForm(kind, settings, refresh_token, into);
}

}  // namespace connect_auth
