// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/http/proxy_tunnel.h"
#include "agent/oauth/grant.h"
#include "agent/session/backoff.h"
#include "agent/settings.h"
#include "platform/linux/command_line.h"
#include "platform/linux/given_settings.h"
#include "platform/linux/problem.h"
#include "platform/linux/proxy_setting.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/secrets.h"
#include "platform/linux/tls_identity.h"

namespace connect_auth::program {

/// How much of the configuration a command depends on. What else is there counts as well: without
/// the secrets nobody can tell whether it is them that the server refused.
enum class Needs : std::uint8_t {
  kStore,     ///< Where things are stored: logout.
  kIdentity,  ///< And for which server, client and user: status.
  kTrust,     ///< And the CA certificates, to make requests with a token of the service's.
  kAll,       ///< And the secrets, to ask the server.
  kService,   ///< The same, for an agent that sees to a token without being asked.
};

/// No clock that is set can show an earlier time.
inline constexpr UnixSeconds kBuildDate{CONNECT_AUTH_BUILD_DATE};

/// Everything that options, configuration file, environment and secret files say.
class Configuration {
 public:
  Configuration() = default;
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  /// @return  A problem (kUsage) that says what is wrong or missing, and where.
  Problem Load(const CommandLine& line, Needs needs);

  /// For the agent; borrowed from this object. What the command does not need is filled with
  /// stand-ins that pass the agent's checks: no connection is made with them.
  ///
  /// @param record_key  Borrowed likewise.
  Settings ForAgent(ConstBytes record_key) const;

  /// Wipes the secrets that tokens are asked for with.
  ///
  /// @pre loaded with less than Needs::kAll
  void ForgetGrant();

  /// Takes over an authorisation code, for this run only.
  ///
  /// @param code  Copied.
  /// @return  A problem (kUsage): it is empty, or as of `RefuseOtherCode`.
  Problem TakeCode(const AuthorizationCode& code);

  /// Refuses a code beside a configured one. That would be sent when the new one has had its day,
  /// and may have been sent before.
  ///
  /// @param code  Empty: one that is not known yet.
  /// @return  A problem (kUsage): another code is configured.
  Problem RefuseOtherCode(SecretView code) const;

  bool is_for_service() const { return needs_ == Needs::kService; }
  const GivenSettings& given() const { return given_; }
  const Secrets& secrets() const { return secrets_; }
  /// What tokens are asked for with.
  const GrantStrategy& grant() const;
  /// The configuration file; empty when there is none.
  const std::string& file() const { return file_; }
  const std::string& ca_file() const { return ca_file_; }
  const TlsIdentity& identity() const { return identity_; }
  /// The proxy that the server is reached through, borrowed from this object; without a host: none.
  Proxy proxy() const;
  /// Of that, HOST:PORT.
  std::string proxy_name() const { return proxy_.name(); }
  /// Whether a secret stands in the configuration file itself.
  bool file_holds_secret() const;
  std::string store_path() const;
  std::string key_file() const;
  /// The plan of the two settings of a section.
  BackoffPlan BackoffOf(Setting start_spread, Setting retry_period) const;
  Millis seconds(Setting setting) const { return Millis::Seconds(given_.number(setting)); }
  std::size_t max_token() const;
  /// Octets of certificates and key that TLS has to read.
  std::size_t certificates_size() const {
    return authorities_.size() + backup_authorities_.size() + identity_.size();
  }

 private:
  void AddIdentity(Settings& settings) const;
  void AddSecrets(Settings& settings) const;
  void AddTerms(Settings& settings) const;
  Problem LoadGiven(const CommandLine& line);
  Problem CheckIdentity() const;
  Problem CheckSecrets() const;
  Problem LoadProxy();
  Problem CheckProxyCredentials() const;
  Problem LoadAuthorities();

  std::string file_;
  GivenSettings given_;
  Secrets secrets_;
  ProxySetting proxy_;
  std::string ca_file_;
  SecretBuffer authorities_;
  SecretBuffer backup_authorities_;
  TlsIdentity identity_;
  std::string device_id_;
  SecretBuffer code_verifier_;
  bool sends_redirect_uri_ = true;
  Needs needs_ = Needs::kStore;
};

/// Reads what the command line and the configuration file say of settings, and nothing else. The
/// file at the default place counts only if this user may read it.
///
/// @return  false: the file is wrong, or cannot be read although somebody named it;
///          `Configuration::Load` says how.
bool ReadGivenSettings(const CommandLine& line, GivenSettings& into);

}  // namespace connect_auth::program
