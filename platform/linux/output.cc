// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/output.h"

#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

enum class Log : std::uint8_t { kNone, kStandardError, kSyslog };

bool is_verbose = false;
Log log_kind = Log::kNone;
bool says_severity = false;  // The journal takes it from the front of a line.

/// Standard output may be somebody's non-blocking pipe.
bool WaitUntilWritable(int file) {
  pollfd wanted{file, POLLOUT, 0};
  return ::poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

bool WriteAll(int file, ConstBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      if (!WaitUntilWritable(file)) {
        return false;
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

Problem WriteOut(ConstBytes bytes) {
  return WriteAll(STDOUT_FILENO, bytes) ? Problem() : OutputProblem(errno);
}

Problem WriteOut(std::string_view text) {
  return WriteOut(AsBytes(text));
}

Problem OutputProblem(int error) {
  return {ExitCode::kOther, Join({"cannot write to standard output: ", ErrorText(error),
                                  "; see to whatever it is connected to"})};
}

namespace {

/// Where standard error is closed or full there is nobody left to tell.
void WriteError(std::string_view line) {
  static_cast<void>(WriteAll(STDERR_FILENO, AsBytes(line)));
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInfo:
      return "info";
    case Severity::kDebug:
      break;
  }
  return "debug";
}

/// As logfmt wants it: quoted where it could not be told from the next field otherwise.
std::string ValueOf(std::string_view value) {
  if (!value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos) {
    return Printable(value);
  }
  std::string quoted = "\"";
  for (const char c : Printable(value)) {
    quoted.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  }
  return quoted + '"';
}

void Say(Severity severity, std::string_view before, std::string_view sentence) {
  if (log_kind != Log::kNone) {
    Report(severity, "message", {{"text", std::string(sentence)}});
    return;
  }
  WriteError(Join({"connect-auth: ", before, Printable(sentence), "\n"}));
}

}  // namespace

void Complain(std::string_view sentence) {
  Say(Severity::kError, "", sentence);
}

void Warn(std::string_view sentence) {
  Say(Severity::kWarning, "warning: ", sentence);
}

void Note(std::string_view sentence) {
  if (is_verbose) {
    Say(Severity::kDebug, "", sentence);
  }
}

void StartLog(bool syslog) {
  log_kind = syslog ? Log::kSyslog : Log::kStandardError;
  says_severity = std::getenv("JOURNAL_STREAM") != nullptr;
  if (syslog) {
    ::openlog("connect-auth", LOG_PID, LOG_DAEMON);
  }
}

void Report(Severity severity, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = Join({"level=", NameOf(severity), " event=", event});
  for (const Field& field : fields) {
    line += Join({" ", field.name, "=", ValueOf(field.value)});
  }
  if (log_kind == Log::kSyslog) {
    ::syslog(static_cast<int>(severity), "%s", line.c_str());
    return;
  }
  const std::string front =
      says_severity ? Join({"<", Decimal(static_cast<int>(severity)), ">"}) : std::string();
  WriteError(Join({front, line, "\n"}));
}

void SetVerbose(bool verbose) {
  is_verbose = verbose;
}

}  // namespace connect_auth::program
