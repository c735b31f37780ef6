// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "platform/linux/problem.h"
#include "platform/linux/setting_table.h"
#include "port/clock.h"

namespace connect_auth::program {

enum class Command : std::uint8_t {
  kNone,
  kToken,
  kHeader,
  kRequest,
  kStatus,
  kLogout,
  kDoctor,
  kCode,
  kLogin,
  kProvision,
  kDaemon,
  kHelp,
  kVersion,
};

/// What the command line says. All text is borrowed from argv; nullptr: not given.
struct CommandLine {
  Command command = Command::kNone;
  const char* configuration_file = nullptr;
  std::array<const char*, kSettingCount> settings{};
  bool verbose = false;
  bool alone = false;

  std::optional<Millis> min_valid;     // token
  bool force = false;                  // token
  bool retry_refused = false;          // token, header, request, doctor, code, login
  const char* method = nullptr;        // request
  const char* target = nullptr;        // request
  const char* data_file = nullptr;     // request
  const char* content_type = nullptr;  // request
  bool include_head = false;           // request
  bool json = false;                   // status
  bool watch = false;                  // status
  const char* code_file = nullptr;     // code
  const char* image = nullptr;         // provision
};

/// @param into  As it was constructed.
/// @return  A problem with exit code kUsage. It never repeats the value of an option.
Problem ParseCommandLine(int argc, char** argv, CommandLine& into);

/// Writes the help, or name and version, to standard output.
Problem PrintHelp();
Problem PrintVersion();

}  // namespace connect_auth::program
