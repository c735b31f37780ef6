// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "agent/secret.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"
#include "port/entropy.h"

namespace connect_auth::program {

/// What the authorize page is asked with: RFC 6749 section 4.1.1, RFC 7636 section 4.3.
struct AuthorizeRequest {
  std::string_view server;  ///< `https://HOST[:PORT]`, perhaps with '/' behind it.
  std::string_view path;
  std::string_view client_id;
  std::string_view redirect_uri;  ///< Empty: not sent.
  SecretView state;
  SecretView verifier;  ///< Empty: without PKCE.
};

/// Makes a text that nobody can guess, for `state` or the code verifier of PKCE: 32 random octets
/// in the 43 characters of base64url.
///
/// @param into  Empty.
/// @return  A problem (kOther): there is no randomness, or no memory.
Problem MakeUnguessable(Entropy& entropy, SecretBuffer& into);

/// The `code_challenge` of the method S256: 43 characters.
std::array<char, 43> CodeChallenge(SecretView verifier);

/// Writes the address of the page.
///
/// @param into  Empty.
/// @return  A problem (kOther): there is no memory.
Problem WriteAuthorizeUrl(const AuthorizeRequest& request, SecretBuffer& into);

}  // namespace connect_auth::program
