// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/command_line.h"

#include <argp.h>
#include <stdio.h>

#include <cerrno>
#include <string_view>

#include "platform/linux/options.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::int64_t kMostMinValid = 31'536'000;  // a year

struct CommandName {
  std::string_view name;
  Command command;
};
constexpr std::array kCommands = {
    CommandName{"token", Command::kToken},         CommandName{"header", Command::kHeader},
    CommandName{"request", Command::kRequest},     CommandName{"status", Command::kStatus},
    CommandName{"logout", Command::kLogout},       CommandName{"doctor", Command::kDoctor},
    CommandName{"code", Command::kCode},           CommandName{"login", Command::kLogin},
    CommandName{"provision", Command::kProvision}, CommandName{"daemon", Command::kDaemon},
};

struct Parsing {
  CommandLine& line;
  Problem problem;
};

Problem UsageProblem(std::string_view cause) {
  return {ExitCode::kUsage, Join({cause, "; see connect-auth --help"})};
}

Problem RefuseSecret(const SettingInfo& info) {
  constexpr std::string_view kCause =
      ": secrets are not taken from the command line, where every process can read them";
  const OptionName option(info);
  const std::string_view variable = info.setting == Setting::kClientSecret    ? "CLIENT_SECRET"
                                    : info.setting == Setting::kGrantPassword ? "PASSWORD"
                                    : info.setting == Setting::kGrantCode     ? "CODE"
                                                                              : "PROXY_PASSWORD";
  return {
      ExitCode::kUsage,
      Join({"--", option.c_str(), kCause, "; use a file (--", option.c_str(),
            "-file), a systemd credential, or the environment variable CONNECT_AUTH_", variable})};
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
  if (into.command == Command::kCode && into.code_file == nullptr) {
    into.code_file = argument;
    return {};
  }
  if (into.command == Command::kProvision && into.image == nullptr) {
    into.image = argument;
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
    case kRetryRefusedKey:
      into.retry_refused = true;
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
    case kWatchKey:
      into.watch = true;
      return {};
    case kAloneKey:
      into.alone = true;
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

bool AsksServer(Command command) {
  return command != Command::kStatus && command != Command::kLogout &&
         command != Command::kProvision && command != Command::kDaemon;
}

/// What argp cannot know: which options and arguments belong together.
Problem CheckTogether(const CommandLine& line) {
  if (line.command == Command::kNone) {
    return UsageProblem("no command was given");
  }
  if (line.command == Command::kRequest && line.target == nullptr) {
    return UsageProblem("request wants a METHOD and a PATH");
  }
  if (line.command == Command::kCode && line.code_file == nullptr) {
    return UsageProblem("code wants a FILE that holds it, or - for standard input");
  }
  if (line.command == Command::kProvision && line.image == nullptr) {
    return UsageProblem("provision wants a FILE, the image of a flash part, or - for its lines");
  }
  if (line.json && line.watch) {
    return UsageProblem("--json and --watch do not go together");
  }
  if (line.retry_refused && !AsksServer(line.command)) {
    return UsageProblem("--retry-refused does not go with this command");
  }
  for (Problem problem :
       {OnlyFor("--min-valid", Command::kToken, line.command, line.min_valid.has_value()),
        OnlyFor("--force", Command::kToken, line.command, line.force),
        OnlyFor("--data", Command::kRequest, line.command, line.data_file != nullptr),
        OnlyFor("--content-type", Command::kRequest, line.command, line.content_type != nullptr),
        OnlyFor("--include", Command::kRequest, line.command, line.include_head),
        OnlyFor("--json", Command::kStatus, line.command, line.json),
        OnlyFor("--watch", Command::kStatus, line.command, line.watch)}) {
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
