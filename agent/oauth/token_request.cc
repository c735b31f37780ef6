// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/token_request.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "agent/encoding/form.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view value;
};

/// The parameters of a grant; there are at most this many.
class Form {
 public:
  Form(TokenRequestKind kind, const Settings& settings, SecretView refresh_token) {
    switch (kind) {
      case TokenRequestKind::kPassword:
        Add("grant_type", "password");
        Add("username", settings.username);
        Add("password", settings.password.Reveal());
        break;
      case TokenRequestKind::kCode:
        Add("grant_type", "authorization_code");
        Add("code", settings.code.Reveal());
        if (!settings.redirect_uri.empty()) {
          Add("redirect_uri", settings.redirect_uri);
        }
        break;
      case TokenRequestKind::kRefreshToken:
        Add("grant_type", "refresh_token");
        Add("refresh_token", refresh_token.Reveal());
        break;
    }
  }

  std::size_t EncodedSize() const {
    std::size_t size = count_ - 1;  // The ampersands.
    for (const Parameter& parameter : parameters()) {
      size += parameter.name.size() + 1 + FormEncodedSize(parameter.value);
    }
    return size;
  }

  void Write(ByteWriter& into) const {
    for (const Parameter& parameter : parameters()) {
      if (&parameter != parameters_.data()) {
        into.Put('&');
      }
      into.Put(parameter.name);
      into.Put('=');
      FormEncode(parameter.value, into);
    }
  }

 private:
  void Add(std::string_view name, std::string_view value) { parameters_[count_++] = {name, value}; }
  std::span<const Parameter> parameters() const { return std::span(parameters_).first(count_); }

  std::array<Parameter, 3> parameters_;
  std::size_t count_ = 0;
};

}  // namespace

void WriteTokenRequest(TokenRequestKind kind, const Settings& settings, SecretView refresh_token,
                       const Origin& origin, ByteWriter& into) {
  const Form form(kind, settings, refresh_token);
  RequestWriter request(into);
  request.Begin("POST", settings.token_path, origin);
  if (settings.auth_encoding == AuthEncoding::kPlain) {
    request.BasicAuthorization(settings.client_id, settings.client_secret);
  } else {
    request.FormEncodedBasicAuthorization(settings.client_id, settings.client_secret);
  }
  request.Field("Content-Type", "application/x-www-form-urlencoded");
  request.ContentLength(form.EncodedSize());
  request.Field("Accept", "application/json");
  if (settings.keep_alive == Millis{0}) {
    request.AnnounceClose();
  }
  request.End();
  form.Write(into);
}

}  // namespace connect_auth
