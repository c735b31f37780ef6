// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/secrets.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "platform/linux/file.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kMostBytes = 8192;

struct SecretKind {
  Secret Secrets::*secret;
  Setting inline_value;
  Setting file;
  const char* environment;
  const char* credential;
};

constexpr std::array kSecretKinds = {
    SecretKind{&Secrets::client_secret, Setting::kClientSecret, Setting::kClientSecretFile,
               "CONNECT_AUTH_CLIENT_SECRET", "client_secret"},
    SecretKind{&Secrets::password, Setting::kGrantPassword, Setting::kGrantPasswordFile,
               "CONNECT_AUTH_PASSWORD", "password"},
    SecretKind{&Secrets::code, Setting::kGrantCode, Setting::kGrantCodeFile, "CONNECT_AUTH_CODE",
               "code"},
    SecretKind{&Secrets::proxy_password, Setting::kServerProxyPassword,
               Setting::kServerProxyPasswordFile, "CONNECT_AUTH_PROXY_PASSWORD", "proxy_password"},
};

/// Exactly one line end belongs to the file and not to the secret.
void StripLineEnd(SecretBuffer& secret) {
  const std::string_view text = secret.view().Reveal();
  if (text.ends_with("\r\n")) {
    secret.Shorten(secret.size() - 2);
  } else if (text.ends_with('\n')) {
    secret.Shorten(secret.size() - 1);
  }
}

Problem CannotUse(const std::string& path, std::string_view why) {
  return {ExitCode::kUsage,
          Join({"cannot use the secret in ", path, ": ", why, "; correct that and try again"})};
}

Problem FromCredentials(const char* name, Secret& into) {
  const std::string path = CredentialPath(name);
  return path.empty() ? Problem() : LoadSecret(path, into);
}

Problem FromConfigurationFile(const SecretKind& kind, const GivenSettings& given, Secret& into) {
  if (given.has(kind.file)) {
    return LoadSecret(std::string(given.text(kind.file)), into);
  }
  if (!given.has(kind.inline_value)) {
    return {};
  }
  if (!into.value.Append(given.secret(kind.inline_value).bytes())) {
    return NoMemory();
  }
  into.source = "in the configuration file";
  return {};
}

Problem Load(const SecretKind& kind, const GivenSettings& given, Secret& into) {
  if (given.has(kind.inline_value) && given.has(kind.file) && !given.by_option(kind.file)) {
    const SettingInfo& info = InfoOf(kind.inline_value);
    return {ExitCode::kUsage,
            Join({"the configuration file sets both ", info.key, " and ", info.key, "_file in [",
                  info.section, "]; remove one of them"})};
  }
  if (given.by_option(kind.file)) {
    into.value.Clear();
    return LoadSecret(std::string(given.text(kind.file)), into);
  }
  if (into.given()) {
    return {};
  }
  Problem problem = FromCredentials(kind.credential, into);
  if (problem.exists() || into.given()) {
    return problem;
  }
  return FromConfigurationFile(kind, given, into);
}

}  // namespace

Problem LoadSecret(const std::string& path, Secret& into) {
  const int error = ReadFile(path, kMostBytes, into.value);
  if (error != 0) {
    return CannotUse(path, error == EFBIG ? "it is longer than 8192 octets" : ErrorText(error));
  }
  if (into.value.view().Reveal().find('\0') != std::string_view::npos) {
    return CannotUse(path, "it holds a NUL character");
  }
  StripLineEnd(into.value);
  into.source = path == "-" ? std::string("on standard input") : Join({"in ", path});
  return {};
}

namespace {

/// @param into  Keeps what the environment had.
Problem TakeVariable(const SecretKind& kind, Secret& into) {
  char* const value = std::getenv(kind.environment);
  if (value == nullptr || *value == '\0') {
    return {};  // Whoever starts programs cannot always leave a variable out.
  }
  const Bytes octets(reinterpret_cast<std::uint8_t*>(value), std::strlen(value));
  const bool fits = octets.size() <= kMostBytes && into.value.Append(octets);
  Wipe(octets);
  ::unsetenv(kind.environment);
  if (!fits) {
    return {ExitCode::kUsage, Join({"the environment variable ", kind.environment,
                                    " is longer than 8192 octets; correct it"})};
  }
  into.source = Join({"in the environment variable ", kind.environment});
  return {};
}

/// The service reads its configuration again and again.
Secrets& Environment() {
  static Secrets environment;
  return environment;
}

}  // namespace

void ForgetGrant(Secrets& secrets) {
  for (Secrets* const place : {&secrets, &Environment()}) {
    for (Secret* const secret : {&place->client_secret, &place->password, &place->code}) {
      secret->value.Clear();
      secret->source.clear();
    }
  }
}

Problem TakeEnvironment(Secrets& into) {
  for (const SecretKind& kind : kSecretKinds) {
    Secret& taken = Environment().*kind.secret;
    Problem problem = TakeVariable(kind, taken);
    if (problem.exists()) {
      return problem;
    }
    Secret& secret = into.*kind.secret;
    secret.source = taken.source;
    if (!secret.value.Append(taken.value.bytes())) {
      return NoMemory();
    }
    taken.value.Keep();
  }
  return {};
}

std::string CredentialPath(std::string_view name) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) {
    return {};
  }
  std::string path = Join({directory, "/", name});
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  return missing ? std::string() : path;
}

Problem LoadSecrets(const GivenSettings& given, Secrets& into) {
  for (const SecretKind& kind : kSecretKinds) {
    Problem problem = Load(kind, given, into.*kind.secret);
    if (problem.exists()) {
      return problem;
    }
    (into.*kind.secret).value.Keep();
  }
  return {};
}

}  // namespace connect_auth::program
