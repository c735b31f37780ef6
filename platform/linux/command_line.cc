// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/command_line.h"

#include <argp.h>
#include <stdio.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::int64_t kMostMinValid = 31'536'000;  // a year

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
  kDataKey,
  kContentTypeKey,
  kJsonKey,
  kFirstSetting = 0x200,
};

constexpr int KeyOf(const SettingInfo& info) {
  return kFirstSetting + static_cast<int>(IndexOf(info.setting));
}

template <std::size_t... kIndex>
constexpr auto MakeOptionNames(std::index_sequence<kIndex...>) {
  return std::array{OptionName(kSettingTable[kIndex])...};
}
constexpr auto kOptionNames = MakeOptionNames(std::make_index_sequence<kSettingCount>());

constexpr std::array kGeneralOptions = {
    argp_option{"config", kConfigKey, "FILE", 0,
                "Configuration file (default: $CONNECT_AUTH_CONFIG, or "
                "/etc/connect-auth/connect-auth.conf)",
                1},
    argp_option{"verbose", kVerboseKey, nullptr, 0, "Say on standard error what is done", 1},
    argp_option{nullptr, 0, nullptr, 0, "For token:", 2},
    argp_option{"min-valid", kMinValidKey, "SECONDS", 0,
                "Wanted life of the token, as far as the server grants that much", 2},
    argp_option{"force", kForceKey, nullptr, 0, "Ask the server even if the stored one is good", 2},
    argp_option{nullptr, 0, nullptr, 0, "For request:", 3},
    argp_option{"data", kDataKey, "FILE", 0, "Send what is in FILE; -: standard input", 3},
    argp_option{"content-type", kContentTypeKey, "TYPE", 0,
                "What it is (default: application/json)", 3},
    argp_option{"include", kIncludeKey, nullptr, 0, "Write status line and fields as well", 3},
    argp_option{nullptr, 0, nullptr, 0, "For status:", 4},
    argp_option{"json", kJsonKey, nullptr, 0, "Write a JSON object", 4},
    argp_option{"help", kHelpKey, nullptr, 0, "Print this and exit", -1},
    argp_option{"version", kVersionKey, nullptr, 0, "Print name and version and exit", -1},
};

constexpr const char* kSettingsHeading =
    "Settings. Each may stand in the configuration file instead: --server-ca-file is ca_file in "
    "its section [server].";

/// All options. Secrets have one as well, hidden and refused: otherwise --client-secret would be
/// taken for a short form of --client-secret-file, and its value for a name to be printed.
constexpr auto MakeOptions() {
  constexpr int kSettingsGroup = 5;
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
constexpr auto kOptions = MakeOptions();

constexpr const char* kDoc =
    "Gets access tokens of a SOTI Connect server, keeps them, renews them, and makes requests "
    "with them.\n\n"
    "  token    print a valid access token\n"
    "  header   print a ready Authorization field\n"
    "  request  make a request to the server's API and print the answer\n"
    "  status   tell what is configured and stored, without a connection\n"
    "  logout   wipe the stored token\n"
    "  doctor   check everything that a token needs"
    "\v"
    "Secrets are never taken from the command line. They come from the files that options name, "
    "from the environment (CONNECT_AUTH_CLIENT_SECRET, CONNECT_AUTH_PASSWORD, CONNECT_AUTH_CODE), "
    "from systemd credentials (client_secret, password, code), or from the configuration file, "
    "and the first that is there counts.\n\n"
    "Exit status: 0 done; 1 anything else; 2 usage or configuration; 3 refused by the server; "
    "4 a new authorisation code is needed; 5 unreachable, timed out or busy; 6 TLS or trust; "
    "7 the server broke the protocol; 8 storage.";

constexpr const char* kArguments = "token\nheader\nrequest METHOD PATH\nstatus\nlogout\ndoctor";

struct CommandName {
  std::string_view name;
  Command command;
};
constexpr std::array kCommands = {
    CommandName{"token", Command::kToken},     CommandName{"header", Command::kHeader},
    CommandName{"request", Command::kRequest}, CommandName{"status", Command::kStatus},
    CommandName{"logout", Command::kLogout},   CommandName{"doctor", Command::kDoctor},
};

struct Parsing {
  CommandLine& line;
  Problem problem;
};

Problem UsageProblem(std::string_view cause) {
  return {ExitCode::kUsage, Join({cause, "; see connect-auth --help"})};
}

Problem RefuseSecret(const SettingInfo& info) {
  return {ExitCode::kUsage,
          Join({"--", OptionName(info).c_str(),
                ": secrets are not taken from the command line, where every process can read them; "
                "use a file (--",
                OptionName(info).c_str(),
                "-file), a systemd credential, or the environment variable CONNECT_AUTH_",
                info.setting == Setting::kClientSecret    ? "CLIENT_SECRET"
                : info.setting == Setting::kGrantPassword ? "PASSWORD"
                                                          : "CODE"})};
}

Problem TakeSetting(std::size_t index, const char* value, CommandLine& into) {
  if (kSettingTable[index].kind == SettingKind::kSecret) {
    return RefuseSecret(kSettingTable[index]);
  }
  into.settings[index] = value;
  return {};
}

Problem TakeMinValid(const char* value, CommandLine& into) {
  const Result<std::int64_t> seconds = ParseNumber(value, 0, kMostMinValid);
  if (!seconds.ok()) {
    return UsageProblem("--min-valid wants a whole number of seconds, at most a year's");
  }
  into.min_valid = Millis::Seconds(seconds.value());
  return {};
}

Problem TakeCommand(std::string_view name, CommandLine& into) {
  for (const CommandName& known : kCommands) {
    if (name == known.name) {
      into.command = known.command;
      return {};
    }
  }
  return UsageProblem("there is no such command");
}

Problem TakeArgument(const char* argument, CommandLine& into) {
  if (into.command == Command::kNone) {
    return TakeCommand(argument, into);
  }
  if (into.command == Command::kRequest && into.method == nullptr) {
    into.method = argument;
    return {};
  }
  if (into.command == Command::kRequest && into.target == nullptr) {
    into.target = argument;
    return {};
  }
  return UsageProblem("there are too many arguments");
}

Problem TakeOption(int key, const char* value, CommandLine& into) {
  switch (key) {
    case kConfigKey:
      into.configuration_file = value;
      return {};
    case kVerboseKey:
      into.verbose = true;
      return {};
    case kMinValidKey:
      return TakeMinValid(value, into);
    case kForceKey:
      into.force = true;
      return {};
    case kDataKey:
      into.data_file = value;
      return {};
    case kContentTypeKey:
      into.content_type = value;
      return {};
    case kIncludeKey:
      into.include_head = true;
      return {};
    case kJsonKey:
      into.json = true;
      return {};
    default:
      return TakeSetting(static_cast<std::size_t>(key - kFirstSetting), value, into);
  }
}

/// The option that getopt did not like, without its value: that may be a secret.
Problem RefuseOption(const argp_state& state) {
  const std::string_view word = state.argv[state.next > 0 ? state.next - 1 : 0];
  if (!word.starts_with("--")) {
    return UsageProblem("there is an unknown option of one letter");
  }
  const std::string_view name = word.substr(0, word.find('='));
  for (const argp_option& option : kOptions) {
    if (option.name != nullptr && name.substr(2) == option.name) {
      return UsageProblem(
          Join({name, option.arg == nullptr ? " takes no value" : " wants a value"}));
    }
  }
  return UsageProblem(Join({"the option ", name, " is unknown or ambiguous"}));
}

error_t Parse(int key, char* value, argp_state* state) {
  auto& parsing = *static_cast<Parsing*>(state->input);
  switch (key) {
    case ARGP_KEY_INIT:
    case ARGP_KEY_END:
    case ARGP_KEY_NO_ARGS:
    case ARGP_KEY_SUCCESS:
    case ARGP_KEY_FINI:
      return 0;
    case ARGP_KEY_ARGS:
      return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_ERROR:
      if (!parsing.problem.exists() && parsing.line.command < Command::kHelp) {
        parsing.problem = RefuseOption(*state);
      }
      return 0;
    case kHelpKey:
      parsing.line.command = Command::kHelp;
      return ECANCELED;  // Nothing behind it matters.
    case kVersionKey:
      parsing.line.command = Command::kVersion;
      return ECANCELED;
    case ARGP_KEY_ARG:
      parsing.problem = TakeArgument(value, parsing.line);
      break;
    default:
      parsing.problem = TakeOption(key, value, parsing.line);
      break;
  }
  return parsing.problem.exists() ? EINVAL : 0;
}

constexpr argp kArgp = {kOptions.data(), Parse, kArguments, kDoc, nullptr, nullptr, nullptr};

Problem OnlyFor(std::string_view option, Command owner, Command given, bool used) {
  return used && owner != given ? UsageProblem(Join({option, " does not go with this command"}))
                                : Problem();
}

/// What argp cannot know: which options and arguments belong together.
Problem CheckTogether(const CommandLine& line) {
  if (line.command == Command::kNone) {
    return UsageProblem("no command was given");
  }
  if (line.command == Command::kRequest && line.target == nullptr) {
    return UsageProblem("request wants a METHOD and a PATH");
  }
  for (Problem problem :
       {OnlyFor("--min-valid", Command::kToken, line.command, line.min_valid.has_value()),
        OnlyFor("--force", Command::kToken, line.command, line.force),
        OnlyFor("--data", Command::kRequest, line.command, line.data_file != nullptr),
        OnlyFor("--content-type", Command::kRequest, line.command, line.content_type != nullptr),
        OnlyFor("--include", Command::kRequest, line.command, line.include_head),
        OnlyFor("--json", Command::kStatus, line.command, line.json)}) {
    if (problem.exists()) {
      return problem;
    }
  }
  return {};
}

}  // namespace

Problem ParseCommandLine(int argc, char** argv, CommandLine& into) {
  Parsing parsing{into, {}};
  // argp's own messages are two lines and repeat what they complain of, so they are switched off.
  constexpr unsigned kFlags = ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP | ARGP_IN_ORDER;
  const error_t error = ::argp_parse(&kArgp, argc, argv, kFlags, nullptr, &parsing);
  if (into.command == Command::kHelp || into.command == Command::kVersion) {
    return {};
  }
  if (parsing.problem.exists()) {
    return parsing.problem;
  }
  return error == 0 ? CheckTogether(into) : UsageProblem("the command line cannot be read");
}

Problem PrintHelp() {
  char name[] = "connect-auth";
  constexpr unsigned kParts = ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC;
  ::argp_help(&kArgp, stdout, kParts, name);
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? Problem() : OutputProblem(errno);
}

Problem PrintVersion() {
  return WriteOut("connect-auth " CONNECT_AUTH_PROGRAM_VERSION "\n");
}

}  // namespace connect_auth::program
