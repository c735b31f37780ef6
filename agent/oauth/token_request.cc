// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_request.h"

#include <string_view>

#include "agent/encoding/form.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

void WriteForm(const GrantStrategy& grant, const Settings& settings, SecretView refresh_token,
               ByteWriter& into) {
  into.Put("grant_type="sv);
  into.Put(grant.type);
  for (const GrantParameter& parameter : grant.parameters) {
    const std::string_view value = parameter.value(settings, refresh_token);
    if (!value.empty()) {
      into.Put(parameter.front);
      FormEncode(value, into);
    }
  }
}

}  // namespace

void WriteTokenRequest(const GrantStrategy& grant, const Settings& settings,
                       SecretView refresh_token, const Origin& origin, ByteWriter& into) {
  ByteWriter measure({});
  WriteForm(grant, settings, refresh_token, measure);
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
  WriteForm(grant, settings, refresh_token, into);
}

}  // namespace connect_auth
