// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/messages.h"

#include <stdio.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/encoding/form.h"
#include "agent/http/origin.h"
#include "platform/linux/advice.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

bool ChangesInForm(std::string_view text) {
  return FormEncodedSize(text) != text.size() || text.find(' ') != std::string_view::npos;
}

/// What the `{...}` of an advice stand for.
class Blanks {
 public:
  Blanks(const Failure& failure, const Configuration& configuration,
         const Circumstances& circumstances)
      : failure_(failure), configuration_(configuration), circumstances_(circumstances) {}

  std::string Fill(std::string_view text) const {
    std::string filled;
    while (!text.empty()) {
      const std::size_t begin = text.find('{');
      filled.append(text.substr(0, begin));
      if (begin == std::string_view::npos) {
        break;
      }
      const std::size_t end = text.find('}', begin);
      filled.append(ValueOf(text.substr(begin + 1, end - begin - 1)));
      text.remove_prefix(end + 1);
    }
    return filled;
  }

 private:
  std::string ValueOf(std::string_view name) const {
    for (const Blank& blank : kBlanks) {
      if (blank.name == name) {
        return (this->*blank.value)();
      }
    }
    return "?";
  }

  std::string Server() const {
    Origin origin;
    if (ParseOrigin(configuration_.given().text(Setting::kServerUrl), origin) != Reason::kNone) {
      return "the server";
    }
    const std::string port =
        origin.port == kHttpsPort ? std::string() : Join({":", Decimal(origin.port)});
    return origin.is_ipv6 ? Join({"[", origin.host, "]", port}) : Join({origin.host, port});
  }
  std::string Given(Setting setting) const {
    return std::string(configuration_.given().text(setting));
  }
  std::string ProxyName() const { return configuration_.proxy_name(); }
  std::string ProxyHint() const {
    return configuration_.proxy().host.empty()
               ? ""
               : Join({", and whether the proxy ", ProxyName(), " wants a login first"});
  }
  std::string ProxyComplaint() const {
    const Secret& password = configuration_.secrets().proxy_password;
    return configuration_.proxy().user.empty()
               ? "wants a user and a password"
               : Join({"does not accept the user in its URL with the password ", password.source});
  }
  std::string Path() const { return Given(Setting::kServerTokenPath); }
  std::string MaxToken() const { return Given(Setting::kLimitsMaxToken); }
  std::string Timeout() const { return Given(Setting::kLimitsTimeout); }
  std::string ConnectTimeout() const { return Given(Setting::kLimitsConnectTimeout); }
  std::string Authorities() const { return configuration_.ca_file(); }
  std::string TlsCertificate() const { return configuration_.identity().certificate_file(); }
  std::string TlsKey() const { return configuration_.identity().key_file(); }
  std::string Store() const { return configuration_.store_path(); }
  std::string ClientSecret() const { return configuration_.secrets().client_secret.source; }
  std::string Password() const { return configuration_.secrets().password.source; }
  std::string Credentials() const {
    return configuration_.grant().is_for_user ? "username and password" : "client id and secret";
  }
  std::string UserIf() const {
    return configuration_.grant().is_for_user ? ", and the user in [grant]," : "";
  }
  std::string Code() const { return configuration_.secrets().code.source; }
  std::string HttpStatus() const { return Decimal(failure_.http_status); }
  std::string Words() const { return std::string(failure_.peer_text.view()); }
  std::string WordsIf() const { return Words().empty() ? "" : Join({", saying '", Words(), "'"}); }
  std::string NetworkError() const { return circumstances_.network_text; }
  std::string NetworkErrorIf() const {
    return circumstances_.network_error == 0 ? "" : Join({": ", circumstances_.network_text});
  }
  std::string StorageError() const { return circumstances_.storage_error; }

  std::string TlsCode() const {
    std::array<char, 16> text{};
    const auto code = static_cast<std::uint32_t>(failure_.tls_error < 0 ? -failure_.tls_error
                                                                        : failure_.tls_error);
    static_cast<void>(std::snprintf(text.data(), text.size(), "-0x%04X", code));
    return text.data();
  }

  std::string Retry() const {
    return failure_.retry_after_s == 0 ? "later"
                                       : Join({"in ", Decimal(failure_.retry_after_s), " s"});
  }

  std::string OAuthErrorIf() const {
    const std::string_view name = NameOf(failure_.oauth_error);
    return name.empty() ? "" : Join({", ", name});
  }
  std::string RefusedAt() const {
    const UnixSeconds at = circumstances_.refusal.refused_at;
    return at.count == 0 ? "before" : Join({"at ", UtcTime(at)});
  }
  std::string UntilNextAttempt() const {
    const RefusalTimes& times = circumstances_.refusal;
    if (!times.next_attempt_in) {
      return "until somebody acts";
    }
    return times.next_attempt_at.count == 0
               ? Join({"for another ", Decimal(times.next_attempt_in->count / 1000), " s"})
               : Join({"before ", UtcTime(times.next_attempt_at)});
  }

  /// Where the two encodings of id and secret differ, only one can be right, and it may be the
  /// other one.
  std::string EncodingHint() const {
    const std::string_view secret = configuration_.secrets().client_secret.value.view().Reveal();
    if (!ChangesInForm(secret) && !ChangesInForm(Given(Setting::kClientId))) {
      return {};
    }
    const bool plain = configuration_.given().text(Setting::kClientAuthEncoding) == "plain";
    return Join({", and whether auth_encoding should be ", plain ? "form" : "plain",
                 ": they hold characters that matter to it"});
  }

  struct Blank {
    std::string_view name;
    std::string (Blanks::*value)() const;
  };
  static const std::array<Blank, 29> kBlanks;

  const Failure& failure_;
  const Configuration& configuration_;
  const Circumstances& circumstances_;
};

const std::array<Blanks::Blank, 29> Blanks::kBlanks = {{
    {"server", &Blanks::Server},
    {"proxy", &Blanks::ProxyName},
    {"proxy_hint_if", &Blanks::ProxyHint},
    {"proxy_complaint", &Blanks::ProxyComplaint},
    {"path", &Blanks::Path},
    {"ca", &Blanks::Authorities},
    {"tls_certificate", &Blanks::TlsCertificate},
    {"tls_key", &Blanks::TlsKey},
    {"store", &Blanks::Store},
    {"client_secret", &Blanks::ClientSecret},
    {"password", &Blanks::Password},
    {"code", &Blanks::Code},
    {"credentials", &Blanks::Credentials},
    {"user_if", &Blanks::UserIf},
    {"max_token", &Blanks::MaxToken},
    {"timeout", &Blanks::Timeout},
    {"connect_timeout", &Blanks::ConnectTimeout},
    {"status", &Blanks::HttpStatus},
    {"words", &Blanks::Words},
    {"words_if", &Blanks::WordsIf},
    {"network_error", &Blanks::NetworkError},
    {"network_error_if", &Blanks::NetworkErrorIf},
    {"storage_error", &Blanks::StorageError},
    {"tls", &Blanks::TlsCode},
    {"retry", &Blanks::Retry},
    {"encoding_hint", &Blanks::EncodingHint},
    {"oauth_error_if", &Blanks::OAuthErrorIf},
    {"refused_at", &Blanks::RefusedAt},
    {"until_next_attempt", &Blanks::UntilNextAttempt},
}};

}  // namespace

Problem Explain(const Failure& failure, const Configuration& configuration,
                const Circumstances& circumstances) {
  const Advice advice = failure.reason == Reason::kRefused ? AdviceFor(failure.oauth_error)
                                                           : AdviceFor(failure.reason);
  const Blanks blanks(failure, configuration, circumstances);
  return {advice.code, Join({blanks.Fill(advice.cause), "; ", blanks.Fill(advice.next_step)})};
}

std::string_view NameOf(OAuthError error) {
  switch (error) {
    case OAuthError::kInvalidRequest:
      return "invalid_request";
    case OAuthError::kInvalidClient:
      return "invalid_client";
    case OAuthError::kInvalidGrant:
      return "invalid_grant";
    case OAuthError::kUnauthorizedClient:
      return "unauthorized_client";
    case OAuthError::kUnsupportedGrantType:
      return "unsupported_grant_type";
    case OAuthError::kInvalidScope:
      return "invalid_scope";
    case OAuthError::kNone:
    case OAuthError::kTemporary:
    case OAuthError::kOther:
      break;
  }
  return {};
}

Problem ExplainStatus(int status) {
  constexpr int kRequestTimeout = 408;
  constexpr int kTooManyRequests = 429;
  const std::string answer = Join({"the server answered with HTTP ", Decimal(status)});
  if (status >= 200 && status < 300) {
    return {};
  }
  if (status >= 500 || status == kRequestTimeout || status == kTooManyRequests) {
    return {ExitCode::kUnreachable, Join({answer, "; try again later"})};
  }
  if (status >= 300 && status < 400) {
    return {ExitCode::kRefused, Join({answer,
                                      ", and redirects are not followed; see with -i where "
                                      "it points, and ask for that path"})};
  }
  return {ExitCode::kRefused, Join({answer, "; see what it wrote, and correct the request"})};
}

}  // namespace connect_auth::program
