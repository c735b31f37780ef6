// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/advice.h"

namespace connect_auth::program {

// A table, in the one form of which the compiler knows whether it is complete.
// NOLINTNEXTLINE(readability-function-size)
Advice AdviceFor(Reason reason) {
  using enum ExitCode;
  switch (reason) {
    case Reason::kNone:
      return {kOther, "something failed that should not have", "please report this"};

    case Reason::kUrlNotHttps:
      return {kUsage, "the server's URL does not begin with https://",
              "set url in [server] to https://HOST[:PORT]"};
    case Reason::kUrlMalformed:
      return {kUsage, "the server's URL is not https://HOST[:PORT]", "correct url in [server]"};
    case Reason::kUrlHasPath:
      return {kUsage, "the server's URL has a path", "move it from url to token_path in [server]"};
    case Reason::kTokenPathMalformed:
      return {kUsage, "the path {path} does not begin with '/' or holds a forbidden character",
              "correct token_path in [server]"};
    case Reason::kNoAuthorities:
    case Reason::kAuthoritiesUnreadable:
      return {kUsage, "there is no readable CA certificate in {ca}",
              "set ca_file in [server] to a PEM file"};
    case Reason::kPinMalformed:
      return {kUsage, "the pin is not sha256// and 44 characters of Base64",
              "correct pin in [server]; several are separated by ';'"};
    case Reason::kClientIdEmpty:
      return {kUsage, "the client id is empty", "set id in [client]"};
    case Reason::kClientIdColon:
      return {kUsage, "the client id holds a colon, which separates it from the secret",
              "correct id in [client]"};
    case Reason::kClientIdCharacter:
      return {kUsage, "the client id holds something else than printable ASCII",
              "correct id in [client]"};
    case Reason::kClientSecretEmpty:
      return {kUsage, "the client secret {client_secret} is empty", "put the secret there"};
    case Reason::kClientSecretColon:
      return {kUsage, "the client secret {client_secret} holds a colon, which SOTI Connect forbids",
              "correct it there"};
    case Reason::kClientSecretCharacter:
      return {kUsage, "the client secret {client_secret} holds something else than printable ASCII",
              "see whether it has a second line or a blank too many"};
    case Reason::kUsernameEmpty:
      return {kUsage, "the username is empty", "set username in [grant]"};
    case Reason::kUsernameCharacter:
      return {kUsage, "the username holds a control character or is not UTF-8",
              "correct username in [grant]"};
    case Reason::kPasswordEmpty:
      return {kUsage, "the password {password} is empty", "put the password there"};
    case Reason::kPasswordCharacter:
      return {kUsage, "the password {password} holds a control character or is not UTF-8",
              "see whether it has a second line"};
    case Reason::kCodeCharacter:
      return {kUsage, "the authorisation code {code} holds something else than printable ASCII",
              "see whether it has a second line"};
    case Reason::kRedirectUriCharacter:
      return {kUsage, "the redirect URI holds a blank, a control character or non-ASCII",
              "correct redirect_uri in [grant]"};
    case Reason::kAmbiguousGrant:
      return {kUsage,
              "both a password ({password}) and an authorisation code ({code}) are configured",
              "remove the one that is not to be used"};
    case Reason::kDurationOutOfRange:
      return {kUsage, "refused_wait is less than an hour",
              "set it in [limits] to 3600 or more, or to 0 for waiting until somebody acts"};
    case Reason::kClientCertificateIncomplete:
      return {kUsage, "there is a client certificate or its key, and not the other one",
              "set both tls_certificate_file and tls_key_file in [client]"};
    case Reason::kClientCertificateUnreadable:
      return {kUsage, "the client certificate in {tls_certificate} is malformed (code {tls})",
              "set tls_certificate_file in [client] to a PEM file, the device's own certificate "
              "first"};
    case Reason::kClientKeyUnreadable:
      return {kUsage, "there is no private key for RSA, P-256 or P-384 in {tls_key} (code {tls})",
              "set tls_key_file in [client] to the key of the client certificate"};
    case Reason::kClientKeyEncrypted:
      return {kUsage, "the key of the client certificate in {tls_key} is encrypted",
              "decrypt it with openssl pkey, into a file that its owner alone may read"};
    case Reason::kClientKeyMismatch:
      return {kUsage,
              "the key in {tls_key} is not that of the first certificate in {tls_certificate}",
              "correct tls_key_file or tls_certificate_file in [client]"};
    case Reason::kRecordKeySize:
      return {kStorage, "the store's key does not have 32 octets", "restore it or remove it"};
    case Reason::kRequestTarget:
      return {kUsage,
              "the path of the request does not begin with '/' or holds a forbidden character",
              "name a path on {server}, with its special characters escaped"};
    case Reason::kRequestMethod:
      return {kUsage, "the method or the content type of the request is malformed",
              "correct it, for example GET and application/json"};

    case Reason::kRequestTooLarge:
      return {kUsage, "the request does not fit its buffer",
              "raise max_token in [limits], which also sizes that buffer"};
    case Reason::kResponseTooLarge:
    case Reason::kJsonTooLarge:
      return {kProtocol, "the answer of {server} is too long for a token of {max_token} characters",
              "if it is right, raise max_token in [limits] or --limits-max-token"};
    case Reason::kTokenTooLong:
      return {kProtocol, "the token is longer than {max_token} characters",
              "raise max_token in [limits] or --limits-max-token"};
    case Reason::kArenaExhausted:
      return {kOther, "the memory for TLS is used up by {ca} or by the certificates of {server}",
              "name a smaller ca_file"};
    case Reason::kNoEntropy:
      return {kOther, "the kernel has no random numbers yet", "try again in a moment"};
    case Reason::kTlsUnusable:
      return {kOther, "the TLS library cannot be used (code {tls})", "please report this"};
    case Reason::kStorageFailed:
      return {kStorage, "the store {store} failed: {storage_error}",
              "see to the directory, or set path in [store]"};
    case Reason::kBodySource:
      return {kOther, "the data of the request could not be read to its end",
              "see to where it comes from, and try again"};

    case Reason::kNameNotFound:
      return {kUnreachable, "there is no host of the name in {server} ({network_error})",
              "check url in [server] and the name service"};
    case Reason::kNoConnection:
      return {kUnreachable, "cannot connect to {server}: {network_error}",
              "check url in [server] and whether the server runs"};
    case Reason::kConnectionLost:
      return {kUnreachable, "{server} broke the connection{network_error_if}", "try again later"};
    case Reason::kProxyUnreachable:
      return {kUnreachable, "cannot connect to the proxy {proxy}{network_error_if}",
              "check proxy in [server] and whether the proxy runs"};
    case Reason::kProxySilent:
      return {kUnreachable,
              "the proxy {proxy} made no connection to {server} within {connect_timeout} s",
              "try again later, or raise connect_timeout in [limits]"};
    case Reason::kProxyAuthentication:
      return {kUsage, "the proxy {proxy} {proxy_complaint} (HTTP {status})",
              "put the right ones into proxy, as http://USER@HOST:PORT, and proxy_password_file in "
              "[server]; only Basic is supported"};
    case Reason::kProxyRefused:
      return {kUnreachable, "the proxy {proxy} makes no connection to {server} (HTTP {status})",
              "check url in [server], try again later, or have the proxy's owner allow it"};
    case Reason::kProxyMalformed:
      return {kUnreachable, "the proxy {proxy} does not answer as an HTTP proxy does",
              "check proxy in [server], and whether the network wants a login first"};
    case Reason::kConnectTimeout:
      return {kUnreachable, "{server} did not answer within {connect_timeout} s",
              "try again later, or raise connect_timeout in [limits]"};
    case Reason::kOperationTimeout:
      return {kUnreachable, "{server} did not finish its answer within {timeout} s",
              "try again later, or raise timeout in [limits]"};

    case Reason::kNotTls:
      return {kUntrusted, "{server} does not speak TLS", "check the port in url{proxy_hint_if}"};
    case Reason::kTlsRefused:
      return {kUntrusted, "{server} refused the TLS handshake (code {tls})",
              "check url, and whether the server speaks TLS 1.2 or 1.3"};
    case Reason::kTlsFailed:
      return {kUntrusted, "the TLS connection to {server} failed (code {tls})",
              "check url, and whether the server speaks TLS 1.2 or 1.3"};
    case Reason::kTlsTruncated:
      return {kProtocol,
              "{server} ended the connection without the due notice, so the answer may "
              "be cut",
              "try again later"};
    case Reason::kCertificateNotTrusted:
      return {kUntrusted, "the certificate of {server} comes from no CA in {ca}",
              "set ca_file in [server] to the CA of that server, if it is the right one"};
    case Reason::kCertificateWrongHost:
      return {kUntrusted, "the certificate of {server} is for another host",
              "set url in [server] to the name that is in the certificate"};
    case Reason::kCertificateUnsuitable:
      return {kUntrusted, "the certificate of {server} is too weak or not made for servers",
              "have the server given a better one"};
    case Reason::kCertificateNotPinned:
      return {kUntrusted, "no key in the certificate chain of {server} is pinned",
              "correct pin in [server], if that is the right server"};
    case Reason::kCertificateExpired:
      return {kUntrusted, "the certificate of {server} has expired",
              "have the server given a new one, or set the clock if it is wrong"};
    case Reason::kCertificateNotYetValid:
      return {kUntrusted, "the certificate of {server} is not valid yet",
              "set the clock, which is likely to be wrong"};
    case Reason::kClockUnknown:
      return {kUntrusted, "the clock is not set, so the certificate of {server} cannot be judged",
              "set the clock, or unset_clock in [server] if the device has none"};

    case Reason::kClientCertificateMissing:
      return {kUntrusted, "{server} wants a client certificate",
              "set tls_certificate_file and tls_key_file in [client]"};
    case Reason::kClientCertificateExpired:
      return {kUntrusted,
              "{server} says that the client certificate in {tls_certificate} has expired",
              "have a new one made; or the server's clock is wrong"};
    case Reason::kClientCertificateRefused:
      return {kUntrusted, "{server} does not accept the client certificate in {tls_certificate}",
              "set tls_certificate_file in [client] to one of the CA that the server knows, with "
              "those in between, and see whether it was revoked"};

    case Reason::kStatusLine:
      return {kProtocol, "{server} does not answer in HTTP/1.1", "check url in [server]"};
    case Reason::kFieldSyntax:
      return {kProtocol, "the answer of {server} has a malformed header field", "tell its owner"};
    case Reason::kHeadTooLarge:
      return {kProtocol, "the header of the answer of {server} is too long", "tell its owner"};
    case Reason::kInterimFlood:
      return {kProtocol, "{server} sends one interim answer after another", "tell its owner"};
    case Reason::kUpgrade:
      return {kProtocol, "{server} wants to change the protocol", "check url in [server]"};
    case Reason::kContentLength:
      return {kProtocol, "the answer of {server} has a wrong Content-Length", "tell its owner"};
    case Reason::kTransferCoding:
      return {kProtocol, "the answer of {server} has an unknown transfer coding", "tell its owner"};
    case Reason::kConflictingLength:
      return {kProtocol, "the answer of {server} names two different lengths",
              "tell its owner, for it may be an attack"};
    case Reason::kContentCoding:
      return {kProtocol, "the answer of {server} is compressed though none was asked to be",
              "tell its owner"};
    case Reason::kChunkSyntax:
      return {kProtocol, "the answer of {server} has malformed chunks", "tell its owner"};
    case Reason::kTruncated:
      return {kProtocol, "the answer of {server} ended too early", "try again later"};

    case Reason::kUnexpectedStatus:
      return {kProtocol, "{server} answered with HTTP {status}, as no token endpoint does",
              "check token_path in [server]"};
    case Reason::kNotJson:
      return {kProtocol, "the answer of {server} to {path} is not JSON",
              "check token_path in [server]"};
    case Reason::kTokenMissing:
      return {kProtocol, "the answer of {server} to {path} holds no access_token",
              "check token_path in [server]"};
    case Reason::kTokenCharacter:
      return {kProtocol, "the token of {server} holds a blank or another forbidden character",
              "tell the server's owner"};
    case Reason::kTokenType:
      return {kProtocol, "the token of {server} is not of the type bearer",
              "check token_path in [server]"};
    case Reason::kExpiresIn:
      return {kProtocol, "the lifetime of the token of {server} is not a number",
              "tell the server's owner"};
    case Reason::kRedirected:
      return {kRefused,
              "{server} redirects {path} to {words} (HTTP {status}), where no credentials are sent",
              "if that is right, put it into url and token_path in [server]"};
    case Reason::kWrongPath:
      return {kRefused, "{server} gives out no tokens at {path} (HTTP {status})",
              "correct token_path in [server]; /Connect/api/token and /Connect/token are in use"};
    case Reason::kRefused:
      return AdviceFor(OAuthError::kNone);
    case Reason::kLatched:
      return {kRefused,
              "{server} refused the credentials {refused_at} (HTTP {status}{oauth_error_if}), and "
              "they are not sent again {until_next_attempt}",
              "correct them, or add --retry-refused once if they are right by now"};
    case Reason::kBusy:
      return {kUnreachable, "{server} is busy or out of order (HTTP {status})",
              "try again {retry}"};
    case Reason::kCodeEmpty:
      return {kNeedsCode, "there is no authorisation code left to ask {server} for a token with",
              "run connect-auth login, or give a new code to connect-auth code FILE"};
    case Reason::kCodeRefused:
      return {kNeedsCode, "{server} does not take the authorisation code{words_if}",
              "check redirect_uri in [grant], and get a new code, as connect-auth login does"};
    case Reason::kCodeSpent:
      return {kNeedsCode, "the authorisation code {code} has been used already",
              "put a new one there, or remove it and run connect-auth login"};
  }
  return {ExitCode::kOther, "something failed that should not have", "please report this"};
}

Advice AdviceFor(OAuthError error) {
  constexpr ExitCode kRefused = ExitCode::kRefused;
  switch (error) {
    case OAuthError::kNone:
      return {kRefused, "{server} refused the request (HTTP {status}){words_if}",
              "check id and secret in [client]{user_if} before trying again: a "
              "few failures may lock the account"};
    case OAuthError::kInvalidRequest:
      return {kRefused, "{server} finds the request malformed (invalid_request){words_if}",
              "check token_path in [server] and what is set in [grant]"};
    case OAuthError::kInvalidClient:
      return {kRefused, "{server} does not accept client id and secret (invalid_client){words_if}",
              "check id and secret in [client]{encoding_hint}"};
    case OAuthError::kInvalidGrant:
      return {kRefused, "{server} does not accept {credentials} (invalid_grant){words_if}",
              "check them before trying again: a few failures may lock the account"};
    case OAuthError::kUnauthorizedClient:
      return {kRefused,
              "{server} does not let this client use this grant (unauthorized_client){words_if}",
              "change the API client on the server, or type in [grant]"};
    case OAuthError::kUnsupportedGrantType:
      return {kRefused, "{server} does not support this grant (unsupported_grant_type){words_if}",
              "change type in [grant]"};
    case OAuthError::kInvalidScope:
      return {kRefused, "{server} complains of the scope (invalid_scope){words_if}",
              "change the API client on the server"};
    case OAuthError::kTemporary:
    case OAuthError::kOther:
      break;
  }
  return {kRefused, "{server} refused the request with an error of its own{words_if}",
          "look that up in the server's documentation"};
}

}  // namespace connect_auth::program
