// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "platform/linux/given_settings.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

struct Secret {
  SecretBuffer value;
  std::string source;  ///< Where it comes from, for messages; empty: it is not configured.

  bool given() const { return !source.empty(); }
};

struct Secrets {
  Secret client_secret;
  Secret password;
  Secret code;
  Secret proxy_password;
};

/// An authorisation code, and how it was asked for.
struct AuthorizationCode {
  Secret code;
  SecretBuffer verifier;          ///< Of PKCE (RFC 7636); empty: asked for without.
  bool with_redirect_uri = true;  ///< Whether asked for with that of the configuration, if any.
};

/// Takes the secrets out of the environment, where they are wiped, so that no child process and no
/// reader of /proc/PID/environ finds them any more. The process remembers them.
///
/// @param into  Empty; those that the environment has are given.
Problem TakeEnvironment(Secrets& into);

/// Wipes the secrets that tokens are asked for with, also those that `TakeEnvironment` remembers.
/// For processes that do not ask for any.
void ForgetGrant(Secrets& secrets);

/// Where systemd keeps a credential of that name for this process; empty: there is none.
std::string CredentialPath(std::string_view name);

/// Reads a secret out of a file.
///
/// @param path  "-": standard input.
/// @param into  Empty.
/// @return  A problem (kUsage): the file cannot be read, or holds too much or a NUL.
Problem LoadSecret(const std::string& path, Secret& into);

/// Completes what the environment gave. The first place where a secret is counts: the option that
/// names a file, the environment, a systemd credential, the configuration file.
///
/// @param into  From `TakeEnvironment`.
/// @return  A problem (kUsage): a file cannot be read or holds too much, or the configuration file
///          has both a secret and its file.
Problem LoadSecrets(const GivenSettings& given, Secrets& into);

}  // namespace connect_auth::program
