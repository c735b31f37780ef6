// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connect_auth::program {

/// Every setting there is, in the order of `kSettingTable`.
enum class Setting : std::uint8_t {
  kServerUrl,
  kServerTokenPath,
  kServerCaFile,
  kServerBackupCaFile,
  kServerPin,
  kServerUnsetClock,
  kServerProxy,
  kServerProxyPassword,
  kServerProxyPasswordFile,
  kServerNoProxy,
  kClientId,
  kClientSecret,
  kClientSecretFile,
  kClientAuthEncoding,
  kClientTlsCertificateFile,
  kClientTlsKeyFile,
  kGrantType,
  kGrantUsername,
  kGrantPassword,
  kGrantPasswordFile,
  kGrantCode,
  kGrantCodeFile,
  kGrantRedirectUri,
  kGrantAuthorizePath,
  kGrantSendRedirectUri,
  kGrantPkce,
  kStorePath,
  kStoreKeyFile,
  kStoreGain,
  kLimitsTimeout,
  kLimitsConnectTimeout,
  kLimitsRenewalMargin,
  kLimitsDefaultLifetime,
  kLimitsRefusedWait,
  kLimitsMaxToken,
  kLimitsLoginTimeout,
  kDaemonSocket,
  kDaemonUsers,
  kDaemonGroups,
  kDaemonStartSpread,
  kDaemonRetryPeriod,
  kDaemonPidFile,
  kDaemonLog,
  kForwardListen,
  kDeviceKeyFile,
  kDeviceAddress,
  kDeviceGateway,
  kDeviceDns,
  kDeviceMac,
  kDeviceStartSpread,
  kDeviceRetryPeriod,
  kDeviceSample,
  kDeviceSamplePeriod,
  kDeviceMaxRecord,
};

enum class SettingKind : std::uint8_t {
  kText,
  kChoice,   ///< One of `choices`.
  kSeconds,  ///< A whole number from `least` to `most`; so is kCount.
  kCount,
  kSecret,  ///< In the configuration file only: never an option.
};

/// One setting: what the configuration file, the command line and their help know of it.
struct SettingInfo {
  Setting setting;
  const char* section;
  const char* key;
  SettingKind kind;
  const char* argument;  ///< How the help calls the value.
  const char* help;
  const char* fallback = nullptr;        ///< nullptr: none, or found out at run time.
  std::array<const char*, 3> choices{};  ///< nullptr: no more.
  std::int64_t least = 0;
  std::int64_t most = 0;
};

inline constexpr std::array kSettingTable = {
    SettingInfo{Setting::kServerUrl, "server", "url", SettingKind::kText, "URL",
                "The server, https://HOST[:PORT]"},
    SettingInfo{Setting::kServerTokenPath, "server", "token_path", SettingKind::kText, "PATH",
                "Where it gives out tokens (default: /Connect/api/token)", "/Connect/api/token"},
    SettingInfo{Setting::kServerCaFile, "server", "ca_file", SettingKind::kText, "FILE",
                "CA certificates to believe, PEM or DER (default: the system's)"},
    SettingInfo{Setting::kServerBackupCaFile, "server", "backup_ca_file", SettingKind::kText,
                "FILE", "More CA certificates, for the time of a change"},
    SettingInfo{Setting::kServerPin, "server", "pin", SettingKind::kText, "PINS",
                "Public keys of which the certificate chain must hold one: 'sha256//' and the "
                "Base64 of a digest, several separated by ';'"},
    SettingInfo{Setting::kServerUnsetClock,
                "server",
                "unset_clock",
                SettingKind::kChoice,
                "HOW",
                "Certificates while the clock is not set: 'refuse' them, or believe those that had "
                "not expired on the 'build_date' of this program (default: refuse)",
                "refuse",
                {"refuse", "build_date"}},
    SettingInfo{Setting::kServerProxy, "server", "proxy", SettingKind::kText, "URL",
                "An HTTP proxy on the way to the server, http://[USER@]HOST:PORT"},
    SettingInfo{Setting::kServerProxyPassword, "server", "proxy_password", SettingKind::kSecret,
                "PASSWORD", "Password of the user in the proxy's URL"},
    SettingInfo{Setting::kServerProxyPasswordFile, "server", "proxy_password_file",
                SettingKind::kText, "FILE", "File that holds the password for the proxy"},
    SettingInfo{Setting::kServerNoProxy, "server", "no_proxy", SettingKind::kText, "HOSTS",
                "Servers that are reached without the proxy: names, domains and addresses, "
                "separated by commas or blanks; or '*'"},
    SettingInfo{Setting::kClientId, "client", "id", SettingKind::kText, "ID", "Client id"},
    SettingInfo{Setting::kClientSecret, "client", "secret", SettingKind::kSecret, "SECRET",
                "Client secret"},
    SettingInfo{Setting::kClientSecretFile, "client", "secret_file", SettingKind::kText, "FILE",
                "File that holds the client secret"},
    SettingInfo{Setting::kClientAuthEncoding,
                "client",
                "auth_encoding",
                SettingKind::kChoice,
                "HOW",
                "How id and secret are sent: 'plain', or 'form' for form-encoded first "
                "(default: plain)",
                "plain",
                {"plain", "form"}},
    SettingInfo{Setting::kClientTlsCertificateFile, "client", "tls_certificate_file",
                SettingKind::kText, "FILE",
                "Certificate to show to a server that asks for one (mutual TLS), and those between "
                "it and its CA, PEM or DER"},
    SettingInfo{Setting::kClientTlsKeyFile, "client", "tls_key_file", SettingKind::kText, "FILE",
                "Its private key, PEM or DER, not encrypted"},
    SettingInfo{Setting::kGrantType,
                "grant",
                "type",
                SettingKind::kChoice,
                "TYPE",
                "'password', 'authorization_code' or 'client_credentials' (default: password)",
                "password",
                {"password", "authorization_code", "client_credentials"}},
    SettingInfo{Setting::kGrantUsername, "grant", "username", SettingKind::kText, "NAME",
                "User, for the type password"},
    SettingInfo{Setting::kGrantPassword, "grant", "password", SettingKind::kSecret, "PASSWORD",
                "Password of the user"},
    SettingInfo{Setting::kGrantPasswordFile, "grant", "password_file", SettingKind::kText, "FILE",
                "File that holds the user's password"},
    SettingInfo{Setting::kGrantCode, "grant", "code", SettingKind::kSecret, "CODE",
                "Authorisation code, for the type authorization_code"},
    SettingInfo{Setting::kGrantCodeFile, "grant", "code_file", SettingKind::kText, "FILE",
                "File that holds the authorisation code"},
    SettingInfo{Setting::kGrantRedirectUri, "grant", "redirect_uri", SettingKind::kText, "URI",
                "The redirect_uri with which the code was asked for, if there was one; for login: "
                "where the page sends the browser"},
    SettingInfo{Setting::kGrantAuthorizePath, "grant", "authorize_path", SettingKind::kText, "PATH",
                "Of the page where login has a person log in (default: /Connect/oauth/authorize)",
                "/Connect/oauth/authorize"},
    SettingInfo{Setting::kGrantSendRedirectUri,
                "grant",
                "send_redirect_uri",
                SettingKind::kChoice,
                "HOW",
                "Whether login sends redirect_uri, or relies on that of the API client: 'yes' or "
                "'no' (default: no)",
                "no",
                {"no", "yes"}},
    SettingInfo{Setting::kGrantPkce,
                "grant",
                "pkce",
                SettingKind::kChoice,
                "HOW",
                "Whether login proves that it asked for the code (RFC 7636): 'yes' or 'no' "
                "(default: no)",
                "no",
                {"no", "yes"}},
    SettingInfo{Setting::kStorePath, "store", "path", SettingKind::kText, "PATH",
                "Where the token is stored: a directory, /dev/mtdN (NOR flash), or a file that "
                "emulates it (default: /var/lib/connect-auth for root, else "
                "$XDG_STATE_HOME/connect-auth)"},
    SettingInfo{Setting::kStoreKeyFile, "store", "key_file", SettingKind::kText, "FILE",
                "32 octets that encrypt what is stored, made at first use (default: systemd's "
                "credential store_key, else 'key' in the store's directory)"},
    SettingInfo{Setting::kStoreGain,
                "store",
                "gain",
                SettingKind::kSeconds,
                "SECONDS",
                "A new token is stored only if it lives so much longer than the stored one; spares "
                "flash (default: 0)",
                "0",
                {},
                0,
                86400},
    SettingInfo{Setting::kLimitsTimeout,
                "limits",
                "timeout",
                SettingKind::kSeconds,
                "SECONDS",
                "For a whole request, and for waiting for another process (default: 30)",
                "30",
                {},
                1,
                3600},
    SettingInfo{Setting::kLimitsConnectTimeout,
                "limits",
                "connect_timeout",
                SettingKind::kSeconds,
                "SECONDS",
                "For name resolution, TCP, proxy and TLS together (default: 10)",
                "10",
                {},
                1,
                3600},
    SettingInfo{Setting::kLimitsRenewalMargin,
                "limits",
                "renewal_margin",
                SettingKind::kSeconds,
                "SECONDS",
                "A token is renewed when less is left of it, or less than a fifth of its lifetime "
                "if that is shorter (default: 60)",
                "60",
                {},
                0,
                86400},
    SettingInfo{Setting::kLimitsDefaultLifetime,
                "limits",
                "default_lifetime",
                SettingKind::kSeconds,
                "SECONDS",
                "Lifetime of a token where the server names none (default: 300)",
                "300",
                {},
                1,
                86400},
    SettingInfo{Setting::kLimitsRefusedWait,
                "limits",
                "refused_wait",
                SettingKind::kSeconds,
                "SECONDS",
                "How long credentials that the server refused are left alone before they are tried "
                "once more; 0: until somebody acts (default: 43200)",
                "43200",
                {},
                0,
                2592000},
    SettingInfo{Setting::kLimitsMaxToken,
                "limits",
                "max_token",
                SettingKind::kCount,
                "CHARACTERS",
                "Longest token to accept (default: 16384)",
                "16384",
                {},
                64,
                65000},
    SettingInfo{Setting::kLimitsLoginTimeout,
                "limits",
                "login_timeout",
                SettingKind::kSeconds,
                "SECONDS",
                "How long login waits for a person (default: 300)",
                "300",
                {},
                1,
                3600},
    SettingInfo{Setting::kDaemonSocket, "daemon", "socket", SettingKind::kText, "PATH",
                "Where the service is asked (default: for root /run/connect-auth/socket, else "
                "connect-auth/socket below $XDG_RUNTIME_DIR)"},
    SettingInfo{Setting::kDaemonUsers, "daemon", "users", SettingKind::kText, "USERS",
                "Users that may ask it besides root and its own, by name or number"},
    SettingInfo{Setting::kDaemonGroups, "daemon", "groups", SettingKind::kText, "GROUPS",
                "Groups whose members may ask it; the first one gets the socket"},
    SettingInfo{Setting::kDaemonStartSpread,
                "daemon",
                "start_spread",
                SettingKind::kSeconds,
                "SECONDS",
                "Time over which a fleet that starts at once spreads its first requests "
                "(default: 0)",
                "0",
                {},
                0,
                86400},
    SettingInfo{Setting::kDaemonRetryPeriod,
                "daemon",
                "retry_period",
                SettingKind::kSeconds,
                "SECONDS",
                "Time between two of its attempts while the server is away (default: 300)",
                "300",
                {},
                1,
                86400},
    SettingInfo{Setting::kDaemonPidFile, "daemon", "pid_file", SettingKind::kText, "FILE",
                "Where its process number is written, for init scripts (default: nowhere)"},
    SettingInfo{Setting::kDaemonLog,
                "daemon",
                "log",
                SettingKind::kChoice,
                "WHERE",
                "Where it reports what it does: stderr or syslog (default: stderr)",
                "stderr",
                {"stderr", "syslog"}},
    SettingInfo{Setting::kForwardListen, "forward", "listen", SettingKind::kText, "WHERE",
                "Where the service takes plain HTTP requests to the server, and adds TLS and the "
                "token: a path, 127.0.0.1:PORT or [::1]:PORT (default: nowhere)"},
    SettingInfo{Setting::kDeviceKeyFile, "device", "key_file", SettingKind::kText, "FILE",
                "For provision: the device's own key, 32 octets; made at first use"},
    SettingInfo{Setting::kDeviceAddress, "device", "address", SettingKind::kText, "ADDRESS/PREFIX",
                "For provision: the device's IPv4 address (default: DHCP assigns one)"},
    SettingInfo{Setting::kDeviceGateway, "device", "gateway", SettingKind::kText, "ADDRESS",
                "For provision, beside an address: the router"},
    SettingInfo{Setting::kDeviceDns, "device", "dns", SettingKind::kText, "ADDRESS",
                "For provision, beside an address: the name server"},
    SettingInfo{Setting::kDeviceMac, "device", "mac", SettingKind::kText, "MAC",
                "For provision: the device's Ethernet address, as 02:00:5e:00:53:01 (default: "
                "the device makes one of its key)"},
    SettingInfo{Setting::kDeviceStartSpread,
                "device",
                "start_spread",
                SettingKind::kSeconds,
                "SECONDS",
                "For provision: the devices of a fleet that start at once spread their first "
                "requests over so long (default: 300)",
                "300",
                {},
                0,
                86400},
    SettingInfo{Setting::kDeviceRetryPeriod,
                "device",
                "retry_period",
                SettingKind::kSeconds,
                "SECONDS",
                "For provision: between two attempts while the server is away (default: 300)",
                "300",
                {},
                1,
                86400},
    SettingInfo{Setting::kDeviceSample, "device", "sample", SettingKind::kText, "PATH",
                "For provision: a path of the API that the device asks for again and again"},
    SettingInfo{Setting::kDeviceSamplePeriod,
                "device",
                "sample_period",
                SettingKind::kSeconds,
                "SECONDS",
                "For provision: how often (default: 60)",
                "60",
                {},
                1,
                86400},
    SettingInfo{Setting::kDeviceMaxRecord,
                "device",
                "max_record",
                SettingKind::kCount,
                "OCTETS",
                "For provision: what the firmware has room for (default: 2048)",
                "2048",
                {},
                512,
                32768},
};

inline constexpr std::size_t kSettingCount = kSettingTable.size();

constexpr std::size_t IndexOf(Setting setting) {
  return static_cast<std::size_t>(setting);
}

constexpr const SettingInfo& InfoOf(Setting setting) {
  return kSettingTable[IndexOf(setting)];
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kSettingCount; ++i) {
        if (IndexOf(kSettingTable[i].setting) != i) {
          return false;
        }
      }
      return IndexOf(Setting::kDeviceMaxRecord) == kSettingCount - 1;
    }(),
    "kSettingTable follows the order of Setting");

/// The name of a setting's option without the dashes in front: `server-ca-file`.
class OptionName {
 public:
  constexpr explicit OptionName(const SettingInfo& info) {
    Append(info.section);
    Append("-");
    Append(info.key);
  }
  constexpr const char* c_str() const { return text_.data(); }

 private:
  constexpr void Append(const char* text) {
    for (; *text != '\0'; ++text) {
      text_[size_++] = *text == '_' ? '-' : *text;
    }
  }

  std::array<char, 32> text_{};
  std::size_t size_ = 0;
};

}  // namespace connect_auth::program
