// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <argp.h>

#include <array>
#include <cstddef>
#include <utility>

#include "platform/linux/setting_table.h"

namespace connect_auth::program {

// What argp has to know of the command line.

// Keys of argp. Above kFirstSetting follow the settings' indices; below it, but for the printable
// ones, options have a long name only.
enum Key : int {
  kVersionKey = 'V',
  kHelpKey = 'h',
  kIncludeKey = 'i',
  kVerboseKey = 'v',
  kConfigKey = 0x100,
  kMinValidKey,
  kForceKey,
  kRetryRefusedKey,
  kDataKey,
  kContentTypeKey,
  kJsonKey,
  kWatchKey,
  kAloneKey,
  kFirstSetting = 0x200,
};

constexpr int KeyOf(const SettingInfo& info) {
  return kFirstSetting + static_cast<int>(IndexOf(info.setting));
}

template <std::size_t... Index>
constexpr auto MakeOptionNames(std::index_sequence<Index...>) {
  return std::array{OptionName(kSettingTable[Index])...};
}
inline constexpr auto kOptionNames = MakeOptionNames(std::make_index_sequence<kSettingCount>());

inline constexpr std::array kGeneralOptions = {
    argp_option{"config", kConfigKey, "FILE", 0,
                "Configuration file (default: $CONNECT_AUTH_CONFIG, or "
                "/etc/connect-auth/connect-auth.conf)",
                1},
    argp_option{"verbose", kVerboseKey, nullptr, 0, "Say on standard error what is done", 1},
    argp_option{"alone", kAloneKey, nullptr, 0, "Do not ask the service, even if it runs", 1},
    argp_option{nullptr, 0, nullptr, 0, "For token:", 2},
    argp_option{"min-valid", kMinValidKey, "SECONDS", 0,
                "Get a new token unless the stored one lives for so long", 2},
    argp_option{"force", kForceKey, nullptr, 0, "Ask the server even if the stored one is good", 2},
    argp_option{nullptr, 0, nullptr, 0, "For token, header, request, doctor, code and login:", 3},
    argp_option{"retry-refused", kRetryRefusedKey, nullptr, 0,
                "Try credentials once more that the server refused: they are right by now", 3},
    argp_option{nullptr, 0, nullptr, 0, "For request:", 4},
    argp_option{"data", kDataKey, "FILE", 0, "Send what is in FILE; -: standard input", 4},
    argp_option{"content-type", kContentTypeKey, "TYPE", 0,
                "What it is (default: application/json)", 4},
    argp_option{"include", kIncludeKey, nullptr, 0, "Write status line and fields as well", 4},
    argp_option{nullptr, 0, nullptr, 0, "For status:", 5},
    argp_option{"json", kJsonKey, nullptr, 0, "Write a JSON object", 5},
    argp_option{"watch", kWatchKey, nullptr, 0, "Show the essence, every second, until stopped", 5},
    argp_option{"help", kHelpKey, nullptr, 0, "Print this and exit", -1},
    argp_option{"version", kVersionKey, nullptr, 0, "Print name and version and exit", -1},
};

inline constexpr const char* kSettingsHeading =
    "Settings. Each may stand in the configuration file instead: --server-ca-file is ca_file in "
    "its section [server].";

/// All options. Secrets have one as well, hidden and refused: otherwise --client-secret would be
/// taken for a short form of --client-secret-file, and its value for a name to be printed.
constexpr auto MakeOptions() {
  constexpr int kSettingsGroup = 6;
  std::array<argp_option, kGeneralOptions.size() + 1 + kSettingCount + 1> options{};
  std::size_t count = 0;
  for (const argp_option& option : kGeneralOptions) {
    options[count++] = option;
  }
  options[count++] = {nullptr, 0, nullptr, 0, kSettingsHeading, kSettingsGroup};
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const SettingInfo& info = kSettingTable[i];
    const int flags = info.kind == SettingKind::kSecret ? OPTION_HIDDEN | OPTION_ARG_OPTIONAL : 0;
    options[count++] = {kOptionNames[i].c_str(), KeyOf(info), info.argument, flags, info.help,
                        kSettingsGroup};
  }
  return options;
}
inline constexpr auto kOptions = MakeOptions();

inline constexpr const char* kDoc =
    "Gets access tokens of a SOTI Connect server, keeps them, renews them, and makes requests "
    "with them.\n\n"
    "  token    print a valid access token\n"
    "  header   print a ready Authorization field\n"
    "  request  make a request to the server's API and print the answer\n"
    "  status   tell what is configured and stored, without a connection\n"
    "  logout   wipe the stored token\n"
    "  doctor   check everything that a token needs\n"
    "  code     exchange the new authorisation code in FILE for a token\n"
    "  login    show where a person logs in with a browser, and exchange the code\n"
    "           that comes of it for a token\n"
    "  provision\n"
    "           seal the configuration for a device with the firmware, into the image of its\n"
    "           flash part, or as lines for its console (-)\n"
    "  daemon   keep a token at hand, and answer all other programs from memory"
    "\v"
    "Secrets are never taken from the command line. They come from the files that options name, "
    "from the environment (CONNECT_AUTH_CLIENT_SECRET, CONNECT_AUTH_PASSWORD, CONNECT_AUTH_CODE, "
    "CONNECT_AUTH_PROXY_PASSWORD), from systemd credentials (client_secret, password, code, "
    "proxy_password, tls_key), or from the configuration file, and the first that is there "
    "counts.\n\n"
    "Exit status: 0 done; 1 anything else; 2 usage or configuration; 3 refused by the server; "
    "4 a new authorisation code is needed; 5 unreachable, timed out or busy; 6 TLS or trust; "
    "7 the server broke the protocol; 8 storage.";

inline constexpr const char* kArguments =
    "token\nheader\nrequest METHOD PATH\nstatus\nlogout\ndoctor\ncode FILE|-\nlogin\n"
    "provision FILE|-\ndaemon";

}  // namespace connect_auth::program
