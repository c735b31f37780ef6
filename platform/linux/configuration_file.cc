// SPDX-License-Identifier: Apache-2.0
#include <ini.h>

#include <cstring>
#include <utility>

#include "platform/linux/file.h"
#include "platform/linux/given_settings.h"
#include "platform/linux/text.h"

static_assert(INI_ALLOW_INLINE_COMMENTS == 0, "a secret may hold ' ;'");
static_assert(INI_ALLOW_MULTILINE == 0, "an indented key would become a part of the value above");
static_assert(INI_HANDLER_LINENO == 1, "messages name the line");

namespace connect_auth::program {
namespace {

constexpr std::size_t kMostBytes = 1 << 18;

/// The file under way. It is handed to inih line by line out of a buffer that is wiped, and the
/// line that inih keeps is wiped at the end: secrets may be in it.
struct Reading {
  const std::string& path;
  std::string_view rest;
  GivenSettings& into;
  unsigned lines = 0;  // handed out
  unsigned problem_line = 0;
  Problem problem = {};  // the first

  void Keep(unsigned line, Problem found) {
    if (found.exists() && !problem.exists()) {
      problem = std::move(found);
      problem_line = line;
    }
  }
};

Problem AtLine(const Reading& reading, unsigned line, std::string_view what) {
  return {ExitCode::kUsage, Join({reading.path, ":", Decimal(line), ": ", what})};
}

/// The next line with its end; empty behind the last.
std::string_view FirstLine(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

/// inih's `fgets`.
char* NextLine(char* into, int room, void* context) {
  auto& reading = *static_cast<Reading*>(context);
  const auto size = static_cast<std::size_t>(room);
  const std::string_view line = FirstLine(reading.rest);
  const bool too_long = line.size() + 2 > size;
  if (too_long) {
    const unsigned number = reading.lines + 1;
    reading.Keep(number,
                 AtLine(reading, number, "the line is too long; put the value into a file"));
  }
  if (line.empty() || too_long) {
    Wipe(Bytes(reinterpret_cast<std::uint8_t*>(into), size));
    return nullptr;
  }
  std::memcpy(into, line.data(), line.size());
  into[line.size()] = '\0';
  reading.rest.remove_prefix(line.size());
  ++reading.lines;
  return into;
}

/// Goes on behind a problem, so that `NextLine` comes to its end and wipes.
int TakeValue(void* context, const char* section, const char* key, const char* value, int line) {
  auto& reading = *static_cast<Reading*>(context);
  const auto number = static_cast<unsigned>(line);
  reading.Keep(number, reading.into.TakeFromFile(reading.path, number, section, key, value));
  return 1;
}

Problem CannotRead(const std::string& path, std::string_view why) {
  return {ExitCode::kUsage, Join({"cannot read the configuration file ", path, ": ", why,
                                  "; correct that, or name another with --config"})};
}

}  // namespace

Problem ReadConfigurationFile(const std::string& path, GivenSettings& into) {
  SecretBuffer content;
  const int error = ReadFile(path, kMostBytes, content);
  if (error != 0) {
    return CannotRead(path, ErrorText(error));
  }
  Reading reading{path, AsText(content.bytes()), into};
  if (reading.rest.find('\0') != std::string_view::npos) {
    return CannotRead(path, "it is not a text file");
  }
  const int bad_line = ::ini_parse_stream(NextLine, &reading, TakeValue, &reading);
  if (bad_line < 0) {
    return CannotRead(path, "there is no memory left");
  }
  const auto line = static_cast<unsigned>(bad_line);
  if (line > 0 && (!reading.problem.exists() || line < reading.problem_line)) {
    return AtLine(reading, line,
                  "neither [section] nor key = value; correct it, or begin a comment with '#'");
  }
  return reading.problem;
}

}  // namespace connect_auth::program
